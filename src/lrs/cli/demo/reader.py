"""Reading the LRS back over HTTP, as any other system of the company would."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx
import msgspec

from lrs.cli.demo.access import Access
from lrs.cli.demo.vocabulary import Json

_TIMEOUT = httpx.Timeout(60, connect=10)
_MOST_ROWS = 10_000
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}

Cell = str | int | float | None
Row = dict[str, Cell]


class _Column(msgspec.Struct):
    name: str


class _Answer(msgspec.Struct):
    columns: list[_Column]
    rows: list[list[Cell]]


class Verb(msgspec.Struct):
    """The verb of a statement that was read."""

    id: str
    display: dict[str, str] = {}


class Definition(msgspec.Struct):
    """What is shown of an activity's definition."""

    name: dict[str, str] = {}


class Target(msgspec.Struct):
    """The object of a statement, whatever its kind."""

    id: str = ""
    name: str = ""
    definition: Definition = msgspec.field(default_factory=Definition)
    kind: str = msgspec.field(name="objectType", default="Activity")


class Score(msgspec.Struct):
    """What is shown of a score."""

    scaled: float | None = None
    raw: float | None = None
    max: float | None = None


class Result(msgspec.Struct):
    """What is shown of a result."""

    score: Score | None = None
    success: bool | None = None
    response: str | None = None


class Authority(msgspec.Struct):
    """Who brought a statement to the LRS: the label of the credential."""

    name: str = ""


class ReadStatement(msgspec.Struct):
    """What is shown of a statement."""

    id: str
    timestamp: datetime
    verb: Verb
    object: Target
    authority: Authority
    result: Result | None = None


class _StatementResult(msgspec.Struct):
    statements: list[ReadStatement]
    more: str = ""


def client_for(address: str, access: Access) -> httpx.Client:
    """Return a client of the LRS at an address, with a credential."""
    return httpx.Client(
        auth=httpx.BasicAuth(access.key, access.secret),
        headers={"X-Experience-API-Version": "1.0.3", "Accept-Language": "en"},
        timeout=_TIMEOUT,
        trust_env=httpx.URL(address).host not in _THIS_MACHINE,  # no proxy on the way to it
    )


class LrsReader:
    """Asks one LRS for statements and sums.

    Args:
        address: where the LRS answers, without a path.
        endpoint: its xAPI endpoint.
        access: the credential to read with.
    """

    def __init__(self, address: str, endpoint: str, access: Access) -> None:
        self._address = address
        self._endpoint = endpoint
        self._client = client_for(address, access)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def sums(
        self,
        measures: Sequence[str],
        dimensions: Sequence[str] = (),
        *,
        time: Mapping[str, str],
        filters: Mapping[str, str | None] | None = None,
    ) -> list[Row]:
        """Ask one analytics query and return its rows, each cell under its column's name.

        A filter without a value takes all statements that have any.
        """
        query: Json = {
            "measures": list(measures),
            "dimensions": list(dimensions),
            "time": dict(time),
            "filters": [_condition(*each) for each in (filters or {}).items()],
            "limit": _MOST_ROWS,
        }
        response = self._client.post(f"{self._address}/api/v1/analytics/query", json=query)
        answer = msgspec.json.decode(_checked(response).content, type=_Answer)
        names = [column.name for column in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    def statements_of(self, agent: Json) -> Iterator[ReadStatement]:
        """Walk all statements in which an agent takes part, page by page."""
        pages = self._pages({"agent": json.dumps(agent)})
        return (statement for page in pages for statement in page.statements)

    def name_of(self, activity: str) -> str:
        """Return the name by which the LRS knows an activity."""
        pages = self._pages({"activity": activity, "limit": "10", "format": "canonical"})
        # The filter follows references, so a statement may be about another that is about it.
        targets = (statement.object for page in pages for statement in page.statements)
        names = next((target.definition.name for target in targets if target.id == activity), {})
        return next(iter(names.values()), activity)

    def _pages(self, query: Mapping[str, str]) -> Iterator[_StatementResult]:
        url = f"{self._endpoint}/statements"
        response = self._client.get(url, params=query)
        while True:
            page = msgspec.json.decode(_checked(response).content, type=_StatementResult)
            yield page
            if not page.more:
                return
            response = self._client.get(urljoin(url, page.more))


def _condition(member: str, value: str | None) -> Json:
    if value is None:
        return {"member": member, "operator": "set"}
    return {"member": member, "operator": "equals", "values": [value]}


def _checked(response: httpx.Response) -> httpx.Response:
    response.raise_for_status()
    return response
