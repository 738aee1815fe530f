"""One request of the standard is one method is one transaction."""
