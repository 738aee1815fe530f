"""HR brings its list over HTTP, and reads what somebody has learned in all systems."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx
import msgspec

from lrs.cli.demo.access import Access
from lrs.cli.demo.company import Learner
from lrs.cli.demo.reader import client_for
from lrs.cli.demo.systems import LXP, TALENT
from lrs.cli.demo.vocabulary import Json

_NUMBER = "personnel_number"
_TITLE = {"de": "Personalnummer", "en": "Personnel number"}
_RULE = {"kind": "account_is_attribute", "home_page": TALENT.home, "attribute": _NUMBER}


class ImportCounts(msgspec.Struct):
    """What an import has done."""

    rows: int
    created: int
    changed: int
    unchanged: int
    contradicted: int
    refused: int
    joined: int


class _Report(msgspec.Struct):
    counts: ImportCounts


class _Person(msgspec.Struct):
    id: str


class _People(msgspec.Struct):
    people: list[_Person]


class Entry(msgspec.Struct):
    """An entry of a history."""

    timestamp: str
    sentence: str


class _History(msgspec.Struct):
    entries: list[Entry]


class PeopleOffice:
    """Speaks for HR to one LRS.

    Args:
        address: where the LRS answers, without a path.
        access: the credential of HR.
    """

    def __init__(self, address: str, access: Access) -> None:
        self._people = f"{address}/api/v1/people"
        self._schema = f"{address}/api/v1"
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

    def bring(self, people: bytes) -> ImportCounts | None:
        """Bring a list, and what joins it; None if the credential has no right to that."""
        definition = {"type": "text", "title": _TITLE, "is_sensitive": True}
        answer = self._client.put(
            f"{self._schema}/attribute-definitions/{_NUMBER}", json=definition
        )
        if answer.status_code == HTTPStatus.FORBIDDEN:
            return None
        answer.raise_for_status()
        made = self._client.post(f"{self._schema}/joining-rules", json=_RULE)
        if made.status_code != HTTPStatus.CONFLICT:  # an earlier run made it
            made.raise_for_status()
        answer = self._client.post(
            f"{self._people}/imports", content=people, headers={"Content-Type": "text/csv"}
        )
        return msgspec.json.decode(_checked(answer).content, type=_Report).counts

    def history(self, learner: Learner, language: str, limit: int) -> Sequence[Entry]:
        """Return the latest of all that somebody did, in sentences of a language."""
        agent: Json = {"mbox": learner.identity(LXP)["mbox"]}
        found = self._client.get(self._people, params={"identifier": json.dumps(agent)})
        (person,) = msgspec.json.decode(_checked(found).content, type=_People).people
        answer = self._client.get(
            f"{self._people}/{person.id}/history", params={"language": language, "limit": limit}
        )
        return msgspec.json.decode(_checked(answer).content, type=_History).entries


def _checked(response: httpx.Response) -> httpx.Response:
    response.raise_for_status()
    return response
