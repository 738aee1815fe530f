"""Filters follow StatementRefs, in whatever order statements arrive (Comm. 2.1.3)."""

import itertools
import json
from collections.abc import Sequence

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, agent, reference, referring, verb
from statement_resource import listed, new_id, post, stored

QUIZ = activity("quiz")
REGISTRATION = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"
# What a target has that no referrer has, and the parameters that ask for it.
TARGET: Json = {
    "actor": agent("grace"),
    "verb": verb("tried"),
    "object": QUIZ,
    "context": {
        "registration": REGISTRATION,
        "instructor": agent("teacher"),
        "contextActivities": {"parent": activity("parent")},
    },
}
ASKED: dict[str, Json] = {
    "agent": {"agent": json.dumps(agent("grace"))},
    "related agent": {"agent": json.dumps(agent("teacher")), "related_agents": "true"},
    "verb": {"verb": verb("tried")["id"]},
    "activity": {"activity": QUIZ["id"]},
    "related activity": {"activity": activity("parent")["id"], "related_activities": "true"},
    "registration": {"registration": REGISTRATION},
}
VERB = ASKED["verb"]


def chain(*properties: Json) -> dict[str, Json]:
    """Make statements of which each refers to the one before, by their ids."""
    target = a_statement(id=new_id()) | TARGET
    statements = [target]
    for more in properties:
        statements.append(referring(statements[-1]["id"], id=new_id(), **more))
    return {statement["id"]: statement for statement in statements}


async def post_each(client: httpx.AsyncClient, statements: Sequence[Json]) -> None:
    for statement in statements:
        await post(client, statement)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["target first", "referrer first"])
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_a_referrer_is_found_by_its_target(
    client: httpx.AsyncClient, order: Sequence[int], *, together: bool
) -> None:
    statements = list(chain({}).values())
    arriving = [statements[place] for place in order]
    if together:
        await post(client, *arriving)
    else:
        await post_each(client, arriving)
    expected = [statement["id"] for statement in arriving]
    for name, asked in ASKED.items():
        assert await listed(client, ascending="true", **asked) == expected, name
        assert await listed(client, **asked) == expected[::-1], name


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_a_chain_of_three_is_followed_in_every_order_of_arrival(
    client: httpx.AsyncClient, order: Sequence[int], *, together: bool
) -> None:
    statements = list(chain({}, {}).values())
    arriving = [statements[place] for place in order]
    if together:
        await post(client, *arriving)
    else:
        await post_each(client, arriving)
    expected = [statement["id"] for statement in arriving]
    for name, asked in ASKED.items():
        assert await listed(client, ascending="true", **asked) == expected, name


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_each_statement_of_a_chain_is_found_by_those_that_it_reaches_only(
    client: httpx.AsyncClient, order: Sequence[int]
) -> None:
    statements = list(chain({"verb": verb("b")}, {"verb": verb("c")}).values())
    await post_each(client, [statements[place] for place in order])
    first, second, third = (statement["id"] for statement in statements)
    assert set(await listed(client, **VERB)) == {first, second, third}
    assert set(await listed(client, verb=verb("b")["id"])) == {second, third}
    assert await listed(client, verb=verb("c")["id"]) == [third]


async def test_the_middle_arriving_last_joins_a_long_chain(client: httpx.AsyncClient) -> None:
    statements = list(chain(*[{}] * 8).values())
    middle = statements.pop(4)
    await post(client, *statements[:4])
    await post(client, *statements[4:])
    assert len(await listed(client, **VERB)) == 4
    await post(client, middle)
    assert len(await listed(client, **VERB)) == 9


async def test_all_referrers_of_a_late_target_are_found(client: httpx.AsyncClient) -> None:
    target = a_statement(id=new_id()) | TARGET
    ids = await post(client, *(referring(target["id"]) for _ in range(60)))
    assert await listed(client, **VERB) == []
    await post(client, target)
    assert set(await listed(client, **VERB)) == {target["id"], *ids}


async def test_a_tree_of_referrers_is_found(client: httpx.AsyncClient) -> None:
    root = a_statement(id=new_id()) | TARGET
    branches = [referring(root["id"], id=new_id()) for _ in range(3)]
    leaves = [referring(branch["id"], id=new_id()) for branch in branches for _ in range(2)]
    everything = [*leaves, root, *branches]
    await post_each(client, everything)
    assert len(await listed(client, **VERB)) == len(everything) == 10


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_a_cycle_ends(client: httpx.AsyncClient, size: int, *, together: bool) -> None:
    ids = [new_id() for _ in range(size)]
    cycle = [
        referring(ids[place - 1], id=identifier, verb=verb(f"v{place}"))
        for place, identifier in enumerate(ids)
    ]
    if together:
        await post(client, *cycle)
    else:
        await post_each(client, cycle)
    for place in range(size):
        assert set(await listed(client, verb=verb(f"v{place}")["id"])) == set(ids)
    assert set(await listed(client)) == set(ids)


async def test_a_tail_reaches_a_cycle_and_not_the_other_way(client: httpx.AsyncClient) -> None:
    first, second, tail = new_id(), new_id(), new_id()
    await post(client, referring(first, id=tail, verb=verb("tail")))
    await post(client, referring(second, id=first, verb=verb("a")))
    await post(client, referring(first, id=second, verb=verb("b")))
    assert set(await listed(client, verb=verb("b")["id"])) == {first, second, tail}
    assert await listed(client, verb=verb("tail")["id"]) == [tail]


async def test_a_statement_that_fits_by_itself_and_by_its_target_is_listed_once(
    client: httpx.AsyncClient,
) -> None:
    statements = chain({"verb": verb("tried")}, {"verb": verb("tried")})
    await post(client, *statements.values())
    assert await listed(client, **VERB, ascending="true") == list(statements)


async def test_time_filters_look_at_the_referring_statement(client: httpx.AsyncClient) -> None:
    target, referrer = chain({}).values()
    await post_each(client, [target, referrer])
    moment = (await stored(client, target["id"]))["stored"]
    assert await listed(client, **VERB, since=moment) == [referrer["id"]]
    assert await listed(client, **VERB, until=moment) == [target["id"]]


async def test_time_filters_do_not_look_at_a_late_target(client: httpx.AsyncClient) -> None:
    target, referrer = chain({}).values()
    await post_each(client, [referrer, target])
    moment = (await stored(client, referrer["id"]))["stored"]
    assert await listed(client, **VERB, until=moment) == [referrer["id"]]
    assert await listed(client, **VERB, since=moment) == [target["id"]]


async def test_limit_counts_statements_that_are_returned(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement() | TARGET)
    referrers = await post(client, *(referring(target) for _ in range(4)))
    answer = await client.get("/statements", params={**VERB, "limit": 3})
    assert [each["id"] for each in answer.json()["statements"]] == referrers[:0:-1]


async def test_an_upper_case_reference_is_followed(client: httpx.AsyncClient) -> None:
    target = a_statement(id=new_id()) | TARGET
    (referrer,) = await post(client, referring(target["id"].upper()))
    await post(client, target)
    assert set(await listed(client, **VERB)) == {referrer, target["id"]}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["target first", "referrer first"])
@pytest.mark.parametrize(
    "not_followed",
    [
        lambda ref: a_statement(context={"statement": ref}),
        lambda ref: a_statement(object=a_substatement(object=ref)),
        lambda ref: a_statement(object=a_substatement(context={"statement": ref})),
    ],
    ids=["context.statement", "object of SubStatement", "context.statement of SubStatement"],
)
async def test_other_references_are_not_followed(
    client: httpx.AsyncClient, not_followed: object, order: Sequence[int]
) -> None:
    assert callable(not_followed)
    target = a_statement(id=new_id()) | TARGET
    statements = [target, not_followed(reference(target["id"]))]
    await post_each(client, [statements[place] for place in order])
    for asked in ASKED.values():
        assert await listed(client, **asked) == [target["id"]]


async def test_a_reference_into_another_store_leads_nowhere(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    target, referrer = chain({}).values()
    await post(client, target)
    await post(other, referrer)
    assert await listed(other, **VERB) == []
    assert await listed(client, **VERB) == [target["id"]]
