"""Merges and splits: instant, reversible in any order, and suggestions that only ask."""

import httpx
import pytest

from builders import Json, a_statement
from known_people import (
    PEOPLE,
    account,
    agents,
    define,
    get,
    make,
    mbox,
    merge,
    set_value,
    somebody,
    undo,
    values,
)
from lrs.xapi.keys import Ifi, ifi_key
from statement_resource import post

SUGGESTIONS = f"{PEOPLE}/suggestions"


async def test_a_merged_person_is_found_as_the_one_who_stays(client: httpx.AsyncClient) -> None:
    one, two = mbox(somebody()), account(somebody())
    anna, other = await make(client, one, name="Anna"), await make(client, two)
    made = await merge(client, anna["id"], other["id"])
    found = await get(client, other["id"])
    assert (found["id"], found["name"]) == (anna["id"], "Anna")
    assert agents(found) == [one, two]
    listed = (await client.get(PEOPLE)).json()["people"]
    assert [each["id"] for each in listed] == [anna["id"]]

    split = await undo(client, anna["id"], made)
    assert (split["id"], agents(split)) == (other["id"], [two])
    assert agents(await get(client, anna["id"])) == [one]


async def test_nobody_is_merged_into_themselves(client: httpx.AsyncClient) -> None:
    anna, other = (await make(client))["id"], (await make(client))["id"]
    path = f"{PEOPLE}/{anna}/merges"
    assert (await client.post(path, json={"other": anna})).status_code == 409
    await merge(client, anna, other)
    answer = await client.post(path, json={"other": other})
    assert answer.status_code == 409
    assert anna in answer.json()["detail"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
async def test_merges_are_undone_in_any_order(
    client: httpx.AsyncClient, order: tuple[int, ...]
) -> None:
    name = somebody()
    people = [(await make(client, account(f"{name} {number}")))["id"] for number in range(4)]
    a, b, c, d = people
    # c into b, b into a, d into a: b brings c along.
    made = [await merge(client, b, c), await merge(client, a, b), await merge(client, a, d)]
    assert len(agents(await get(client, c))) == 4
    for number in order:
        await undo(client, made[number]["merged"], made[number])
    for number, person in enumerate(people):
        found = await get(client, person)
        assert found["id"] == person
        assert agents(found) == [account(f"{name} {number}")]


async def test_who_is_given_back_brings_along_their_own_parts(client: httpx.AsyncClient) -> None:
    a, b, c = [(await make(client, account(somebody())))["id"] for _ in range(3)]
    await merge(client, b, c)
    made = await merge(client, a, b)
    split = await undo(client, a, made)
    assert split["id"] == b
    assert (await get(client, c))["id"] == b
    assert len(split["identifiers"]) == 2


async def test_a_merge_is_undone_once(client: httpx.AsyncClient) -> None:
    a, b, c = [(await make(client))["id"] for _ in range(3)]
    made = await merge(client, a, b)
    of_another = await client.delete(f"{PEOPLE}/{c}/merges/{made['id']}")
    assert of_another.status_code == 404
    await undo(client, a, made)
    again = await client.delete(f"{PEOPLE}/{a}/merges/{made['id']}")
    assert again.status_code == 409
    assert "undone already" in again.json()["detail"]
    told = (await client.get(f"{PEOPLE}/{a}/merges")).json()["merges"]
    assert [(each["merged"], each["undone_at"] is None) for each in told] == [(b, False)]


async def test_the_values_of_a_merged_person_never_overlap(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    anna, other = (await make(client))["id"], (await make(client))["id"]
    await set_value(client, anna, "department", value="Sales", **{"from": "2024-03-01"})
    days = {"from": "2024-01-01", "until": "2024-02-01"}
    await set_value(client, other, "department", value="HR", **days)
    await set_value(client, other, "department", value="IT", **{"from": "2024-02-01"})
    before = await get(client, other)
    made = await merge(client, anna, other)
    assert values(await get(client, anna), "department") == [
        ("HR", "2024-01-01", "2024-02-01"),
        ("Sales", "2024-03-01", None),
    ]
    split = await undo(client, anna, made)
    assert split["attributes"] == before["attributes"]
    assert values(await get(client, anna), "department") == [("Sales", "2024-03-01", None)]


async def test_a_value_that_waits_shows_when_the_other_one_has_gone(
    client: httpx.AsyncClient,
) -> None:
    await define(client, "department")
    anna, ben, cleo = [(await make(client))["id"] for _ in range(3)]
    await set_value(client, ben, "department", value="HR")
    await set_value(client, cleo, "department", value="IT")
    first = await merge(client, anna, ben)
    await merge(client, anna, cleo)
    assert values(await get(client, anna), "department") == [("HR", None, None)]
    await undo(client, anna, first)
    assert values(await get(client, anna), "department") == [("IT", None, None)]


async def test_nobody_becomes_their_own_manager_by_a_merge(client: httpx.AsyncClient) -> None:
    await define(client, "manager", "person")
    anna, boss = (await make(client))["id"], (await make(client))["id"]
    await set_value(client, anna, "manager", value=boss)
    answer = await client.post(f"{PEOPLE}/{anna}/merges", json={"other": boss})
    assert answer.status_code == 409
    assert (await get(client, boss))["id"] == boss


async def test_an_agent_of_statements_is_merged_by_its_key(client: httpx.AsyncClient) -> None:
    name = somebody()
    await post(client, a_statement(actor=account(name)))
    key = str(ifi_key(Ifi("account", f"https://lms.example.org {name}")))
    anna = await make(client, name="Anna")
    await merge(client, anna["id"], key)
    assert (await get(client, key))["id"] == anna["id"]


async def test_identifiers_are_split_off_into_a_new_person(client: httpx.AsyncClient) -> None:
    one, two = mbox(somebody()), account(somebody())
    anna = await make(client, one, two)
    path = f"{PEOPLE}/{anna['id']}/splits"
    answer = await client.post(path, json={"identifiers": [one], "name": "Ben"})
    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert (new["name"], agents(new)) == ("Ben", [one])
    # The SHA-1 goes with the address.
    assert len(new["identifiers"]) == 2
    assert agents(await get(client, anna["id"])) == [two]
    assert (await client.post(path, json={"identifiers": [one]})).status_code == 404
    assert (await client.post(path, json={"identifiers": []})).status_code == 400


async def test_a_split_after_the_person_has_gone_is_refused(client: httpx.AsyncClient) -> None:
    one = account(somebody())
    anna, other = await make(client, one), await make(client)
    made = await merge(client, anna["id"], other["id"])
    await client.delete(f"{PEOPLE}/{anna['id']}")
    path = f"{PEOPLE}/{anna['id']}"
    assert (await client.delete(f"{path}/merges/{made['id']}")).status_code == 404
    assert (await client.post(f"{path}/splits", json={"identifiers": [one]})).status_code == 404
    assert (await client.get(f"{PEOPLE}/{other['id']}")).status_code == 404


async def suggested(client: httpx.AsyncClient) -> list[tuple[set[str], list[str]]]:
    answer = await client.get(SUGGESTIONS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_whole"]
    found: list[Json] = answer.json()["suggestions"]
    return [({each["first"]["id"], each["second"]["id"]}, each["reasons"]) for each in found]


async def test_who_looks_alike_is_suggested_and_joined_by_nobody(
    client: httpx.AsyncClient,
) -> None:
    name = somebody()
    anna = (await make(client, mbox(name), name="Anna Bärger"))["id"]
    other = (await make(client, account(name), name="BAERGER, Anna"))["id"]
    await make(client, name="Ben Zander")
    assert await suggested(client) == [({anna, other}, ["account_is_local_part", "names_alike"])]
    assert (await get(client, other))["id"] == other

    answer = await client.post(f"{SUGGESTIONS}/{anna}/{other}/accept")
    assert answer.status_code == 201, answer.text
    assert (await get(client, other))["id"] == anna
    assert await suggested(client) == []
    await undo(client, anna, answer.json())


async def test_what_was_refused_is_not_suggested_again(client: httpx.AsyncClient) -> None:
    name = somebody()
    await post(client, a_statement(actor=account(name) | {"name": "Anna Berger"}))
    key = str(ifi_key(Ifi("account", f"https://lms.example.org {name}")))
    anna = (await make(client, name="Anna Berger"))["id"]
    assert await suggested(client) == [({anna, key}, ["names_alike"])]
    assert (await client.post(f"{SUGGESTIONS}/{key}/{anna}/refuse")).status_code == 204
    assert await suggested(client) == []
    # Also when the Agent has got an id of its own.
    await client.patch(f"{PEOPLE}/{key}", json={"language": "de"})
    assert await suggested(client) == []
    assert (await client.post(f"{SUGGESTIONS}/{anna}/{anna}/refuse")).status_code == 409
