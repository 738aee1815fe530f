"""Our own resources."""
