"""Answers to what is no whole request, as the bytes that go over the wire."""

from collections.abc import Iterable
from http import HTTPStatus

from lrs.api.problems import answer_to_none
from lrs.api.safeguards import USUAL
from lrs.api.xapi.headers import VERSION
from lrs.errors import LRSError


def refusal(error: LRSError, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write an answer after which the connection ends.

    Args:
        error: what is wrong.
        version: of xAPI, since the request has not said which one it speaks.
        headers: that the server gives to every answer.
    """
    answer = answer_to_none(error)
    answer.headers["Connection"] = "close"
    answer.headers[VERSION] = version
    lines = [b"%b: %b\r\n" % header for header in (*headers, *USUAL, *answer.raw_headers)]
    status = HTTPStatus(answer.status_code)
    first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return b"".join([first, *lines, b"\r\n", bytes(answer.body)])
