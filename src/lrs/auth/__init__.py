"""Principals, secrets and authority: pure."""
