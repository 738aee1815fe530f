"""Without `define`, what statements say of verbs and activities changes nothing (Comm. 4.2)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import Json, a_statement, agent
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.scopes import EVERYTHING, Scope
from lrs.storage.engines import Database
from statement_resource import listed, new_id, page, post, stored


@pytest.fixture
async def writer(
    app: FastAPI, database: Database, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the same store that may do everything but define."""
    scopes = EVERYTHING - {Scope.DEFINE, Scope.ALL}
    limited = await make_tenant(database, tenant.principal.store_name, scopes=scopes)
    async with client_of(app, limited) as writer:
        yield writer
    await revoke(database, limited)


def described(name: str, iri: str, **more: Any) -> Json:
    """A statement that calls its activity and its verb so."""
    definition = {"name": {"en": name}, "type": "http://example.org/type"} | more
    return a_statement(
        verb={"id": f"{iri}/verb", "display": {"en": name}},
        object={"id": iri, "definition": definition},
    )


@pytest.fixture
def iri() -> str:
    return f"http://example.org/{new_id()}"


async def definition(client: httpx.AsyncClient, iri: str) -> Json | None:
    """Return what the Activities Resource says of an activity."""
    answer = await client.get("/activities", params={"activityId": iri})
    assert answer.status_code == 200, answer.text
    found: Json | None = answer.json().get("definition")
    return found


async def names(client: httpx.AsyncClient, iri: str) -> list[str | None]:
    """Return how the activity and the verb are called in the canonical format."""
    (statement,) = (await page(client, format="canonical", activity=iri, limit=1))["statements"]
    shown = [
        statement["object"].get("definition", {}).get("name"),
        statement["verb"].get("display"),
    ]
    return [None if each is None else next(iter(each.values())) for each in shown]


async def test_who_may_not_define_stores_statements_as_they_are(
    writer: httpx.AsyncClient, iri: str
) -> None:
    (identifier,) = await post(writer, described("Mine", iri))
    kept = await stored(writer, identifier)
    assert kept["object"]["definition"]["name"] == {"en": "Mine"}
    assert kept["verb"]["display"] == {"en": "Mine"}


async def test_who_may_not_define_defines_nothing(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    await post(writer, described("Mine", iri))
    assert await definition(client, iri) is None
    assert await definition(writer, iri) is None


async def test_who_may_define_does(client: httpx.AsyncClient, iri: str) -> None:
    await post(client, described("Ours", iri))
    assert await definition(client, iri) == described("Ours", iri)["object"]["definition"]
    assert await names(client, iri) == ["Ours", "Ours"]


async def test_a_definition_stays_whoever_speaks_after_it(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    await post(client, described("Ours", iri))
    await post(writer, described("Mine", iri, moreInfo="http://example.org/forged"))
    await post(writer, described("Mine", iri), described("Mine again", iri))
    assert await definition(client, iri) == described("Ours", iri)["object"]["definition"]
    assert await names(client, iri) == ["Ours", "Ours"]


async def test_a_definition_comes_whoever_spoke_before_it(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    await post(writer, described("Ours", iri))
    assert await definition(client, iri) is None
    await post(client, described("Ours", iri))
    assert await names(client, iri) == ["Ours", "Ours"]


async def test_definitions_change_through_those_who_may_alone(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    for number in range(3):
        await post(client, described(f"Ours {number}", iri))
        await post(writer, described(f"Mine {number}", iri))
        assert await names(client, iri) == [f"Ours {number}"] * 2


async def test_languages_are_not_added_either(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    await post(client, described("Ours", iri))
    german = described("Mine", iri, description={"de": "So"})
    german["object"]["definition"]["name"] = german["verb"]["display"] = {"de": "Meins"}
    await post(writer, german)
    assert await definition(client, iri) == described("Ours", iri)["object"]["definition"]


async def test_activities_of_the_context_and_of_plans_are_not_defined(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    parts = {part: f"{iri}/{part}" for part in ("parent", "grouping", "category", "other")}
    context = {
        "contextActivities": {part: [described("Mine", it)["object"]] for part, it in parts.items()}
    }
    plan = {"objectType": "SubStatement", **described("Mine", iri)}
    await post(writer, a_statement(object=plan, context=context))
    assert [await definition(client, each) for each in (iri, *parts.values())] == [None] * 5


async def test_a_batch_defines_nothing(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    await post(client, described("Ours", iri))
    batch = [described(f"Mine {number}", iri) for number in range(600)]
    await post(writer, *batch)
    assert await names(client, iri) == ["Ours", "Ours"]


async def test_who_speaks_at_the_same_time_defines_as_each_may(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, iri: str
) -> None:
    iris = [f"{iri}/{number}" for number in range(20)]
    speaking = [
        post(speaker, described(name, each))
        for each in iris
        for speaker, name in ((client, "Ours"), (writer, "Mine"))
    ]
    await asyncio.gather(*speaking)
    assert [await names(client, each) for each in iris] == [["Ours", "Ours"]] * 20


async def test_what_is_named_is_known_all_the_same(
    client: httpx.AsyncClient, writer: httpx.AsyncClient, database: Database, tenant: Tenant,
    iri: str,
) -> None:  # fmt: skip
    (identifier,) = await post(writer, described("Mine", iri))
    assert await listed(client, activity=iri) == [identifier]
    assert await listed(client, verb=f"{iri}/verb") == [identifier]
    known = text(
        "SELECT iri, description FROM activities WHERE store = :store AND iri = :iri"
        " UNION ALL SELECT iri, description FROM verbs WHERE store = :store AND iri = :verb"
    )
    values = {"store": tenant.principal.store, "iri": iri, "verb": f"{iri}/verb"}
    async with database.primary() as connection:
        rows = (await connection.execute(known, values)).all()
    assert [tuple(row) for row in rows] == [(iri, None), (f"{iri}/verb", None)]


async def test_names_of_agents_are_kept(
    client: httpx.AsyncClient, writer: httpx.AsyncClient
) -> None:
    ada = agent(new_id())
    await post(writer, a_statement(actor=ada | {"name": "Ada"}))
    person = await client.get("/agents", params={"agent": f'{{"mbox":"{ada["mbox"]}"}}'})
    assert person.json()["name"] == ["Ada"]
