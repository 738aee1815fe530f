"""A little LRS of somebody else's on a real socket, that can be told to misbehave."""

import json
from base64 import b64encode
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

KEY = "the-key"
SECRET = "the-secret"


@dataclass(frozen=True)
class Answer:
    """Status 0 closes the connection instead."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class StandInLRS:
    """Keeps statements by id, and refuses those with `"bad": true`."""

    endpoint: str = ""
    tells_stored: bool = True
    next_answers: deque[Answer] = field(default_factory=deque)
    only_answer: Answer | None = None
    statements: dict[str, bytes] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)
    is_asked: Event = field(default_factory=Event)

    def answer(self, headers: Any, body: bytes) -> Answer:
        credential = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        with self.lock:
            self.bodies.append(body)
            self.versions.add(headers["X-Experience-API-Version"])
            self.is_asked.set()
            if self.next_answers:
                return self.next_answers.popleft()
            if self.only_answer is not None:
                return self.only_answer
            if headers["Authorization"] != f"Basic {credential}":
                return Answer(401)
            return self._judge(json.loads(body))

    def _judge(self, batch: list[dict[str, Any]]) -> Answer:
        if any(statement.get("bad") for statement in batch):
            return Answer(400, body=b'{"detail": "a bad statement"}')
        new: dict[str, bytes] = {}
        for statement in batch:
            text = json.dumps(statement).encode()
            known = new.get(statement["id"]) or self.statements.get(statement["id"])
            if known is not None and known != text:
                return Answer(409, body=b"another statement\n  has this id")
            if known is None:
                new[statement["id"]] = text
        self.statements.update(new)
        told = {"X-LRS-Stored": str(len(new))} if self.tells_stored else {}
        return Answer(200, told, b"[]")


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    lrs: StandInLRS

    def do_POST(self) -> None:
        answer = self.lrs.answer(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        if answer.status == 0:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def running_lrs() -> Iterator[StandInLRS]:
    stand_in = StandInLRS()
    connection = type("Connection", (Connection,), {"lrs": stand_in})
    with ThreadingHTTPServer(("127.0.0.1", 0), connection) as server:
        server.daemon_threads = True
        stand_in.endpoint = f"http://127.0.0.1:{server.server_port}/xapi"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield stand_in
        server.shutdown()
        thread.join()


def a_batch(length: int, bad: Sequence[int] = ()) -> list[bytes]:
    return [
        json.dumps({"id": str(number)} | ({"bad": True} if number in bad else {})).encode()
        for number in range(length)
    ]
