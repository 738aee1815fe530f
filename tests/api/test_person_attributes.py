"""Attributes of persons, by the schema of the store, and teams: each with the days it holds."""

from typing import Any

import httpx
import pytest

from known_people import DEFINITIONS, PEOPLE, TEAMS, define, get, make, set_value, somebody, values


async def refused(client: httpx.AsyncClient, person: str, name: str, **value: Any) -> str:
    """Set a value, expect a contradiction, and return what is told of it."""
    answer = await client.put(f"{PEOPLE}/{person}/attributes/{name}", json=value)
    assert answer.status_code == 409, answer.text
    return str(answer.json()["detail"])


async def test_a_value_from_a_day_on_ends_the_one_before(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    await set_value(client, person, "department", value="Sales")
    found = await set_value(client, person, "department", value="HR", **{"from": "2024-07-01"})
    assert values(found, "department") == [
        ("Sales", None, "2024-07-01"),
        ("HR", "2024-07-01", None),
    ]


async def test_the_same_value_again_goes_on(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    before = await set_value(client, person, "department", value="Sales", **{"from": "2024-01-01"})
    again = await set_value(client, person, "department", value="Sales", **{"from": "2024-07-01"})
    assert again == before


async def test_a_value_of_the_same_first_day_is_corrected(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    await set_value(client, person, "department", value="Slaes", **{"from": "2024-01-01"})
    found = await set_value(
        client, person, "department", value="Sales", **{"from": "2024-01-01", "until": "2024-03-01"}
    )
    assert values(found, "department") == [("Sales", "2024-01-01", "2024-03-01")]


async def test_overlapping_days_are_refused_with_both_named(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    days = {"from": "2024-03-01", "until": "2024-06-01"}
    await set_value(client, person, "department", value="Sales", **days)
    text = await refused(client, person, "department", value="HR", **{"from": "2024-05-31"})
    assert "2024-05-31" in text
    assert "2024-03-01" in text
    assert person in text
    await refused(client, person, "department", value="HR")
    await refused(client, person, "department", value="HR", until="2024-03-02")
    assert values(await get(client, person), "department") == [
        ("Sales", "2024-03-01", "2024-06-01")
    ]
    await set_value(client, person, "department", value="HR", until="2024-03-01")
    await set_value(client, person, "department", value="IT", **{"from": "2024-06-01"})


async def test_days_are_taken_out_of_what_holds(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    await set_value(client, person, "department", value="Sales")
    path = f"{PEOPLE}/{person}/attributes/department"
    days = {"from": "2024-02-01", "until": "2024-03-01"}
    answer = await client.delete(path, params=days)
    assert values(answer.json(), "department") == [
        ("Sales", None, "2024-02-01"),
        ("Sales", "2024-03-01", None),
    ]
    assert values((await client.delete(path)).json(), "department") == []
    wrong = await client.delete(path, params={"from": "2024-02-02", "until": "2024-02-01"})
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        ("text", " Sales ", "Sales"),
        ("number", 12.50, 12.5),
        ("number", "007", 7),
        ("number", -0.0, 0),
        ("date", "2024-02-29", "2024-02-29"),
        ("boolean", True, True),
        ("boolean", "False", False),
    ],
)
async def test_values_are_kept_in_one_form(
    client: httpx.AsyncClient, type_: str, value: object, shown: object
) -> None:
    await define(client, "it", type_)
    person = (await make(client))["id"]
    found = values(await set_value(client, person, "it", value=value), "it")
    assert found == [(shown, None, None)]
    assert type(found[0][0]) is type(shown)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", 7),
        ("text", True),
        ("text", " "),
        ("text", "a\x00b"),
        ("number", "twelve"),
        ("number", True),
        ("number", "1e400"),
        ("date", "2023-02-29"),
        ("date", 20240101),
        ("boolean", 1),
        ("boolean", "yes"),
        ("person", "Anna"),
    ],
)
async def test_a_value_of_another_type_is_refused(
    client: httpx.AsyncClient, type_: str, value: object
) -> None:
    await define(client, "it", type_)
    person = (await make(client))["id"]
    answer = await client.put(f"{PEOPLE}/{person}/attributes/it", json={"value": value})
    assert answer.status_code == 400, answer.text
    assert (await get(client, person))["attributes"] == []


async def test_an_attribute_that_nobody_has_defined_is_told_with_those_there_are(
    client: httpx.AsyncClient,
) -> None:
    await define(client, "department")
    person = (await make(client))["id"]
    answer = await client.put(f"{PEOPLE}/{person}/attributes/departement", json={"value": "x"})
    assert answer.status_code == 400
    assert answer.json()["known"] == ["department"]


async def test_a_manager_must_be_a_person_who_is_there(client: httpx.AsyncClient) -> None:
    await define(client, "manager", "person")
    person = (await make(client))["id"]
    path = f"{PEOPLE}/{person}/attributes/manager"
    nobody = {"value": "00000000-0000-4000-8000-000000000000"}
    assert (await client.put(path, json=nobody)).status_code == 404


async def test_a_ring_of_managers_is_refused_and_named(client: httpx.AsyncClient) -> None:
    await define(client, "manager", "person")
    anna, ben, cleo = [(await make(client))["id"] for _ in range(3)]
    await set_value(client, anna, "manager", value=ben)
    await set_value(client, ben, "manager", value=cleo, **{"from": "2024-01-01"})
    text = await refused(client, cleo, "manager", value=anna)
    assert all(each in text for each in (anna, ben, cleo))
    assert anna in await refused(client, anna, "manager", value=anna)
    # Before that day nobody is above themselves.
    await set_value(client, cleo, "manager", value=anna, until="2024-01-01")


async def test_a_type_stays_as_long_as_there_are_values(client: httpx.AsyncClient) -> None:
    await define(client, "grade")
    person = (await make(client))["id"]
    await set_value(client, person, "grade", value="E4")
    body = {"type": "number", "title": {"de": "Stufe", "en": "Grade"}}
    path = f"{DEFINITIONS}/grade"
    assert (await client.put(path, json=body)).status_code == 409
    assert (await client.delete(path)).status_code == 409
    await client.delete(f"{PEOPLE}/{person}/attributes/grade")
    assert (await client.put(path, json=body)).status_code == 200
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404


@pytest.mark.parametrize("name", ["Department", "1st", "a" * 64, "a-b"])
async def test_the_name_of_an_attribute_can_stand_in_queries(
    client: httpx.AsyncClient, name: str
) -> None:
    body = {"type": "text", "title": {"de": "x", "en": "x"}}
    assert (await client.put(f"{DEFINITIONS}/{name}", json=body)).status_code == 400


async def test_a_member_of_a_team_is_one_on_some_days(client: httpx.AsyncClient) -> None:
    name = somebody()
    team = (await client.post(TEAMS, json={"name": name})).json()["id"]
    person = (await make(client, name="Anna"))["id"]
    path = f"{TEAMS}/{team}/members"
    days = {"from": "2024-01-01", "until": "2024-03-01"}
    assert (await client.put(f"{path}/{person}", json=days)).status_code == 204
    overlap = await client.put(f"{path}/{person}", json={"from": "2024-02-01"})
    assert overlap.status_code == 409
    assert person in overlap.json()["detail"]
    assert (await client.put(f"{path}/{person}", json={"from": "2024-03-01"})).status_code == 204
    first = (await client.get(path, params={"limit": 1})).json()
    assert first["members"] == [
        {"person": person, "name": "Anna", "from": "2024-01-01", "until": "2024-03-01"}
    ]
    place = {"after": first["after"], "after_from": first["after_from"]}
    rest = (await client.get(path, params=place)).json()
    assert [each["from"] for each in rest["members"]] == ["2024-03-01"]
    assert rest["after"] is None
    told = (await get(client, person))["teams"]
    assert [(each["name"], each["from"]) for each in told] == [
        (name, "2024-01-01"),
        (name, "2024-03-01"),
    ]
    assert (await client.delete(f"{path}/{person}")).status_code == 204
    assert (await get(client, person))["teams"] == []


async def test_the_name_of_a_team_is_its_own(client: httpx.AsyncClient) -> None:
    name = somebody()
    team = (await client.post(TEAMS, json={"name": name, "external_id": "7"})).json()
    assert (await client.post(TEAMS, json={"name": name.upper()})).status_code == 409
    changed = await client.patch(f"{TEAMS}/{team['id']}", json={"name": name.upper()})
    assert (changed.json()["name"], changed.json()["external_id"]) == (name.upper(), "7")
    assert (await client.delete(f"{TEAMS}/{team['id']}")).status_code == 204
    assert (await client.get(f"{TEAMS}/{team['id']}")).status_code == 404
