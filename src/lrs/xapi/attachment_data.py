"""Where the data of attachments must be, by the form of the request (Comm. 1.5.1, 1.5.2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from lrs.errors import InvalidRequestError, InvalidStatementError, Violation
from lrs.xapi.attachments import Attachment
from lrs.xapi.received_data import ReceivedData
from lrs.xapi.signatures import USAGE_TYPE, Signature, check_signature
from lrs.xapi.statements import Statement, sub_statement_of
from lrs.xapi.versions import Version

_JSON_ONLY = "Comm. 1.5.1"
_MULTIPART = "Comm. 1.5.2"
_SIGNED = "Data 2.6"
_SIGNATURE_TYPE = "application/octet-stream"
# A signature repeats the statement, in Base64; more than this is none.
_LONGEST_SIGNATURE = 16 * 1024 * 1024
# Each takes as long to check as the statement to read.
_MOST_SIGNATURES = 10


class BroughtData(NamedTuple):
    """One attachment whose data came in the same request as its statement.

    Attributes:
        sha2: in lower-case hexadecimal.
        content_type: as the statement has it.
        length: as the statement has it, which need not be the number of bytes.
    """

    sha2: str
    content_type: str
    length: int


class Brought(NamedTuple):
    """What a statement brings beside itself.

    Attributes:
        data: of its attachments, those of its SubStatement too.
        signature: what became of its signature; None if it has none.
    """

    data: Sequence[BroughtData] = ()
    signature: Signature | None = None


_NOTHING = Brought()


class _Placed(NamedTuple):
    path: str
    attachment: Attachment


class Text(NamedTuple):
    """A statement as it came in, and the id that it has or is given."""

    raw: bytes
    identifier: UUID
    version: Version


def brought_by(
    statement: Statement, text: Text, path: str, received: Mapping[str, ReceivedData] | None
) -> Brought:
    """Find the data of a statement's attachments, and check its signatures.

    Args:
        statement: as it was read.
        text: its JSON text, its id, and the version of the request.
        path: where it lies in the request, such as `statements[3]`.
        received: the data that the request brings, by hash; None if the request is only JSON.

    Raises:
        InvalidStatementError: data are missing, or a signature is wrong.
    """
    if statement.attachments is None and sub_statement_of(statement) is None:
        return _NOTHING
    placed = list(_attachments(statement, path))
    missing = list(_missing(placed, received))
    if missing:
        raise InvalidStatementError(missing)
    by_hash = received or {}
    data = [
        BroughtData(each.sha2.lower(), each.content_type, each.length)
        for _, each in placed
        if each.sha2.lower() in by_hash
    ]
    return Brought(data, _signature(placed, text, by_hash))


def check_received(received: Mapping[str, ReceivedData], named: Sequence[BroughtData]) -> None:
    """Refuse data that no attachment of the request names, or that say they are something else.

    One part may serve several attachments; what its headers say must then fit one of them.

    Args:
        received: the data of the request, by hash.
        named: what its statements name of them.

    Raises:
        InvalidRequestError: a part is too much, or its Content-Type or Content-Length differs.
    """
    by_hash: dict[str, list[BroughtData]] = {}
    for each in named:
        by_hash.setdefault(each.sha2, []).append(each)
    for data in received.values():
        _check_part(data, by_hash.get(data.sha2, ()))


def _check_part(data: ReceivedData, named: Sequence[BroughtData]) -> None:
    part = f"the part with X-Experience-API-Hash {data.sha2}"
    if not named:
        raise InvalidRequestError(f"{part} belongs to no attachment ({_MULTIPART})")
    if data.content_type is not None:
        types = {_media_type(each.content_type) for each in named}
        if _media_type(data.content_type) not in types:
            expected = " or ".join(sorted(types))
            raise InvalidRequestError(
                f"{part} is {data.content_type[:80]!r}, its attachment says {expected}"
                f" ({_MULTIPART})"
            )
    if data.length is not None and data.length not in {each.length for each in named}:
        raise InvalidRequestError(
            f"{part} has a Content-Length of {data.length}, its attachment a length of"
            f" {named[0].length} ({_MULTIPART})"
        )


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _missing(
    placed: Sequence[_Placed], received: Mapping[str, ReceivedData] | None
) -> Iterator[Violation]:
    for path, attachment in placed:
        if attachment.file_url is not None:
            continue
        if received is None:
            yield Violation(path, "has no fileUrl, and a JSON request no data", _JSON_ONLY)
        elif attachment.sha2.lower() not in received:
            message = f"has no fileUrl, and no part has its hash {attachment.sha2}"
            yield Violation(path, message, _MULTIPART)


def _signature(
    placed: Sequence[_Placed], text: Text, received: Mapping[str, ReceivedData]
) -> Signature | None:
    """Check all signatures of a statement; it is verified if each of them is (Data 2.6)."""
    found = [each for each in placed if each.attachment.usage_type == USAGE_TYPE]
    for path, attachment in found:
        if _media_type(attachment.content_type) != _SIGNATURE_TYPE:
            message = f"must be {_SIGNATURE_TYPE}, because it is a signature"
            raise _refusal(f"{path}.contentType", message)
    distinct = {each.attachment.sha2.lower(): each for each in reversed(found)}
    if len(distinct) > _MOST_SIGNATURES:
        message = f"is one of {len(distinct)} signatures; {_MOST_SIGNATURES} are allowed"
        raise _refusal(found[0].path, message)
    results = [_checked(each, text, received) for each in distinct.values()]
    if not results:
        return None
    unverified = Signature.UNVERIFIED in results
    return Signature.UNVERIFIED if unverified else Signature.VERIFIED


def _checked(placed: _Placed, text: Text, received: Mapping[str, ReceivedData]) -> Signature:
    path, attachment = placed
    data = received.get(attachment.sha2.lower())
    if data is None:
        return Signature.UNVERIFIED  # it lies at its fileUrl, which is never fetched
    if data.size > _LONGEST_SIGNATURE:
        raise _refusal(path, f"is a signature of {data.size} bytes, no statement needs as many")
    jws = b"".join(data.pieces(_LONGEST_SIGNATURE))
    return check_signature(jws, text.raw, text.identifier, text.version, path)


def signed_at(statement: Statement, path: str = "") -> Sequence[str]:
    """Return where a statement, or its SubStatement, says that it is signed."""
    placed = _attachments(statement, path)
    return [each.path for each in placed if each.attachment.usage_type == USAGE_TYPE]


def _refusal(path: str, message: str) -> InvalidStatementError:
    return InvalidStatementError([Violation(path, message, _SIGNED)])


def _attachments(statement: Statement, path: str) -> Iterator[_Placed]:
    prefix = f"{path}." if path else ""
    for number, attachment in enumerate(statement.attachments or ()):
        yield _Placed(f"{prefix}attachments[{number}]", attachment)
    sub_statement = sub_statement_of(statement)
    if sub_statement is not None:
        for number, attachment in enumerate(sub_statement.attachments or ()):
            yield _Placed(f"{prefix}object.attachments[{number}]", attachment)
