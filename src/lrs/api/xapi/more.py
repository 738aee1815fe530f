"""The `more` link: opaque, signed, good on any process and after a restart (Comm. 2.1.3)."""

from datetime import datetime
from functools import lru_cache
from typing import Self

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from lrs.errors import InvalidRequestError
from lrs.xapi.queries import Cursor, Format, StatementFilter


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What a reader asked for, and how far the answer has come.

    Attributes:
        store: whose statements; a link is of no use to others.
        accept_language: of the first request, for `canonical`.
        attachments: whether the answer is multipart.
        cursor: the last statement of the page before; None for the first page.
        consistent_through: of the first page, where the newest come first: what was stored later
            belongs to a newer answer.
    """

    store: int
    wanted: StatementFilter
    limit: int
    form: Format
    attachments: bool
    accept_language: str | None
    cursor: Cursor | None = None
    consistent_through: datetime | None = None

    def link(self, path: str, key: bytes) -> str:
        """Return an absolute path, with a token in its query."""
        serializer = _serializer(key)
        # As it dumps, but without an attempt to compress: that took as long as all else of a page.
        text = base64_encode(msgspec.json.encode(self))
        return f"{path}?more={serializer.make_signer(serializer.salt).sign(text).decode()}"

    @classmethod
    def of_link(cls, token: str, key: bytes) -> Self:
        """Return what a link carries.

        Raises:
            InvalidRequestError: the link is not ours, or was changed.
        """
        try:
            return msgspec.convert(_serializer(key).loads(token), cls)
        except (BadData, msgspec.ValidationError) as error:
            raise InvalidRequestError("`more` is no link that this LRS has given out") from error


@lru_cache(maxsize=8)
def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="more")
