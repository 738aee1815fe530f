"""The tables of good and bad statements, over HTTP."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar

import httpx
import pytest

from builders import Json
from cases.bad_statements import BAD_STATEMENTS
from cases.good_statements import GOOD_STATEMENTS, GoodStatement
from cases.spoiled_statements import BadStatement
from lrs.xapi.versions import Version
from statement_resource import get, listed, post_text

Case = TypeVar("Case", GoodStatement, BadStatement)

KINDS = ("parent", "grouping", "category", "other")
SET_BY_THE_LRS = ("id", "stored", "authority", "timestamp", "version")


def by_requirement(cases: Iterable[Case]) -> list[Any]:
    """Make one test of the cases of a requirement, marked with all that they show."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[next(iter(case.requirements), "no requirement")].append(case)
    return [pytest.param(group, marks=marks_of(group), id=name) for name, group in groups.items()]


def marks_of(cases: Iterable[Case]) -> list[pytest.MarkDecorator]:
    shown = sorted({each for case in cases for each in case.requirements})
    return [pytest.mark.requirement(*shown)] if shown else []


@pytest.mark.parametrize("cases", by_requirement(BAD_STATEMENTS))
async def test_each_bad_statement_is_refused_with_its_place(
    client: httpx.AsyncClient, cases: list[BadStatement]
) -> None:
    wrong: dict[str, object] = {}
    for case in cases:
        for version in case.versions:
            client.headers["X-Experience-API-Version"] = version
            answer = await post_text(client, case.text)
            paths = [violation["path"] for violation in answer.json().get("violations", [])]
            if answer.status_code != 400 or case.path not in paths:
                wrong[f"{case.name} in {version}"] = answer.status_code, case.path, paths
    assert wrong == {}
    assert await listed(client) == []


@pytest.mark.parametrize("version", Version)
async def test_every_bad_statement_refuses_its_batch(
    client: httpx.AsyncClient, version: Version
) -> None:
    client.headers["X-Experience-API-Version"] = version
    good = next(each for each in GOOD_STATEMENTS if version in each.versions)
    wrong: dict[str, object] = {}
    for case in BAD_STATEMENTS[:: len(BAD_STATEMENTS) // 100]:
        if version not in case.versions:
            continue
        answer = await post_text(client, f"[{good.text},{case.text}]")
        paths = [violation["path"] for violation in answer.json().get("violations", [])]
        place = "statements[1]" + (f".{case.path}" if case.path[:1] not in {"", "["} else case.path)
        if answer.status_code != 400 or place not in paths:
            wrong[case.name] = answer.status_code, place, paths
    assert wrong == {}
    assert await listed(client) == []


@pytest.mark.parametrize("cases", by_requirement(GOOD_STATEMENTS))
async def test_each_good_statement_comes_back_as_it_was_sent(
    client: httpx.AsyncClient, cases: list[GoodStatement]
) -> None:
    wrong: dict[str, object] = {}
    sent = [(case, version) for case in cases for version in case.versions]
    for case, version in sent:
        client.headers["X-Experience-API-Version"] = version
        problem = await change_on_the_way(client, case)
        if problem is not None:
            wrong[f"{case.name} in {version}"] = problem
    assert wrong == {}
    assert len(await listed(client)) == len(sent)


async def change_on_the_way(client: httpx.AsyncClient, case: GoodStatement) -> object:
    """Post a statement and get it; return the refusal, what came back changed, or None."""
    sent = spelt(case.text)
    # The same id may stand in many statements of the table.
    text = json.dumps(without_id(json.loads(case.text))) if "id" in sent else case.text
    answer = await post_text(client, text)
    if answer.status_code != 200:
        return answer.text
    got = spelt((await get(client, answer.json()[0])).text)
    is_same = comparable(got, sent) == comparable(with_arrays(sent), sent)
    return None if is_same else got


def spelt(text: str) -> Json:
    """Read JSON with its numbers as they are spelt."""
    statement: Json = json.loads(text, parse_int=str, parse_float=str)
    return statement


def without_id(statement: Json) -> Json:
    return {name: value for name, value in statement.items() if name != "id"}


def comparable(statement: Json, sent: Json) -> Json:
    """Leave out what the LRS sets or replaces, whatever was sent."""
    replaced = {"id", "stored", "authority"} | (set(SET_BY_THE_LRS) - set(sent))
    return {name: value for name, value in statement.items() if name not in replaced}


def with_arrays(statement: Any) -> Any:
    """Make arrays of lone contextActivities, as the LRS has to."""
    changed = dict(statement)
    activities = changed.get("context", {}).get("contextActivities")
    if activities is not None:
        arrays = {
            kind: each if isinstance(each, list) else [each] for kind, each in activities.items()
        }
        changed["context"] = changed["context"] | {"contextActivities": arrays}
    if changed["object"].get("objectType") == "SubStatement":
        changed["object"] = with_arrays(changed["object"])
    return changed
