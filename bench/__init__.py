"""Measures the LRS beside the limits of the machine that it runs on; asserts nothing."""
