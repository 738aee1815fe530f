"""Writes requests in multipart/mixed: statements, and the data of their attachments."""

import hashlib
import json
from dataclasses import dataclass, field

from builders import Json

BOUNDARY = "the-parts-of-this-request"


@dataclass(frozen=True)
class Part:
    """The data of one attachment, and what its part says of them.

    A header whose text is empty is left out; None as the hash is that of the content.
    """

    content: bytes
    sha2: str | None = None
    content_type: str = "application/octet-stream"
    encoding: str = "binary"
    headers: dict[str, str] = field(default_factory=dict)

    def written(self) -> bytes:
        digest = hashlib.sha256(self.content).hexdigest()
        named = {
            "Content-Type": self.content_type,
            "Content-Transfer-Encoding": self.encoding,
            "X-Experience-API-Hash": digest if self.sha2 is None else self.sha2,
            **self.headers,
        }
        return with_headers(named, self.content)


def multipart(
    statements: Json | list[Json], *parts: Part, boundary: str = BOUNDARY
) -> tuple[bytes, dict[str, str]]:
    """Write the body of a request with statements and parts, and its headers."""
    text = json.dumps(statements).encode()
    first = with_headers({"Content-Type": "application/json"}, text)
    return joined(first, *(part.written() for part in parts), boundary=boundary)


def with_headers(headers: dict[str, str], content: bytes) -> bytes:
    """Write one part."""
    lines = [f"{name}: {text}\r\n" for name, text in headers.items() if text]
    return "".join(lines).encode() + b"\r\n" + content


def joined(*parts: bytes, boundary: str = BOUNDARY) -> tuple[bytes, dict[str, str]]:
    """Put boundaries between parts that are written already."""
    delimiter = f"--{boundary}".encode()
    lines = [delimiter + b"\r\n" + part + b"\r\n" for part in parts]
    headers = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    return b"".join(lines) + delimiter + b"--\r\n", headers
