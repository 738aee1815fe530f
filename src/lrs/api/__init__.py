"""HTTP to service call and back; the only room besides main that knows FastAPI."""
