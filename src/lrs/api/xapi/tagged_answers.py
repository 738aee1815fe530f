"""Answers in JSON whose ETag tells whether they changed (Comm. 3.1)."""

from hashlib import sha1

from fastapi import Response


def tagged_json(content: bytes) -> Response:
    """Answer with a JSON text, and with its quoted SHA-1 as the ETag."""
    etag = sha1(content, usedforsecurity=False).hexdigest()
    return Response(content, headers={"ETag": f'"{etag}"'}, media_type="application/json")
