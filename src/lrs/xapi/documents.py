"""Documents: what they are found by, their ETag, and how one is merged into another (Comm. 2.2)."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from typing import NamedTuple
from uuid import UUID

import msgspec

from lrs.errors import InvalidRequestError
from lrs.xapi.keys import Ifi, digest, ifi_key, iri_key

_JSON = "application/json"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class DocumentKind(StrEnum):
    """The resource that a document belongs to."""

    STATE = "state"
    ACTIVITY_PROFILE = "activity_profile"
    AGENT_PROFILE = "agent_profile"


class DocumentContext(NamedTuple):
    """What a document is about (Comm. 2.3, 2.6, 2.7).

    Attributes:
        kind: the resource.
        activity: the IRI of the Activity, of states and Activity profiles.
        agent: of states and Agent profiles.
        registration: of states only; without it a single document is one that has none, and a
            list or a deletion of many reaches all registrations.
    """

    kind: DocumentKind
    activity: str | None = None
    agent: Ifi | None = None
    registration: UUID | None = None

    @property
    def activity_key(self) -> UUID | None:
        """The key of the Activity."""
        return None if self.activity is None else iri_key(self.activity)

    @property
    def agent_key(self) -> UUID | None:
        """The key of the agent."""
        return None if self.agent is None else ifi_key(self.agent)


class DocumentKey(NamedTuple):
    """What one document is found by: its context and its id, which is any text."""

    context: DocumentContext
    id: str

    def hashed(self) -> UUID:
        """Return the whole key in 128 bits: ids may be long, and parts of it may be missing."""
        context = self.context
        parts = (context.kind, context.activity_key, context.agent_key, context.registration)
        # Only the id may hold a line break, and it comes last.
        return digest("\n".join([*map(str, parts), self.id]).encode())


class DocumentFilter(NamedTuple):
    """Which documents a list of ids is of; `since` leaves out what did not change after it."""

    context: DocumentContext
    since: datetime | None = None


class Document(NamedTuple):
    """A document as it was received, byte for byte."""

    content: bytes
    content_type: str

    @property
    def etag(self) -> str:
        """The opaque part of the ETag: the SHA-1 of the content in hexadecimal (Comm. 3.1)."""
        return sha1(self.content, usedforsecurity=False).hexdigest()


class KeptDocument(NamedTuple):
    """A document with the moment of its last change."""

    document: Document
    updated: datetime


def check_mergeable(document: Document) -> None:
    """Refuse a new document that says it is JSON and is no object: nothing could be merged into it.

    Raises:
        InvalidRequestError: it is such a document.
    """
    if is_json(document):
        _read(document, "the document")


def merged(kept: Document, sent: Document) -> Document:
    """Return a document with the top-level properties of another put into it (Comm. 2.2).

    Values keep the spelling in which they came; those that both have are the sent ones.

    Raises:
        InvalidRequestError: one of them is no JSON object.
    """
    members = _read(kept, "the document that is there") | _read(sent, "the document that was sent")
    return Document(msgspec.json.encode(members), sent.content_type)


def is_json(document: Document) -> bool:
    """Tell whether a document says that it is JSON."""
    return document.content_type.partition(";")[0].strip().lower() == _JSON


def _read(document: Document, name: str) -> dict[str, msgspec.Raw]:
    if not is_json(document):
        raise _not_mergeable(name, f"is {document.content_type[:80]!r}, not {_JSON}")
    try:
        document.content.decode()
        return _members.decode(document.content)
    except UnicodeDecodeError as error:
        raise _not_mergeable(name, "is not in UTF-8") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_mergeable(name, f"is no JSON object: {error}") from error


def _not_mergeable(name: str, reason: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"POST merges JSON objects, but {name} {reason}; PUT replaces a document (Comm. 2.2)"
    )
