"""The filters of GET, one by one and together (Comm. 2.1.3)."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, agent, group, verb
from statement_resource import listed, new_id, post, stored

HOME = "https://people.example.org"
REGISTRATION = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"


async def found(client: httpx.AsyncClient, statement: Json, **parameters: Any) -> bool:
    """Tell whether a statement is found among others that must not be."""
    _, wanted, _ = await post(
        client, a_statement(actor=agent("x")), statement, a_statement(actor=agent("y"))
    )
    ids = await listed(client, **parameters)
    assert ids in ([], [wanted])
    return ids == [wanted]


def as_json(value: Json) -> str:
    return json.dumps(value)


@pytest.mark.requirement("XAPI-00181")
@pytest.mark.parametrize(
    "ifi",
    [
        {"mbox": "mailto:grace@example.org"},
        {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
        {"openid": "https://grace.example.org/"},
        {"account": {"homePage": HOME, "name": "grace"}},
    ],
    ids=lambda ifi: next(iter(ifi)),
)
async def test_agent_finds_by_each_identifier(client: httpx.AsyncClient, ifi: Json) -> None:
    assert await found(client, a_statement(actor=ifi), agent=as_json(ifi))


@pytest.mark.parametrize(
    ("sent", "asked", "is_same"),
    [
        ({"mbox": "mailto:grace@EXAMPLE.org"}, {"mbox": "mailto:grace@example.ORG"}, True),
        ({"mbox": "mailto:Grace@example.org"}, {"mbox": "mailto:grace@example.org"}, False),
        ({"mbox_sha1sum": "EB" * 20}, {"mbox_sha1sum": "eb" * 20}, True),
        ({"openid": "https://example.org/Grace"}, {"openid": "https://example.org/grace"}, False),
        ({"openid": "https://example.org/"}, {"openid": "https://example.org"}, False),
        ({"openid": "http://example.org/"}, {"openid": "https://example.org/"}, False),
        (
            {"account": {"homePage": HOME, "name": "Grace"}},
            {"account": {"homePage": HOME, "name": "grace"}},
            False,
        ),
        (
            {"account": {"homePage": HOME + "/", "name": "grace"}},
            {"account": {"homePage": HOME, "name": "grace"}},
            False,
        ),
    ],
)
async def test_identifiers_are_compared_by_their_own_case_rules(
    client: httpx.AsyncClient, sent: Json, asked: Json, *, is_same: bool
) -> None:
    assert await found(client, a_statement(actor=sent), agent=as_json(asked)) is is_same


@pytest.mark.parametrize(
    "asked",
    [
        {"mbox": "mailto:grace@example.org"},
        {"objectType": "Agent", "mbox": "mailto:grace@example.org"},
        {"objectType": "Agent", "name": "Somebody else", "mbox": "mailto:grace@example.org"},
        {"objectType": "Group", "mbox": "mailto:grace@example.org"},
        {"objectType": "Group", "mbox": "mailto:grace@example.org", "member": [agent("zoe")]},
    ],
)
async def test_only_the_identifier_of_the_agent_counts(
    client: httpx.AsyncClient, asked: Json
) -> None:
    statement = a_statement(actor=agent("grace") | {"name": "Grace"})
    assert await found(client, statement, agent=as_json(asked))


ADA_ONLY = group(agent("grace"))
READERS = group(agent("grace"), agent("bob"), mbox="mailto:readers@example.org")
DIRECT = {
    "actor": a_statement(actor=agent("grace")),
    "object": a_statement(object=agent("grace")),
    "member of an anonymous Group as actor": a_statement(actor=ADA_ONLY),
    "member of an identified Group as actor": a_statement(actor=READERS),
    "member of an anonymous Group as object": a_statement(object=ADA_ONLY),
    "member of an identified Group as object": a_statement(object=READERS),
}


@pytest.mark.parametrize("statement", DIRECT.values(), ids=DIRECT.keys())
async def test_agent_looks_at(client: httpx.AsyncClient, statement: Json) -> None:
    assert await found(client, statement, agent=as_json(agent("grace")))


@pytest.mark.parametrize("place", ["actor", "object"])
async def test_agent_finds_an_identified_group(client: httpx.AsyncClient, place: str) -> None:
    asked = {"objectType": "Group", "mbox": "mailto:readers@example.org"}
    assert await found(client, a_statement(**{place: READERS}), agent=as_json(asked))


async def test_every_member_of_a_group_finds_it(client: httpx.AsyncClient) -> None:
    ids = await post(client, a_statement(actor=READERS))
    for name in ("grace", "bob", "readers"):
        assert await listed(client, agent=as_json(agent(name))) == ids


RELATED = {
    "instructor": a_statement(context={"instructor": agent("grace")}),
    "member of instructor": a_statement(context={"instructor": ADA_ONLY}),
    "team": a_statement(context={"team": group(mbox="mailto:grace@example.org")}),
    "member of team": a_statement(context={"team": ADA_ONLY}),
    "actor of SubStatement": a_statement(object=a_substatement(actor=agent("grace"))),
    "member of actor of SubStatement": a_statement(object=a_substatement(actor=READERS)),
    "object of SubStatement": a_statement(object=a_substatement(object=agent("grace"))),
    "member of object of SubStatement": a_statement(object=a_substatement(object=READERS)),
    "instructor of SubStatement": a_statement(
        object=a_substatement(context={"instructor": agent("grace")})
    ),
    "team of SubStatement": a_statement(object=a_substatement(context={"team": ADA_ONLY})),
}
RELATED_IN_2 = {
    "contextAgents": [{"objectType": "contextAgent", "agent": agent("grace")}],
    "contextGroups": [
        {"objectType": "contextGroup", "group": group(mbox="mailto:grace@example.org")}
    ],
}
MEMBER_IN_2 = {"contextGroups": [{"objectType": "contextGroup", "group": READERS}]}


@pytest.mark.requirement("XAPI-00176")
@pytest.mark.parametrize("statement", RELATED.values(), ids=RELATED.keys())
@pytest.mark.parametrize("related", ["true", "false"])
async def test_related_agents_looks_at(
    client: httpx.AsyncClient, statement: Json, related: str
) -> None:
    asked = as_json(agent("grace"))
    is_found = await found(client, statement, agent=asked, related_agents=related)
    assert is_found is (related == "true")


@pytest.mark.parametrize("statement", DIRECT.values(), ids=DIRECT.keys())
async def test_related_agents_also_looks_at(client: httpx.AsyncClient, statement: Json) -> None:
    asked = as_json(agent("grace"))
    assert await found(client, statement, agent=asked, related_agents="true")


@pytest.mark.requirement("XAPI-00176")
@pytest.mark.parametrize(
    "context",
    [*({name: value} for name, value in RELATED_IN_2.items()), MEMBER_IN_2],
    ids=["contextAgents", "contextGroups", "member of contextGroups"],
)
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "in SubStatement"])
async def test_related_agents_looks_at_what_2_0_brings(
    client: httpx.AsyncClient, context: Json, *, inside: bool
) -> None:
    client.headers["X-Experience-API-Version"] = "2.0.0"
    statement = a_statement(context=context)
    if inside:
        statement = a_statement(object={"objectType": "SubStatement", **statement})
    asked = as_json(agent("grace"))
    (identifier,) = await post(client, statement)
    assert await listed(client, agent=asked) == []
    assert await listed(client, agent=asked, related_agents="true") == [identifier]


@pytest.mark.requirement("XAPI-00176")
async def test_related_agents_looks_at_the_authority(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    authority = as_json((await stored(client, identifier))["authority"])
    assert await listed(client, agent=authority) == []
    assert await listed(client, agent=authority, related_agents="true") == [identifier]


async def test_a_client_s_authority_is_no_related_agent(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(authority=agent("grace")))
    assert await listed(client, agent=as_json(agent("grace")), related_agents="true") == []


@pytest.mark.requirement("XAPI-00180")
async def test_verb_finds_by_id(client: httpx.AsyncClient) -> None:
    statement = a_statement(verb=verb("tried") | {"display": {"en": "tried"}})
    assert await found(client, statement, verb=verb("tried")["id"])


@pytest.mark.parametrize("asked", ["http://example.org/verbs/TRIED", "http://example.org/verbs/tr"])
async def test_verb_is_compared_as_a_simple_string(client: httpx.AsyncClient, asked: str) -> None:
    assert not await found(client, a_statement(verb=verb("tried")), verb=asked)


async def test_verb_does_not_look_into_substatements(client: httpx.AsyncClient) -> None:
    statement = a_statement(object=a_substatement(verb=verb("tried")))
    assert not await found(client, statement, verb=verb("tried")["id"])


@pytest.mark.requirement("XAPI-00178")
async def test_registration_finds_in_any_case(client: httpx.AsyncClient) -> None:
    statement = a_statement(context={"registration": REGISTRATION})
    (identifier,) = await post(client, statement)
    assert await listed(client, registration=REGISTRATION.upper()) == [identifier]
    assert await listed(client, registration=new_id()) == []


async def test_registration_does_not_look_into_substatements(client: httpx.AsyncClient) -> None:
    statement = a_statement(object=a_substatement(context={"registration": REGISTRATION}))
    assert not await found(client, statement, registration=REGISTRATION)


@pytest.mark.requirement("XAPI-00174", "XAPI-00175")
async def test_since_is_exclusive_and_until_inclusive(client: httpx.AsyncClient) -> None:
    ids = [(await post(client, a_statement()))[0] for _ in range(3)]
    moment = (await stored(client, ids[1]))["stored"]
    assert await listed(client, since=moment) == [ids[2]]
    assert await listed(client, until=moment) == [ids[1], ids[0]]
    assert await listed(client, since=moment, until=moment) == []


async def test_since_and_until_may_have_any_offset(client: httpx.AsyncClient) -> None:
    ids = [(await post(client, a_statement()))[0] for _ in range(2)]
    moment = datetime.fromisoformat((await stored(client, ids[0]))["stored"])
    elsewhere = (moment + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")
    assert await listed(client, since=elsewhere) == [ids[1]]
    assert await listed(client, until=elsewhere) == [ids[0]]


@pytest.mark.parametrize("year", ["0001", "1600", "1969", "2300", "9999"])
async def test_since_and_until_may_lie_far_away(client: httpx.AsyncClient, year: str) -> None:
    ids = await post(client, a_statement())
    moment = f"{year}-06-01T00:00:00Z"
    is_past = year < "2000"
    assert await listed(client, since=moment) == (ids if is_past else [])
    assert await listed(client, until=moment) == ([] if is_past else ids)


async def test_related_alone_changes_nothing(client: httpx.AsyncClient) -> None:
    ids = await post(client, a_statement())
    assert await listed(client, related_agents="true") == ids
    assert await listed(client, related_activities="true") == ids
