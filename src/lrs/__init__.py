"""A Learning Record Store: the memory of a learning ecosystem."""

from importlib.metadata import version

__version__ = version("lrs")
