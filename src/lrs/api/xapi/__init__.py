"""The resources of the standard."""
