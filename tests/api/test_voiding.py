"""Voiding, in whatever order statements arrive (Data 2.3.2)."""

import itertools
from collections.abc import Sequence

import httpx
import pytest

from builders import (
    VOIDED,
    a_statement,
    a_substatement,
    activity,
    agent,
    reference,
    referring,
    verb,
    voiding,
)
from statement_resource import exists, listed, new_id, page, post

TRIED = {"verb": verb("tried")["id"]}


async def is_voided(client: httpx.AsyncClient, identifier: str) -> bool:
    """Tell whether a statement is voided; it must be there in one way or the other."""
    answer = await client.get("/statements", params={"voidedStatementId": identifier})
    assert answer.status_code in {200, 404}
    assert (await exists(client, identifier)) is (answer.status_code == 404)
    return answer.status_code == 200


@pytest.mark.requirement("XAPI-00018", "XAPI-00163")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["target first", "voiding first"])
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_a_statement_that_is_voided_leaves_the_lists(
    client: httpx.AsyncClient, order: Sequence[int], *, together: bool
) -> None:
    target, void = new_id(), new_id()
    both = [a_statement(id=target), voiding(target, id=void)]
    arriving = [both[place] for place in order]
    if together:
        await post(client, *arriving)
    else:
        for statement in arriving:
            await post(client, statement)
    assert await is_voided(client, target)
    assert await listed(client) == [void]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
async def test_voided_links_pass_the_match_on(
    client: httpx.AsyncClient, order: Sequence[int]
) -> None:
    target, middle, outer, void = (new_id() for _ in range(4))
    statements = [
        a_statement(id=target, verb=verb("tried")),
        referring(target, id=middle),
        referring(middle, id=outer),
        voiding(middle, id=void),
    ]
    for place in order:
        await post(client, statements[place])
    assert await is_voided(client, middle)
    assert set(await listed(client, **TRIED)) == {target, outer, void}


@pytest.mark.requirement("XAPI-00162")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_those_that_refer_to_a_voided_statement_stay_listed(
    client: httpx.AsyncClient, order: Sequence[int], *, together: bool
) -> None:
    target, referrer, void = new_id(), new_id(), new_id()
    statements = [
        a_statement(id=target, verb=verb("tried")),
        referring(target, id=referrer),
        voiding(target, id=void),
    ]
    arriving = [statements[place] for place in order]
    if together:
        await post(client, *arriving)
    else:
        for statement in arriving:
            await post(client, statement)
    expected = [each["id"] for each in arriving if each["id"] != target]
    assert await listed(client, ascending="true", **TRIED) == expected


@pytest.mark.requirement("XAPI-00162")
async def test_only_the_referrers_answer_where_the_target_alone_has_the_verb(
    client: httpx.AsyncClient,
) -> None:
    (target,) = await post(client, a_statement(verb=verb("tried")))
    (referrer,) = await post(client, referring(target))
    (void,) = await post(client, voiding(target))
    assert await listed(client, **TRIED) == [void, referrer]


@pytest.mark.requirement("XAPI-00016")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["voiding first", "its voiding first"])
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
async def test_a_voiding_statement_cannot_be_voided(
    client: httpx.AsyncClient, order: Sequence[int], *, together: bool
) -> None:
    target, void, second = new_id(), new_id(), new_id()
    await post(client, a_statement(id=target))
    both = [voiding(target, id=void), voiding(void, id=second)]
    arriving = [both[place] for place in order]
    if together:
        await post(client, *arriving)
    else:
        for statement in arriving:
            await post(client, statement)
    assert not await is_voided(client, void)
    assert await is_voided(client, target)
    assert set(await listed(client)) == {void, second}


async def test_a_voiding_statement_that_names_itself_stays(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await post(client, voiding(identifier, id=identifier))
    assert not await is_voided(client, identifier)
    assert await listed(client) == [identifier]


async def test_voiding_twice_is_harmless(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement())
    voids = [*await post(client, voiding(target)), *await post(client, voiding(target))]
    assert await is_voided(client, target)
    assert await listed(client, ascending="true") == voids


@pytest.mark.requirement("XAPI-00016")
async def test_voiding_an_unknown_statement_is_accepted(client: httpx.AsyncClient) -> None:
    ids = await post(client, voiding(new_id()))
    assert await listed(client) == ids


@pytest.mark.requirement("XAPI-00019")
async def test_a_reference_with_another_verb_voids_nothing(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement())
    await post(client, referring(target, verb={"id": VOIDED.upper()}))
    assert not await is_voided(client, target)


@pytest.mark.requirement("XAPI-00017", "XAPI-00020")
@pytest.mark.parametrize(
    "thing",
    [
        activity(),
        agent(),
        a_substatement(object=reference(new_id())),
        {"id": "http://example.org/x"},
    ],
    ids=["Activity", "Agent", "SubStatement", "no objectType"],
)
async def test_the_verb_voided_needs_a_reference(
    client: httpx.AsyncClient, thing: dict[str, object]
) -> None:
    answer = await client.post("/statements", json=a_statement(verb={"id": VOIDED}, object=thing))
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == ["object"]


async def test_a_voiding_substatement_voids_nothing(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement())
    plan = a_substatement(verb={"id": VOIDED}, object=reference(target))
    await post(client, a_statement(object=plan))
    assert not await is_voided(client, target)


async def test_the_same_content_under_a_new_id_is_not_voided(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement())
    await post(client, voiding(target))
    (again,) = await post(client, a_statement())
    assert not await is_voided(client, again)


async def test_a_voided_statement_sent_again_stays_voided(client: httpx.AsyncClient) -> None:
    statement = a_statement(id=new_id())
    await post(client, statement)
    await post(client, voiding(statement["id"]))
    await post(client, statement)
    assert await is_voided(client, statement["id"])


async def test_a_voiding_statement_of_another_store_voids_nothing(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    (target,) = await post(client, a_statement())
    await post(other, voiding(target))
    assert not await is_voided(client, target)


async def test_a_statement_voided_between_pages_is_left_out(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(6)))
    first = await page(client, limit=2, ascending="true")
    (void,) = await post(client, voiding(ids[3]))
    answer = await client.get("http://lrs.test" + first["more"])
    seen = [each["id"] for each in answer.json()["statements"]]
    assert seen == [ids[2], ids[4]]
    rest = await client.get("http://lrs.test" + answer.json()["more"])
    assert [each["id"] for each in rest.json()["statements"]] == [ids[5], void]
