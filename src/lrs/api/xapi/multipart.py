"""Writes multipart/mixed answers that the JavaScript clients can take apart (Comm. 2.1.3).

The boundary is unquoted and last, header names are spelt as the clients look for them, lines end
in CRLF, nothing precedes the first boundary, and the JSON is on one line.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi.responses import StreamingResponse

from lrs.api.harmless import HARMLESS, as_header
from lrs.xapi.received_data import HeldAttachment

# In JSON a raw line end only stands between values, where it means no more than a space.
_SPACES = bytes.maketrans(b"\r\n", b"  ")


def as_multipart(
    content: bytes,
    attachments: Sequence[HeldAttachment],
    bytes_of: Callable[[HeldAttachment], AsyncIterator[bytes]],
) -> StreamingResponse:
    """Answer with the statements as the first part, and each attachment as another.

    The length is told in advance, so a client notices when an answer breaks off.

    Args:
        content: JSON.
        attachments: whose data go along; of those with the same hash only one does.
        bytes_of: reads the data of one, as many bytes as its size says.
    """
    boundary = _boundary()
    opening = b"--%s\r\nContent-Type: application/json\r\n\r\n" % boundary
    statements = content.translate(_SPACES)
    parts = {held.sha2: (_opening(boundary, held), held) for held in attachments}
    closing = b"\r\n--%s--\r\n" % boundary

    async def body() -> AsyncIterator[bytes]:
        yield opening
        yield statements
        for before, held in parts.values():
            yield before
            async for piece in bytes_of(held):
                yield piece
        yield closing

    length = len(opening) + len(statements) + len(closing)
    length += sum(len(before) + held.size for before, held in parts.values())
    # A browser that shows multipart answers would show an attachment as a page of this origin.
    # Clients that are programs do not look at Content-Disposition.
    headers = HARMLESS | {
        "Content-Length": str(length),
        "Content-Type": f"multipart/mixed; boundary={boundary.decode()}",
    }
    return StreamingResponse(body(), headers=headers)


def _boundary() -> bytes:
    """Return what does not occur in the answer.

    Its 128 bits of chance are drawn when all data are there already, so nobody can have put them
    into the data, and that they are in a terabyte of it by chance has a probability below 2**-85.
    """
    return f"lrs-{secrets.token_hex(16)}".encode()


def _opening(boundary: bytes, held: HeldAttachment) -> bytes:
    return (
        f"\r\n--{boundary.decode()}\r\n"
        f"Content-Type: {as_header(held.content_type)}\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        f"X-Experience-API-Hash: {held.sha2}\r\n\r\n"
    ).encode()
