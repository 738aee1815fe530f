"""The Agents Resource: the Person of an Agent (Comm. 2.4)."""

import asyncio
import json
from hashlib import sha1
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, a_substatement, agent, group, verb
from conftest import Tenant, client_of, make_tenant, revoke
from document_resources import etag_of
from known_people import make
from lrs.auth.scopes import Scope, with_implied
from lrs.storage.engines import Database
from statement_resource import VERSION_2, post

ADA = {"mbox": "mailto:ada@example.org"}
ACCOUNT = {"homePage": "https://lms.example.org", "name": "4711"}
BY_MBOX: Json = ADA
BY_HASH: Json = {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}
BY_OPENID: Json = {"openid": "https://ada.example.org/"}
BY_ACCOUNT: Json = {"account": ACCOUNT}
IDENTIFIERS = [BY_MBOX, BY_HASH, BY_OPENID, BY_ACCOUNT]


async def ask(client: httpx.AsyncClient, wanted: Json, **headers: str) -> httpx.Response:
    return await client.get("/agents", params={"agent": json.dumps(wanted)}, headers=headers)


async def person(client: httpx.AsyncClient, wanted: Json) -> Json:
    """Return the Person of an Agent."""
    answer = await ask(client, wanted)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert found["objectType"] == "Person"
    return found


async def names(client: httpx.AsyncClient, wanted: Json) -> list[str]:
    """Return the names of an Agent."""
    found: list[str] = (await person(client, wanted)).get("name", [])
    return found


async def refused(client: httpx.AsyncClient, query: Any, **headers: str) -> str:
    """Ask, expect a refusal, and return its text."""
    answer = await client.get("/agents", params=query, headers=headers)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["detail"])


def named(name: str, **more: Any) -> Json:
    return ADA | {"name": name} | more


@pytest.mark.requirement("XAPI-00237", "XAPI-00247")
@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param(BY_MBOX, marks=pytest.mark.requirement("XAPI-00239", "XAPI-00244")),
        pytest.param(BY_HASH, marks=pytest.mark.requirement("XAPI-00240")),
        pytest.param(BY_OPENID, marks=pytest.mark.requirement("XAPI-00241")),
        pytest.param(BY_ACCOUNT, marks=pytest.mark.requirement("XAPI-00242")),
    ],
    ids=lambda each: next(iter(each)),
)
async def test_an_unknown_agent_is_answered_as_it_was_asked_for(
    client: httpx.AsyncClient, identifier: Json
) -> None:
    arrays = {name: [value] for name, value in identifier.items()}
    assert await person(client, identifier) == {"objectType": "Person", **arrays}
    asked = {"objectType": "Agent", "name": "Ada"} | identifier
    assert await person(client, asked) == {"objectType": "Person", "name": ["Ada"], **arrays}


@pytest.mark.requirement("XAPI-00236", "XAPI-00238", "XAPI-00248")
@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda each: next(iter(each)))
async def test_names_of_statements_belong_to_the_person(
    client: httpx.AsyncClient, identifier: Json
) -> None:
    for name in ("Ada Lovelace", "Ada", "Ada Lovelace"):
        await post(client, a_statement(actor={"name": name} | identifier))
    assert await names(client, identifier) == ["Ada", "Ada Lovelace"]


async def test_every_place_of_a_statement_gives_names(client: httpx.AsyncClient) -> None:
    inner = a_substatement(
        actor=named("actor of SubStatement"),
        object=named("object of SubStatement", objectType="Agent"),
        context={"instructor": named("instructor of SubStatement")},
    )
    context = {
        "instructor": named("instructor"),
        "team": group(named("member of team")),
        "contextAgents": [{"objectType": "contextAgent", "agent": named("context Agent")}],
        "contextGroups": [
            {"objectType": "contextGroup", "group": group(named("member of context Group"))}
        ],
    }
    client.headers.update(VERSION_2)
    await post(
        client,
        a_statement(actor=named("actor"), object=inner, context=context),
        a_statement(actor=group(named("member")), object=named("object", objectType="Agent")),
    )
    assert await names(client, ADA) == sorted(
        [
            "actor", "object", "member", "instructor", "member of team", "context Agent",
            "member of context Group", "actor of SubStatement", "object of SubStatement",
            "instructor of SubStatement",
        ]
    )  # fmt: skip


@pytest.mark.requirement("XAPI-00246", "XAPI-00248")
async def test_names_of_a_batch_and_the_one_of_the_question_are_joined(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement(actor=named("Ada")), a_statement(actor=named("Countess")))
    assert await names(client, named("Mum")) == ["Ada", "Countess", "Mum"]
    assert await names(client, named("Ada")) == ["Ada", "Countess"]
    assert await names(client, ADA) == ["Ada", "Countess"]


async def test_the_same_agent_is_known_however_it_is_written(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=named("Ada")))
    asked = {"mbox": "mailto:ada@EXAMPLE.org"}
    assert await person(client, asked) == {
        "objectType": "Person",
        "name": ["Ada"],
        "mbox": ["mailto:ada@EXAMPLE.org"],
    }


async def test_other_agents_keep_their_names(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=named("Ada"), object=agent("bob") | {"name": "Bob"}))
    assert await names(client, ADA) == ["Ada"]
    assert await names(client, agent("bob")) == ["Bob"]
    assert await names(client, {"account": ACCOUNT}) == []


async def test_who_may_not_read_persons_is_told_of_the_agent_alone(
    app: FastAPI, database: Database, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    hashed = {"mbox_sha1sum": sha1(ADA["mbox"].encode(), usedforsecurity=False).hexdigest()}
    await post(client, a_statement(actor=named("Ada")), a_statement(actor=hashed))
    await make(client, ADA, name="Countess")
    scopes = with_implied([Scope.STATEMENTS_READ])
    reader = await make_tenant(database, tenant.principal.store_name, scopes=scopes)
    async with client_of(app, reader) as reading:
        assert await person(reading, hashed) == {
            "objectType": "Person",
            "mbox_sha1sum": [hashed["mbox_sha1sum"]],
        }
        assert await person(reading, ADA) == {
            "objectType": "Person",
            "name": ["Ada"],
            "mbox": [ADA["mbox"]],
        }
    await revoke(database, reader)


async def test_who_may_read_persons_is_told_all_that_is_the_same_one_s(
    client: httpx.AsyncClient,
) -> None:
    digest = sha1(ADA["mbox"].encode(), usedforsecurity=False).hexdigest()
    await post(client, a_statement(actor=named("Ada")))
    await post(client, a_statement(actor=BY_ACCOUNT | {"name": "ada.l"}))
    await make(
        client, ADA, BY_ACCOUNT, BY_OPENID, {"mbox": "mailto:a@example.org"}, name="Countess"
    )
    found = await person(client, BY_ACCOUNT)
    assert found["name"] == ["Ada", "Countess", "ada.l"]
    assert found["account"] == [ACCOUNT]
    assert found["openid"] == [BY_OPENID["openid"]]
    assert found["mbox"] == ["mailto:a@example.org", ADA["mbox"]]
    assert digest in found["mbox_sha1sum"]
    # What was asked for comes first, as it was written.
    asked = {"mbox": "mailto:ada@EXAMPLE.org"}
    assert (await person(client, asked))["mbox"] == [asked["mbox"], "mailto:a@example.org"]


async def test_the_name_of_a_group_is_no_agent_s(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=group(**ADA, name="Readers")))
    assert await names(client, ADA) == []


async def test_the_name_that_we_give_an_authority_is_no_name_of_a_statement(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement())
    listed = (await client.get("/statements")).json()["statements"]
    authority = listed[0]["authority"]
    assert await names(client, {"account": authority["account"]}) == []


async def test_names_come_back_in_every_script(client: httpx.AsyncClient) -> None:
    several = ["Ада", "أدا", "愛達", "𐌰𐌳𐌰", 'Ada\n"L\\"', " "]
    await post(client, *(a_statement(actor=named(name)) for name in several))
    assert await names(client, ADA) == sorted(several)


async def test_texts_that_are_too_long_or_empty_are_no_names(client: httpx.AsyncClient) -> None:
    several = ["a" * 1_000, "b" * 1_001, ""]
    await post(client, *(a_statement(actor=named(name)) for name in several))
    assert await names(client, ADA) == several[:1]


async def test_no_more_than_a_hundred_names_are_told(client: httpx.AsyncClient) -> None:
    several = {f"Ada {number}" for number in range(120)}
    await post(client, *(a_statement(actor=named(name)) for name in several))
    told = await names(client, ADA)
    assert len(told) == 100
    assert told == sorted(told)
    assert set(told) < several
    assert "Somebody" in await names(client, named("Somebody"))


async def test_a_refused_batch_leaves_no_name(client: httpx.AsyncClient) -> None:
    bad = a_statement(verb={"id": "no IRI"})
    answer = await client.post("/statements", json=[a_statement(actor=named("Ada")), bad])
    assert answer.status_code == 400
    assert await names(client, ADA) == []


async def test_writers_who_name_the_same_agents_at_once_do_not_hinder_each_other(
    client: httpx.AsyncClient,
) -> None:
    def batch(start: int) -> list[Json]:
        numbers = [(start * 7 + step) % 20 for step in range(20)]
        return [a_statement(actor=agent(f"a{it}") | {"name": f"Agent {it}"}) for it in numbers]

    await asyncio.gather(*(post(client, *batch(start)) for start in range(12)))
    for number in range(20):
        assert await names(client, agent(f"a{number}")) == [f"Agent {number}"]


async def test_another_store_knows_nothing_of_them(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await post(client, a_statement(actor=named("Ada")))
    assert await names(other, ADA) == []


async def test_the_etag_is_the_hash_of_the_answer(client: httpx.AsyncClient) -> None:
    before = await ask(client, ADA)
    assert before.headers["Content-Type"] == "application/json"
    assert before.headers["ETag"] == etag_of(before.content)
    assert (await ask(client, ADA)).headers["ETag"] == before.headers["ETag"]

    await post(client, a_statement(actor=named("Ada")))
    assert (await ask(client, ADA)).headers["ETag"] != before.headers["ETag"]


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    query = {"agent": json.dumps(ADA)}
    got, headed = [await client.request(it, "/agents", params=query) for it in ("GET", "HEAD")]
    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type"):
        assert headed.headers[name] == got.headers[name]


@pytest.mark.requirement("XAPI-00243")
async def test_agent_is_required(client: httpx.AsyncClient) -> None:
    assert "agent" in await refused(client, {})


@pytest.mark.requirement("XAPI-00249")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "null",
        "{}",
        json.dumps([ADA]),
        json.dumps({"name": "Ada"}),
        json.dumps({"mbox": ["mailto:ada@example.org"]}),
        json.dumps({"mbox": "ada@example.org"}),
        json.dumps(ADA | {"openid": "http://ada.example.org"}),
        json.dumps({"account": {"name": "ada"}}),
        json.dumps(ADA | {"objectType": "Person"}),
        json.dumps(ADA | {"foo": "bar"}),
        json.dumps(ADA | {"member": []}),
    ],
)
async def test_what_is_no_agent_is_refused(client: httpx.AsyncClient, text: str) -> None:
    assert "agent" in await refused(client, {"agent": text})


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_a_group_is_refused(client: httpx.AsyncClient, version: str) -> None:
    headers = {"X-Experience-API-Version": version}
    for each in (group(**ADA), group(agent("bob"), **ADA), group(agent("bob"))):
        assert "Group" in await refused(client, {"agent": json.dumps(each)}, **headers)


@pytest.mark.parametrize("name", ["foo", "Agent", "AGENT", "profileId", "since", "activityId"])
async def test_an_unknown_or_miscased_parameter_is_refused(
    client: httpx.AsyncClient, name: str
) -> None:
    text = json.dumps(ADA)
    assert name in await refused(client, {"agent": text, name: text})


async def test_agent_is_given_once(client: httpx.AsyncClient) -> None:
    assert "twice" in await refused(client, [("agent", json.dumps(ADA))] * 2)


async def test_credentials_are_needed(anonymous: httpx.AsyncClient) -> None:
    assert (await ask(anonymous, ADA)).status_code == 401


@pytest.mark.parametrize(("sent", "answered"), [("1.0", "1.0.3"), ("2.0.0", "2.0.0")])
async def test_both_versions_are_answered_in_kind(
    client: httpx.AsyncClient, sent: str, answered: str
) -> None:
    answer = await ask(client, ADA, **{"X-Experience-API-Version": sent})
    assert answer.status_code == 200
    assert answer.headers["X-Experience-API-Version"] == answered


@pytest.mark.requirement("XAPI-00321")
async def test_a_version_is_needed(client: httpx.AsyncClient) -> None:
    del client.headers["X-Experience-API-Version"]
    answer = await ask(client, ADA)
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, "1.0.3")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_nothing_can_be_written(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/agents", params={"agent": json.dumps(ADA)})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_the_alternate_syntax_asks_too(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=named("Ada"), verb=verb()))
    answer = await client.post("/agents?method=GET", data={"agent": json.dumps(ADA)})
    assert answer.json()["name"] == ["Ada"]
