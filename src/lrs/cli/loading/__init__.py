"""Bring the statements of a file into an LRS over HTTP, in bounded memory."""
