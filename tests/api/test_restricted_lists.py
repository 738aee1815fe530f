"""Who may see a part of a store is listed what anybody else is, but for what is hidden."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import VOIDED, Json, a_statement, a_substatement, activity, agent, reference, verb
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.storage.engines import Database
from lrs.xapi.keys import Ifi, ifi_key
from statement_resource import following, ids_on, listed, new_id, page, post

STATEMENTS = 120
REGISTRATIONS = [str(UUID(int=number + (4 << 76) + (8 << 60))) for number in range(3)]
# The authority that two of the tools share; it learns, teaches and is spoken of too.
TOOLS = {"objectType": "Agent", "mbox": "mailto:tools@example.org"}
PEOPLE = [*(agent(f"a{number}") for number in range(5)), TOOLS]
UNKNOWN = [agent(f"unknown{number}") for number in range(12)]
READ, MINE = Scopes({Scope.STATEMENTS_READ}), Scopes({Scope.STATEMENTS_READ_MINE})


class Access(NamedTuple):
    """What a credential is given, and what it may see of all statements.

    Attributes:
        agents: of whom one must be the actor; None is everybody. So are `activities`.
        authority: whose statements it may see; None is anybody's.
    """

    agents: Sequence[Json] | None = None
    activities: Sequence[str] | None = None
    authority: Json | None = None

    def shows(self, statement: Json) -> bool:
        shown = self.authority is None or statement["authority"] == self.authority
        if self.agents is not None:
            shown &= statement["actor"] in self.agents
        if self.activities is not None:
            shown &= not {*self.activities}.isdisjoint(activities_of(statement))
        return shown

    @property
    def grant(self) -> Grant:
        agents = None if self.agents is None else [json.dumps(each) for each in self.agents]
        return Grant.of(agents, self.activities)


def activities_of(event: Json) -> set[str]:
    """Every activity that is the object or in the context, of a SubStatement too."""
    found = {
        each["id"]
        for several in event.get("context", {}).get("contextActivities", {}).values()
        for each in several
    }
    target = event["object"]
    if target["objectType"] == "SubStatement":
        return found | activities_of(target)
    return found | ({target["id"]} if target["objectType"] == "Activity" else set())


def iris(*numbers: int) -> list[str]:
    return [activity(f"c{number}")["id"] for number in numbers]


ACCESS = {
    "mine": Access(authority=TOOLS),
    "one agent": Access([agent("a0")]),
    "an agent that is the authority too": Access([TOOLS]),
    "a team": Access([agent("a0"), agent("a2")]),
    "a large team": Access([*PEOPLE[:3], *UNKNOWN]),
    "one activity": Access(activities=iris(0)),
    "activities": Access(activities=iris(0, 2, 100)),
    "a team and activities": Access(PEOPLE[1:4], iris(1, 2)),
    "a team, mine": Access(PEOPLE[:3], None, TOOLS),
    "activities, mine": Access(None, iris(0, 3), TOOLS),
    "all of them": Access(PEOPLE[:4], iris(0, 3), TOOLS),
    "no agent": Access([]),
    "no activity": Access(activities=[]),
    "a strange agent": Access(UNKNOWN[:1]),
}


def credential(access: Access) -> dict[str, Any]:
    """What `NewCredential` says of it."""
    given: dict[str, Any] = {"scopes": READ, "grant": access.grant}
    if access.authority is None:
        return given
    return given | with_authority() | {"scopes": MINE}


def with_authority() -> dict[str, Any]:
    key = ifi_key(Ifi("mbox", TOOLS["mbox"]))
    return {"authority": json.dumps(TOOLS), "authority_key": key}


def context_of(random: Random) -> Json:
    context: Json = {}
    if random.random() < 0.5:
        context["instructor"] = random.choice(PEOPLE)
    if random.random() < 0.5:
        kind = random.choice(["parent", "grouping", "category", "other"])
        context["contextActivities"] = {kind: [activity(f"c{random.randrange(4)}")]}
    return context


def object_of(random: Random, ids: Sequence[str]) -> Json:
    what = random.random()
    if what < 0.3:
        return reference(random.choice(ids))
    if what < 0.4:
        return random.choice(PEOPLE)
    if what < 0.5:
        return a_substatement(object=activity(f"c{random.randrange(4)}"))
    return activity(f"c{random.randrange(4)}")


def told(random: Random, ids: Sequence[str], place: int) -> Json:
    """Make a statement, which may be about any other one, earlier or later."""
    is_voiding = random.random() < 0.08
    return a_statement(
        id=ids[place],
        actor=random.choice(PEOPLE),
        verb={"id": VOIDED} if is_voiding else verb(f"v{random.randrange(3)}"),
        object=reference(random.choice(ids)) if is_voiding else object_of(random, ids),
        context=context_of(random) | {"registration": random.choice(REGISTRATIONS)},
    )


@dataclass(frozen=True)
class History:
    """A store that three tools have written to, and who reads it.

    Attributes:
        reader: of everything.
        readers: of a part, by the name of their access.
        statements: as they are kept, voided ones too, by id.
    """

    reader: httpx.AsyncClient
    readers: dict[str, httpx.AsyncClient]
    statements: dict[str, Json]

    def moment(self, place: int) -> str:
        moment: str = sorted(each["stored"] for each in self.statements.values())[place]
        return moment


async def stored_under(client: httpx.AsyncClient, identifier: str) -> Json:
    for name in ("statementId", "voidedStatementId"):
        answer = await client.get("/statements", params={name: identifier})
        if answer.status_code == 200:
            found: Json = answer.json()
            return found
    raise AssertionError(identifier)


@pytest.fixture(scope="module")
async def history(app: FastAPI, database: Database) -> AsyncIterator[History]:
    name, tenants = uuid4().hex, list[Tenant]()
    async with AsyncExitStack() as stack:

        async def client(**access: Any) -> httpx.AsyncClient:
            tenant = await make_tenant(database, name, **access)
            tenants.append(tenant)
            return await stack.enter_async_context(client_of(app, tenant))

        reader = await client()
        writers = [await client(**with_authority()) for _ in range(2)] + [reader]
        readers = {named: await client(**credential(each)) for named, each in ACCESS.items()}

        random, ids = Random(6), [new_id() for _ in range(STATEMENTS)]
        places = [(random.randrange(3), told(random, ids, n)) for n in range(STATEMENTS)]
        for writer, group in groupby(places, key=lambda each: each[0]):
            await post(writers[writer], *(statement for _, statement in group))
        yield History(reader, readers, {each: await stored_under(reader, each) for each in ids})
    for tenant in tenants:
        await revoke(database, tenant)


Asking = Callable[[History], Json]
RELATED_AGENTS, RELATED_ACTIVITIES = {"related_agents": "true"}, {"related_activities": "true"}
AGENT = {"agent": json.dumps(agent("a0"))}
ACTIVITY = {"activity": iris(0)[0]}
VERB = {"verb": verb("v1")["id"]}
FILTERS: dict[str, Asking] = {
    "no filter": lambda _: {},
    "agent": lambda _: AGENT,
    "agent outside": lambda _: {"agent": json.dumps(agent("a4"))},
    "related agent": lambda _: AGENT | RELATED_AGENTS,
    "related authority": lambda _: {"agent": json.dumps(TOOLS)} | RELATED_AGENTS,
    "verb": lambda _: VERB,
    "activity": lambda _: ACTIVITY,
    "related activity": lambda _: ACTIVITY | RELATED_ACTIVITIES,
    "registration": lambda _: {"registration": REGISTRATIONS[1]},
    "agent and verb": lambda _: AGENT | VERB,
    "verb and activity": lambda _: VERB | ACTIVITY,
    "all filters": lambda _: (
        AGENT | VERB | ACTIVITY | {"registration": REGISTRATIONS[0]} | RELATED_AGENTS
    ),
    "all related": lambda _: AGENT | ACTIVITY | RELATED_AGENTS | RELATED_ACTIVITIES,
    "since": lambda history: {"since": history.moment(STATEMENTS // 3)},
    "until and verb": lambda history: VERB | {"until": history.moment(STATEMENTS // 2)},
}


# Each access and each filter in both directions, but not all three together: that takes a minute.
QUESTIONS = [
    pytest.param(name, asking, direction, id=f"{name}-{called}-{direction}")
    for number, name in enumerate(ACCESS)
    for other, (called, asking) in enumerate(FILTERS.items())
    for direction in ["true" if (number + other) % 2 else "false"]
]


@pytest.mark.parametrize(("name", "asking", "ascending"), QUESTIONS)
async def test_a_list_is_the_whole_list_without_what_is_hidden(
    history: History, name: str, asking: Asking, ascending: str
) -> None:
    asked = asking(history) | {"ascending": ascending}
    whole = await listed(history.reader, **asked, limit=STATEMENTS)
    expected = [each for each in whole if ACCESS[name].shows(history.statements[each])]
    for limit in (9, 50):
        assert await listed(history.readers[name], **asked, limit=limit) == expected, limit


def test_each_access_shows_a_part(history: History) -> None:
    """Otherwise the comparison would say little."""
    for name, access in ACCESS.items():
        shown = sum(map(access.shows, history.statements.values()))
        is_empty = name in {"no agent", "no activity", "a strange agent"}
        assert shown == 0 if is_empty else 0 < shown < STATEMENTS, name


@pytest.mark.parametrize("name", ACCESS)
async def test_a_statement_by_its_id_is_there_if_it_is_in_the_list(
    history: History, name: str
) -> None:
    client, access = history.readers[name], ACCESS[name]
    not_voided = await listed(history.reader, limit=STATEMENTS)
    voided = [each for each in history.statements if each not in not_voided]
    assert voided
    for parameter, ids in (("statementId", not_voided), ("voidedStatementId", voided)):
        for identifier in ids:
            answer = await client.get("/statements", params={parameter: identifier})
            is_shown = access.shows(history.statements[identifier])
            assert answer.status_code == (200 if is_shown else 404)
            if is_shown:
                assert answer.json() == history.statements[identifier]


async def test_more_shows_what_the_one_who_follows_it_may_see(history: History) -> None:
    first = await page(history.reader, limit=20)
    client, access = history.readers["a team"], ACCESS["a team"]
    result = await following(client, first["more"])
    found = ids_on(result)
    while result["more"]:
        result = await following(client, result["more"])
        found += ids_on(result)
    whole = await listed(history.reader, limit=STATEMENTS)
    assert found == [each for each in whole[20:] if access.shows(history.statements[each])]


async def test_more_of_one_who_sees_little_leads_others_through_all(history: History) -> None:
    first = await page(history.readers["a team"], limit=5)
    found = ids_on(await following(history.reader, first["more"]))
    whole = await listed(history.reader, limit=STATEMENTS)
    place = whole.index(ids_on(first)[-1]) + 1
    assert found == whole[place : place + 5]
