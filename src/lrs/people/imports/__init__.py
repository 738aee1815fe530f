"""HR's list of people: read, judged, and compared with what a store knows: pure."""
