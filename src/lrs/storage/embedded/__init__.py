"""The PostgreSQL that the service brings along, in a data directory of its own."""
