"""Clients that do harm: each goes on until an end, and counts what it got."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from uuid import UUID

from bench.population import population, programme_of
from bench.requests import ANALYTICS, STATEMENTS, Request, authorization, get, post
from bench.service import Service

KEY, SECRET = "hostile", "a secret of a hostile client"
# The most are 2,000 where nothing is set.
_MORE_THAN_ALLOWED = 2_500
_A_THOUSAND, _A_MILLION, _A_GIGABYTE = 1_000, 1_000_000, 1_000_000_000
_AT_ONCE = 64
_CHUNK = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
_SMALL_BUFFER = 4_096
_A_SECOND, _A_MOMENT = 1.0, 0.1
_GUESSING, _GUESSES_A_SECOND = 20, 100
_STATEMENT = b'{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"a:b"},"object":{"id":"a:c"}}'


@dataclass(slots=True)
class Attack:
    """A hostile client at work.

    Attributes:
        end: when it stops, by `perf_counter`.
        got: what it got, and how often.
    """

    service: Service
    end: float
    got: Counter[str] = field(default_factory=Counter)

    @property
    def goes_on(self) -> bool:
        """Tell whether the end has not come yet."""
        return perf_counter() < self.end

    async def repeat(self, work: Callable[[], Awaitable[str]]) -> None:
        """Do something again and again, and count what comes of it."""
        while self.goes_on:
            try:
                async with asyncio.timeout(self.end - perf_counter()):
                    self.got[await work()] += 1
            except TimeoutError:
                self.got["no answer before the end"] += 1
            except OSError:
                self.got["hung up on"] += 1


Attacking = Callable[[Attack], Awaitable[None]]


async def million_statements(attack: Attack) -> None:
    """Send batches of a million statements, one after the other."""
    body = b"[" + b",".join([_STATEMENT] * _A_MILLION) + b"]"
    await attack.repeat(partial(_send, attack.service, _by_hostile(post(STATEMENTS, body))))


async def gigabytes(attack: Attack) -> None:
    """Send bodies of a gigabyte, whose length is told on one connection and not on the other."""
    await asyncio.gather(
        attack.repeat(partial(_send_gigabyte, attack.service, f"Content-Length: {_A_GIGABYTE}")),
        attack.repeat(partial(_send_gigabyte, attack.service, "Transfer-Encoding: chunked")),
    )


async def slow_heads(attack: Attack) -> None:
    """Send a thousand heads at a byte a second."""
    message = b"GET /xapi/statements HTTP/1.1\r\nX: "
    await _many(attack, partial(_trickle, attack, message), _A_THOUSAND)


async def slow_bodies(attack: Attack) -> None:
    """Send a thousand bodies at a byte a second, by somebody who has credentials."""
    message = _head("POST", STATEMENTS, "Content-Length: 1000") + b"["
    await _many(attack, partial(_trickle, attack, message), _A_THOUSAND)


async def idle(attack: Attack) -> None:
    """Hold more connections than are allowed, and say nothing."""
    place = attack.service.host, attack.service.port
    opened = [await asyncio.open_connection(*place) for _ in range(_MORE_THAN_ALLOWED)]
    await asyncio.sleep(max(0.0, attack.end - perf_counter()))
    for reader, writer in opened:
        attack.got["hung up on" if reader.at_eof() else "held"] += 1
        writer.close()


async def deaf(attack: Attack) -> None:
    """Ask for large pages and never read them."""
    message = _by_hostile(get(STATEMENTS, {"limit": 1_000})).message
    await _many(attack, partial(_ask_and_not_read, attack, message), 2 * _AT_ONCE)


async def vain_lists(attack: Attack) -> None:
    """Ask for lists that nothing fits, though much has to be looked at."""
    activity = population().activities[0]
    nothing = {
        "activity": programme_of(activity.course),
        "related_activities": "true",
        "registration": str(UUID(int=0x4000_8000_0000_0000_0001)),
    }
    request = _by_hostile(get(STATEMENTS, nothing))
    await _many(attack, partial(_send, attack.service, request), _AT_ONCE)


async def heavy_sums(attack: Attack) -> None:
    """Ask for everything by learner, activity and day."""
    asked = {
        "measures": ["actors.unique", "activities.unique", "success.rate", "score.scaled.avg"],
        "dimensions": ["actor", "activity.id", "verb.id"],
        "time": {"granularity": "day", "timezone": "America/St_Johns"},
        "order": [["score.scaled.avg", "desc"]],
    }
    request = _by_hostile(post(ANALYTICS, json.dumps(asked).encode()))
    await _many(attack, partial(_send, attack.service, request), _AT_ONCE)


async def wrong_secrets(attack: Attack) -> None:
    """Show a hundred wrong secrets a second, over connections that are kept."""
    async with asyncio.TaskGroup() as group:
        for number in range(_GUESSING):
            group.create_task(_guess(attack, number))


ATTACKS: dict[str, Attacking] = {
    "batches of a million statements": million_statements,
    "bodies of 1 GB": gigabytes,
    "1,000 heads, a byte a second": slow_heads,
    "1,000 bodies, a byte a second": slow_bodies,
    "2,500 idle connections": idle,
    "128 clients that do not read": deaf,
    "64 lists at once that nothing fits": vain_lists,
    "64 sums over everything at once": heavy_sums,
    "100 wrong secrets a second": wrong_secrets,
}


async def _many(attack: Attack, work: Callable[[], Awaitable[str]], count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(attack.repeat(work))


async def _send(service: Service, request: Request) -> str:
    async with service.connection() as connection:
        return str((await connection.send(request)).status)


async def _guess(attack: Attack, number: int) -> None:
    request = get(STATEMENTS, {"limit": 1})
    wrong = authorization(KEY, f"wrong {number}")
    message = request.message.replace(authorization(), wrong, 1)
    due = perf_counter() + number / _GUESSES_A_SECOND
    async with attack.service.connection() as connection:
        while attack.goes_on:
            await asyncio.sleep(due - perf_counter())
            answer = await connection.send(request._replace(message=message))
            attack.got[str(answer.status)] += 1
            due += _GUESSING / _GUESSES_A_SECOND


async def _send_gigabyte(service: Service, length: str) -> str:
    reader, writer = await asyncio.open_connection(service.host, service.port)
    sending = asyncio.ensure_future(_pour(writer, _head("POST", STATEMENTS, length)))
    try:
        return _status(await reader.readline())
    finally:
        sending.cancel()
        writer.close()


async def _pour(writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(head)
    for _ in range(_A_GIGABYTE // len(_CHUNK)):
        writer.write(_CHUNK)
        await writer.drain()


async def _trickle(attack: Attack, message: bytes) -> str:
    reader, writer = await asyncio.open_connection(attack.service.host, attack.service.port)
    answered = asyncio.ensure_future(reader.readline())
    try:
        writer.write(message)
        while not answered.done():
            await asyncio.wait([answered], timeout=_A_SECOND)
            writer.write(b" ")
        return _status(answered.result())
    finally:
        answered.cancel()
        writer.close()


async def _ask_and_not_read(attack: Attack, message: bytes) -> str:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        connection.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (attack.service.host, attack.service.port))
        await loop.sock_sendall(connection, message)
        await _broken(connection)
    return "hung up on"


async def _broken(connection: socket.socket) -> None:
    """Wait until the other side ends a connection that nobody reads."""
    while not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(_A_MOMENT)


def _by_hostile(request: Request) -> Request:
    ours, theirs = authorization(), authorization(KEY, SECRET)
    return request._replace(message=request.message.replace(ours, theirs, 1))


def _head(method: str, target: str, *more: str) -> bytes:
    lines = (
        f"{method} {target} HTTP/1.1",
        "Host: bench",
        authorization(KEY, SECRET).decode(),
        "X-Experience-API-Version: 1.0.3",
        "Content-Type: application/json",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


def _status(line: bytes) -> str:
    if not line:
        raise ConnectionResetError("the server hung up")
    return line.split()[1].decode()


def summed(got: Iterable[tuple[str, int]]) -> str:
    """Write down what a hostile client got."""
    return ", ".join(f"{what} x {count:,}" for what, count in got) or "nothing"
