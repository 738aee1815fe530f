"""The tables of what the law gives persons, private to this room.

Erasures, what is kept of them so that they hold, restrictions, archives, retention, pseudonyms.
"""

from lrs.storage.tables import metadata

__all__ = ["metadata"]
