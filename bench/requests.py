"""The bytes of HTTP requests, made before the clock runs."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

KEY, SECRET = "bench", "a secret of the bench"
STATEMENTS = "/xapi/statements"
STATES = "/xapi/activities/state"
ANALYTICS = "/api/v1/analytics/query"


def authorization(key: str = KEY, secret: str = SECRET) -> bytes:
    """Build the header that shows a credential."""
    return b"Authorization: Basic " + b64encode(f"{key}:{secret}".encode())


_HEAD = (
    "{method} {target} HTTP/1.1\r\nHost: bench\r\n" + authorization().decode() + "\r\n"
    "X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)


class Request(NamedTuple):
    """A request as it goes over the wire; `kind` is what its latency is counted under."""

    kind: str
    message: bytes


Exchange = tuple[Request, ...]
Parameters = Mapping[str, str | int]


def post(path: str, body: bytes, kind: str = "POST") -> Request:
    """Build a POST of JSON."""
    return Request(kind, _message("POST", path, body))


def get(path: str, parameters: Parameters, kind: str = "GET") -> Request:
    """Build a GET."""
    return get_target(f"{path}?{urlencode(parameters)}", kind)


def get_target(target: str, kind: str = "GET") -> Request:
    """Build a GET of a path with its query, as `more` gives it."""
    return Request(kind, _message("GET", target, b""))


def delete(target: str, kind: str = "DELETE") -> Request:
    """Build a DELETE of what is named by its path alone."""
    return Request(kind, _message("DELETE", target, b""))


def shown_by(request: Request, key: str, secret: str) -> Request:
    """Build the same request for who has another credential."""
    message = request.message.replace(authorization(), authorization(key, secret), 1)
    return request._replace(message=message)


def post_statements(texts: "list[bytes]", kind: str = "POST") -> Request:
    """Build the POST of a batch, or of a lone statement."""
    body = texts[0] if len(texts) == 1 else b"[" + b",".join(texts) + b"]"
    return post(STATEMENTS, body, kind)


def put_and_get_state(learner: bytes, activity: str, size: int) -> Exchange:
    """Build the PUT of a state document, and the GET of it."""
    place = {"activityId": activity, "agent": learner.decode(), "stateId": "resume"}
    target = f"{STATES}?{urlencode(place)}"
    document = json.dumps({"bookmark": activity, "suspended": "x" * size}).encode()
    put = Request("state", _message("PUT", target, document))
    return put, get_target(target, "state")


def _message(method: str, target: str, body: bytes) -> bytes:
    return _HEAD.format(method=method, target=target, length=len(body)).encode() + body
