"""A kept statement whose text was changed, read again so that all that is known of it fits.

Only erasure, retention and pseudonyms change texts. A signature is over the text as it was, and
holds all of it: so a statement that is changed loses its signatures, or they would give away who
was replaced.
"""

from typing import Final

import msgspec

from lrs.errors import LRSError
from lrs.xapi.attachment_data import Brought, BroughtData
from lrs.xapi.completion import Completed, finish
from lrs.xapi.descriptions import described
from lrs.xapi.json_places import Edit, Part, Place, Shape, edited, places, string_at, without_parts
from lrs.xapi.leniencies import Mode
from lrs.xapi.readings import Reading
from lrs.xapi.records import StatementRecord, record
from lrs.xapi.replacing import Replacing, replace_in_json
from lrs.xapi.signatures import USAGE_TYPE
from lrs.xapi.statements import Statement, sub_statement_of
from lrs.xapi.tolerant_statements import read_statement_as
from lrs.xapi.uuids import uuid_of
from lrs.xapi.versions import Version


class UnreadableError(Exception):
    """A changed text is no valid statement any more."""


class _Said(msgspec.Struct):
    version: str = "1.0.0"


# It takes no part in what is derived.
_ANY_MOMENT: Final = "2000-01-01T00:00:00Z"
_said = msgspec.json.Decoder(_Said)


def rederived(text: bytes) -> StatementRecord:
    """Derive again all that a store knows of a statement besides its text.

    Args:
        text: of a kept statement, complete with id, authority and version, changed or not.

    Returns:
        A record whose `received` is that text, but for signatures. Of its attachments it has those
        that the text names, whether or not their data are there.

    Raises:
        UnreadableError: it is no statement, even for a tolerant store.
    """
    kept = without_signatures(text)
    version = Version.V2_0_0 if _said.decode(kept).version[:2] == "2." else Version.V1_0_3
    try:
        statement, leniencies = read_statement_as(Mode.TOLERANT, kept, version)
    except LRSError as error:
        raise UnreadableError(str(error)) from error
    authority = statement.authority.ifi if statement.authority else None
    if authority is None or statement.id is None:
        raise UnreadableError("it has no id, or no authority with an identifier")
    reading = Reading(kept, statement, described(kept), leniencies)
    completed = Completed(kept, b"", has_timestamp=True)
    return record(uuid_of(statement.id), reading, completed, authority, _brought(statement))


def anonymised(record: StatementRecord, replacing: Replacing) -> StatementRecord:
    """Replace who is named in a statement that is on its way into the store.

    Data of attachments that are not named any more, which are signatures, are left out.

    Raises:
        UnreadableError: it is no statement without them.
    """
    received = without_signatures(replace_in_json(bytes(record.received), replacing))
    base = without_signatures(replace_in_json(bytes(record.completed.received), replacing))
    completed = record.completed._replace(received=base)
    made = rederived(finish(completed, _ANY_MOMENT))
    named = {each.sha2 for each in made.brought.data}
    data = [each for each in record.brought.data if each.sha2 in named]
    return msgspec.structs.replace(
        made,
        received=received,
        completed=completed,
        timestamp=record.timestamp,
        brought=Brought(data),
    )


def without_signatures(text: bytes) -> bytes:
    """Return the text of a statement without the attachments that are its signatures."""
    if USAGE_TYPE.encode() not in text.replace(b"\\/", b"/"):
        return text
    decoded = text.decode()
    root = places(decoded)
    target = _member(decoded, root, "object")
    holders = [root] if target is None else [root, target.value]
    edits = [edit for holder in holders for edit in _without_signatures(decoded, holder)]
    return edited(decoded, edits).encode() if edits else text


def _without_signatures(text: str, holder: Place) -> list[Edit]:
    attachments = _member(text, holder, "attachments")
    if attachments is None:
        return []
    parts = attachments.value.parts
    signatures = [n for n, part in enumerate(parts) if _is_signature(text, part.value)]
    if signatures and len(signatures) == len(parts):
        return without_parts(holder, [holder.parts.index(attachments)])
    return without_parts(attachments.value, signatures)


def _is_signature(text: str, attachment: Place) -> bool:
    usage = _member(text, attachment, "usageType")
    is_text = usage is not None and usage.value.shape is Shape.STRING
    return usage is not None and is_text and string_at(text, usage.value) == USAGE_TYPE


def _member(text: str, holder: Place, name: str) -> Part | None:
    named = (each for each in holder.parts if each.name is not None)
    return next((each for each in named if each.name and string_at(text, each.name) == name), None)


def _brought(statement: Statement) -> Brought:
    inner = sub_statement_of(statement)
    attachments = [
        *(statement.attachments or ()),
        *((inner.attachments or ()) if inner is not None else ()),
    ]
    return Brought(
        [BroughtData(each.sha2.lower(), each.content_type, each.length) for each in attachments]
    )
