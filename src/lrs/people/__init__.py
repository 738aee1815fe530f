"""Persons: their identifiers, attributes and teams, and what tells that two are one: pure."""
