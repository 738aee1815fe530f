"""Keeps and finds records in PostgreSQL; the only room that knows SQLAlchemy and asyncpg."""
