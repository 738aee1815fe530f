"""Writes multipart/mixed answers that the JavaScript clients can take apart (Comm. 2.1.3).

The boundary is unquoted and last, header names are spelt as the clients look for them, lines end
in CRLF, nothing precedes the first boundary, and the JSON is on one line.
"""

from uuid import uuid4

from fastapi import Response

# In JSON a raw line end only stands between values, where it means no more than a space.
_SPACES = bytes.maketrans(b"\r\n", b"  ")


def as_multipart(content: bytes) -> Response:
    """Answer with the statements as the first part; no bytes of attachments are kept yet."""
    on_one_line = content.translate(_SPACES)
    boundary = f"lrs-{uuid4().hex}"
    parts = (
        b"--%s\r\n" % boundary.encode(),
        b"Content-Type: application/json\r\n\r\n",
        on_one_line,
        b"\r\n--%s--\r\n" % boundary.encode(),
    )
    media_type = f"multipart/mixed; boundary={boundary}"
    return Response(b"".join(parts), headers={"Content-Type": media_type})
