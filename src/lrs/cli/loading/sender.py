"""Post statements to an LRS, patiently, and find out which of them it refuses."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx
import msgspec

DEFAULT_XAPI_VERSION = "1.0.3"

_REFUSES_CONTENT = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_MAY_PASS = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_NO_ANSWER = 0
_TIMEOUT = httpx.Timeout(120, connect=10)
_LONGEST_REASON = 2000
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class SendingStoppedError(Exception):
    """As things stand the LRS takes nothing from this sender; sending more is pointless."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a batch is tried.

    The wait doubles each time, half of it at random so that several senders do not return
    together. An LRS that names a time is given it, within reason.
    """

    attempts: int = 8
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_named_wait: float = 300.0

    def wait(self, failures: int, named: float | None) -> float:
        """Give the seconds to wait after so many failures in a row."""
        if named is not None:
            return min(named, self.longest_named_wait)
        wait = min(self.first_wait * 2.0 ** (failures - 1), self.longest_wait)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads retries, guards nothing


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that the LRS does not take.

    Attributes:
        position: its place in the batch that was sent, counted from 0.
        status: the HTTP status of the answer.
        reason: the text of the answer.
    """

    position: int
    status: int
    reason: str


@dataclass(slots=True)
class SendResult:
    """What became of a batch.

    Attributes:
        accepted: how many statements the LRS has now.
        stored: how many of these were new to it, as far as it says so.
        untold: how many were accepted without word on how many of them were new.
        refusals: the statements it does not take.
        unsent: how many got no answer, all attempts used up; `failure` is the last one's.
        failure: why, or None.
    """

    accepted: int = 0
    stored: int = 0
    untold: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    unsent: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str = ""
    stored: int | None = None
    named_wait: float | None = None

    @property
    def may_pass(self) -> bool:
        return self.status in _MAY_PASS or self.status == _NO_ANSWER


class _Problem(msgspec.Struct):
    detail: str


class StatementSender:
    """Posts batches of statements to the statements resource of one LRS.

    Args:
        endpoint: the xAPI endpoint, such as `http://127.0.0.1:8080/xapi`.
        key: of the credential.
        secret: of the credential.
        xapi_version: the version that the statements are sent as.
        patience: how failures that may pass are met.
        on_wait: is told what went wrong before each wait.
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        secret: str,
        *,
        xapi_version: str = DEFAULT_XAPI_VERSION,
        patience: Patience = Patience(),
        on_wait: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._url = f"{endpoint.rstrip('/')}/statements"
        self._key = key
        self._patience = patience
        self._on_wait = on_wait
        self._client = httpx.AsyncClient(
            auth=httpx.BasicAuth(key, secret),
            headers={
                "X-Experience-API-Version": xapi_version,
                "Content-Type": "application/json",
            },
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None),
            trust_env=httpx.URL(endpoint).host not in _THIS_MACHINE,  # no proxy on the way to it
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def send(self, statements: Sequence[bytes]) -> SendResult:
        """Post the texts of statements as one batch.

        A batch that is refused for its content is halved until the refused statements stand
        alone; everything else of it is stored, in the order given.

        Raises:
            SendingStoppedError: the credential is refused, or this is no xAPI endpoint.
        """
        result = SendResult()
        parts = deque([range(len(statements))] if statements else [])
        while parts:
            part = parts.popleft()
            answer = await self._post_patiently([statements[position] for position in part])
            if answer.may_pass:
                result.failure = answer.reason
                result.unsent = len(part) + sum(len(rest) for rest in parts)
                break
            if answer.status not in _REFUSES_CONTENT:
                _note_accepted(result, len(part), answer.stored)
            elif len(part) == 1:
                result.refusals.append(Refusal(part[0], answer.status, answer.reason))
            else:
                half = len(part) // 2
                parts.extendleft((part[half:], part[:half]))
        return result

    async def _post_patiently(self, statements: Sequence[bytes]) -> _Answer:
        body = b"[%s]" % b",".join(statements)
        failures = 0
        while True:
            answer = await self._post(body)
            if not answer.may_pass:
                return answer
            failures += 1
            if failures >= self._patience.attempts:
                return answer
            wait = self._patience.wait(failures, answer.named_wait)
            self._on_wait(
                f"{answer.reason}; attempt {failures + 1} of {self._patience.attempts}"
                f" in {wait:.1f} s"
            )
            await asyncio.sleep(wait)

    async def _post(self, body: bytes) -> _Answer:
        try:
            response = await self._client.post(self._url, content=body)
        except httpx.RequestError as error:
            what = str(error) or type(error).__name__
            return _Answer(_NO_ANSWER, f"no answer from {self._url}: {what}")
        status = response.status_code
        if response.is_success:
            return _Answer(status, stored=_read_stored(response))
        if status in _REFUSES_CONTENT:
            return _Answer(status, _read_reason(response))
        if status in _MAY_PASS:
            reason = f"{self._url} answers {status}: {_read_reason(response)}"
            return _Answer(status, reason, named_wait=_read_retry_after(response))
        raise SendingStoppedError(self._explain(response))

    def _explain(self, response: httpx.Response) -> str:
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            return f"{self._url} refuses the key {self._key!r} or its secret (401)"
        if status == HTTPStatus.FORBIDDEN:
            return f"{self._url} does not let the key {self._key!r} write statements (403)"
        if response.has_redirect_location:
            return f"{self._url} redirects to {response.headers['Location']} ({status})"
        return f"{self._url} answers {status}; is it the statements resource of an LRS?"


def _note_accepted(result: SendResult, count: int, stored: int | None) -> None:
    result.accepted += count
    if stored is None:
        result.untold += count
    else:
        result.stored += stored


def _read_stored(response: httpx.Response) -> int | None:
    """Read how many statements were new; only some LRSs say so."""
    text = response.headers.get("X-LRS-Stored", "")
    return int(text) if text.isdecimal() else None


def _read_reason(response: httpx.Response) -> str:
    try:
        reason = msgspec.json.decode(response.content, type=_Problem).detail
    except (msgspec.DecodeError, RecursionError):
        reason = " ".join(response.text.split())
    return reason[:_LONGEST_REASON] or response.reason_phrase


def _read_retry_after(response: httpx.Response) -> float | None:
    """Read the wait in seconds that the LRS asks for, given as seconds or as a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
