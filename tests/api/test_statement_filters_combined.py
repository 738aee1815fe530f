"""The `activity` filter, and filters that stand together (Comm. 2.1.3)."""

import itertools
import json
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, agent, referring, verb
from statement_resource import listed, post

QUIZ = activity("quiz")
IRI: str = QUIZ["id"]
REGISTRATION = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"


@pytest.mark.requirement("XAPI-00179")
async def test_activity_looks_at_the_object(client: httpx.AsyncClient) -> None:
    quiz, _ = await post(client, a_statement(object=QUIZ), a_statement())
    assert await listed(client, activity=IRI) == [quiz]
    assert await listed(client, activity=IRI, related_activities="true") == [quiz]


async def test_activity_is_found_without_object_type(client: httpx.AsyncClient) -> None:
    ids = await post(client, a_statement(object={"id": IRI}))
    assert await listed(client, activity=IRI) == ids


@pytest.mark.parametrize("asked", [IRI + "/", IRI.upper(), IRI.replace("http:", "https:")])
async def test_activity_is_compared_as_a_simple_string(
    client: httpx.AsyncClient, asked: str
) -> None:
    await post(client, a_statement(object=QUIZ))
    assert await listed(client, activity=asked) == []


async def test_an_agent_with_the_iri_as_its_identifier_is_no_activity(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement(object={"objectType": "Agent", "openid": IRI}))
    assert await listed(client, activity=IRI) == []
    assert await listed(client, activity=IRI, related_activities="true") == []


KINDS = ("parent", "grouping", "category", "other")
CONTEXTS = {
    **{kind: {"contextActivities": {kind: [activity(), QUIZ]}} for kind in KINDS},
    **{f"lone {kind}": {"contextActivities": {kind: QUIZ}} for kind in KINDS},
}
RELATED = {
    **{name: a_statement(context=context) for name, context in CONTEXTS.items()},
    **{
        f"{name} of SubStatement": a_statement(object=a_substatement(context=context))
        for name, context in CONTEXTS.items()
    },
    "object of SubStatement": a_statement(object=a_substatement(object=QUIZ)),
}


@pytest.mark.requirement("XAPI-00177")
@pytest.mark.parametrize("statement", RELATED.values(), ids=RELATED.keys())
async def test_related_activities_looks_at(client: httpx.AsyncClient, statement: Json) -> None:
    wanted, _ = await post(client, statement, a_statement())
    assert await listed(client, activity=IRI) == []
    assert await listed(client, activity=IRI, related_activities="false") == []
    assert await listed(client, activity=IRI, related_activities="true") == [wanted]


# Each filter with a property that fits it, and one that does not.
FILTERS: dict[str, tuple[str, Json, Json]] = {
    "agent": (json.dumps(agent("grace")), {"actor": agent("grace")}, {"actor": agent("bob")}),
    "verb": (verb("tried")["id"], {"verb": verb("tried")}, {"verb": verb("failed")}),
    "activity": (IRI, {"object": QUIZ}, {"object": activity()}),
    "registration": (REGISTRATION, {"context": {"registration": REGISTRATION}}, {}),
}
COMBINATIONS = [names for size in (2, 3, 4) for names in itertools.combinations(FILTERS, size)]
RELATED_FLAGS: list[Json] = [
    {},
    {"related_agents": "true"},
    {"related_activities": "true"},
    {"related_agents": "true", "related_activities": "true"},
]


def asked_for(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: FILTERS[name][0] for name in names}


@pytest.mark.requirement("XAPI-00164")
@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
async def test_all_filters_must_fit(client: httpx.AsyncClient, names: tuple[str, ...]) -> None:
    fitting: Json = {}
    for name in FILTERS:
        fitting |= FILTERS[name][1]
    almost = []
    for name in names:
        others = {key: value for key, value in fitting.items() if key not in FILTERS[name][1]}
        almost.append(a_statement(**(others | FILTERS[name][2])))
    wanted, *_ = await post(client, a_statement(**fitting), *almost)
    for flags in RELATED_FLAGS:
        assert await listed(client, **asked_for(names), **flags) == [wanted], flags


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
async def test_a_referring_statement_and_its_target_do_not_share_the_filters(
    client: httpx.AsyncClient, names: tuple[str, ...]
) -> None:
    # The object of the referring statement is the reference, so it fits no activity.
    first = next(name for name in names if name != "activity")
    outer = FILTERS[first][1]
    inner: Json = {}
    for name in names:
        if name != first:
            inner |= FILTERS[name][1]
    (target,) = await post(client, a_statement(actor=agent("bob"), object=activity()) | inner)
    await post(client, referring(target, **outer))
    for flags in RELATED_FLAGS:
        assert await listed(client, **asked_for(names), **flags) == [], flags


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
async def test_a_target_that_fits_all_filters_brings_its_referrer(
    client: httpx.AsyncClient, names: tuple[str, ...]
) -> None:
    fitting: Json = {}
    for name in names:
        fitting |= FILTERS[name][1]
    (target,) = await post(client, a_statement(**fitting))
    (referrer,) = await post(client, referring(target))
    for flags in RELATED_FLAGS:
        assert await listed(client, **asked_for(names), **flags) == [referrer, target], flags


@pytest.mark.parametrize(
    "place", ["instructor", "parent"], ids=["related agent", "related activity"]
)
async def test_related_positions_meet_other_filters_in_one_statement(
    client: httpx.AsyncClient, place: str
) -> None:
    if place == "instructor":
        context: Json = {"instructor": agent("grace")}
        asked = {"agent": json.dumps(agent("grace")), "related_agents": "true"}
    else:
        context = {"contextActivities": {"parent": QUIZ}}
        asked = {"activity": IRI, "related_activities": "true"}
    tried, _, registered, *_ = await post(
        client,
        a_statement(context=context, verb=verb("tried")),
        a_statement(context=context, verb=verb("failed")),
        a_statement(context=context | {"registration": REGISTRATION}),
        a_statement(verb=verb("tried")),
    )
    assert await listed(client, **asked, verb=verb("tried")["id"]) == [tried]
    assert await listed(client, **asked, registration=REGISTRATION) == [registered]
    assert len(await listed(client, **asked)) == 3


async def test_related_agent_and_related_activity_meet_in_one_statement(
    client: httpx.AsyncClient,
) -> None:
    parent = {"contextActivities": {"parent": QUIZ}}
    both, *_ = await post(
        client,
        a_statement(context={"instructor": agent("grace"), **parent}),
        a_statement(context={"instructor": agent("grace")}),
        a_statement(context=parent),
    )
    asked = {"agent": json.dumps(agent("grace")), "activity": IRI}
    related = {"related_agents": "true", "related_activities": "true"}
    assert await listed(client, **asked, **related) == [both]
    assert await listed(client, **asked, related_agents="true") == []
    assert await listed(client, **asked, related_activities="true") == []
