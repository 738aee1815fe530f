"""The cursor of a history: opaque, signed, good on any process and after a restart."""

from functools import lru_cache
from typing import Self

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from lrs.errors import InvalidRequestError
from lrs.people.histories import HistoryFilter
from lrs.xapi.keys import digest
from lrs.xapi.queries import Cursor


class HistoryCursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a reader has come, and in what.

    Attributes:
        store: whose statements.
        of: the person, as the reader has named them.
        wanted: a hash of the filters.
        place: the last statement that was met.
    """

    store: int
    of: str
    wanted: str
    place: Cursor

    def text(self, key: bytes) -> str:
        """Return it as a reader gets it."""
        serializer = _serializer(key)
        signed = serializer.make_signer(serializer.salt).sign(
            base64_encode(msgspec.json.encode(self))
        )
        return signed.decode()

    @classmethod
    def of_text(cls, text: str, key: bytes) -> Self:
        """Return what a reader has sent back.

        Raises:
            InvalidRequestError: it is not ours, or was changed.
        """
        try:
            return msgspec.convert(_serializer(key).loads(text), cls)
        except (BadData, msgspec.ValidationError) as error:
            raise InvalidRequestError("`cursor` is none that this LRS has given out") from error

    def require(self, store: int, of: str, wanted: HistoryFilter) -> Cursor:
        """Return the place, if it is one in this history by these filters.

        Raises:
            InvalidRequestError: it is one in another.
        """
        if (self.store, self.of) != (store, of):
            raise InvalidRequestError("`cursor` is one of another history")
        if self.wanted != hashed(wanted):
            raise InvalidRequestError("`cursor` goes with the filters that it was given out for")
        return self.place


def hashed(wanted: HistoryFilter) -> str:
    """Return what tells filters from others."""
    return digest(msgspec.json.encode(wanted)).hex


@lru_cache(maxsize=8)
def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="history")
