"""Groups of SCIM are teams, whose members are in them from the day on which that is told."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from conftest import Tenant
from lrs.storage.engines import Database
from scim import (
    GROUP,
    SCIM,
    Json,
    a_user,
    create,
    create_group,
    found,
    got,
    patch,
    patched,
    put_back,
    told,
)

API = "http://lrs.test/api/v1"


def ids(group: Json) -> list[str]:
    return sorted(each["value"] for each in group.get("members", ()))


async def two_users(client: httpx.AsyncClient) -> tuple[Json, Json]:
    return await create(client, a_user(displayName="Anna")), await create(client, a_user())


async def test_a_group_is_a_team_and_tells_its_members(client: httpx.AsyncClient) -> None:
    one, other = await two_users(client)
    group = await create_group(client, one, other)
    assert ids(group) == sorted([one["id"], other["id"]])
    assert {
        "value": one["id"],
        "$ref": one["meta"]["location"],
        "type": "User",
        "display": "Anna",
    } in group["members"]
    team = (await client.get(f"{API}/teams/{group['id']}")).json()
    assert team["name"] == group["displayName"]
    assert (await got(client, one))["groups"] == [
        {
            "value": group["id"],
            "$ref": group["meta"]["location"],
            "display": group["displayName"],
            "type": "direct",
        }
    ]


async def test_who_is_removed_was_in_it_yesterday(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    one, other = await two_users(client)
    group = await create_group(client, one)
    await put_back(database, tenant)
    await patched(
        client, group, {"op": "add", "path": "members", "value": [{"value": other["id"]}]}
    )
    # One is told as Entra ID does it, the other as Okta does.
    removals: list[Json] = [
        {"op": "Remove", "path": "members", "value": [{"value": one["id"]}]},
        {"op": "remove", "path": f'members[value eq "{other["id"]}"]'},
    ]
    assert ids(await patched(client, group, *removals)) == []
    today = datetime.now(UTC).date()
    began = (today - timedelta(days=10)).isoformat()
    teams = [
        (await client.get(f"{API}/people/{each['id']}")).json()["teams"] for each in (one, other)
    ]
    assert [[(each["from"], each["until"]) for each in theirs] for theirs in teams] == [
        [(began, today.isoformat())],
        [],
    ]


async def test_operations_work_one_after_the_other(client: httpx.AsyncClient) -> None:
    one, other = await two_users(client)
    group = await create_group(client, one)
    name = uuid4().hex
    changes: list[Json] = [
        {"op": "replace", "value": {"displayName": name, "members": [{"value": other["id"]}]}},
        {"op": "add", "path": "members", "value": {"value": one["id"]}},
        {"op": "add", "path": "externalId", "value": "team-1"},
        {"op": "remove", "path": f'members[value eq "{other["id"]}"]'},
    ]
    changed = await patched(client, group, *changes)
    assert (changed["displayName"], changed["externalId"]) == (name, "team-1")
    assert ids(changed) == [one["id"]]
    assert ids(await patched(client, group, {"op": "remove", "path": "members"})) == []


async def test_a_change_is_answered_with_the_group_if_attributes_are_asked_for(
    client: httpx.AsyncClient,
) -> None:
    group = await create_group(client)
    change = {"op": "replace", "path": "displayName", "value": uuid4().hex}
    assert (await patch(client, group, change)).status_code == 204
    location = f"{group['meta']['location']}?attributes=displayName"
    answer = await patch(client, {"meta": {"location": location}}, change)
    assert (answer.status_code, answer.json()["displayName"]) == (200, change["value"])


async def test_a_replacement_has_the_members_that_it_says(client: httpx.AsyncClient) -> None:
    one, other = await two_users(client)
    group = await create_group(client, one)
    wanted = {**group, "members": [{"value": other["id"]}]}
    answer = await client.put(group["meta"]["location"], json=wanted)
    assert answer.status_code == 200, answer.text
    assert ids(answer.json()) == [other["id"]]
    assert answer.json()["meta"]["version"] != group["meta"]["version"]
    again = await client.put(group["meta"]["location"], json=wanted)
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    "member", [{"value": "nobody"}, {"value": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000"}, {}, "x"]
)
async def test_who_is_no_user_is_no_member_and_nothing_is_changed(
    client: httpx.AsyncClient, member: object
) -> None:
    group = await create_group(client)
    changes: list[Json] = [
        {"op": "replace", "path": "displayName", "value": uuid4().hex},
        {"op": "add", "path": "members", "value": [member]},
    ]
    assert told(await patch(client, group, *changes)) == (400, "invalidValue")
    assert await got(client, group) == group


async def test_groups_within_groups_are_refused(client: httpx.AsyncClient) -> None:
    group = await create_group(client)
    member = {"value": group["id"], "type": "Group"}
    answer = await client.put(group["meta"]["location"], json={**group, "members": [member]})
    assert told(answer) == (400, "invalidValue")


async def test_a_name_is_had_once_in_any_case(client: httpx.AsyncClient) -> None:
    group = await create_group(client, name=f"Sales {uuid4()}")
    same = {"schemas": [GROUP], "displayName": group["displayName"].upper()}
    assert told(await client.post(f"{SCIM}/Groups", json=same)) == (409, "uniqueness")


async def test_a_deleted_group_is_nowhere_and_its_members_stay(client: httpx.AsyncClient) -> None:
    one, _ = await two_users(client)
    group = await create_group(client, one)
    assert (await client.delete(group["meta"]["location"])).status_code == 204
    assert told(await client.get(group["meta"]["location"])) == (404, None)
    assert "groups" not in await got(client, one)


async def test_groups_are_found_by_name_and_by_member(client: httpx.AsyncClient) -> None:
    one, _ = await two_users(client)
    group, other = await create_group(client, one), await create_group(client)
    filters = {
        f'displayName eq "{group["displayName"].upper()}"': [group],
        f'members eq "{one["id"]}"': [group],
        f'members[value eq "{one["id"]}"]': [group],
        f'id eq "{other["id"]}" and members.value eq "{one["id"]}"': [],
        f'id eq "{group["id"]}" and members.value eq "{one["id"]}"': [group],
        "not (members pr)": [other],
        f'members.value ne "{one["id"]}"': [other],
        'id eq "nobody"': [],
    }
    for text, wanted in filters.items():
        assert (await found(client, "Groups", filter=text))["Resources"] == wanted, text


async def test_members_are_left_out_where_they_are_not_asked_for(client: httpx.AsyncClient) -> None:
    one, _ = await two_users(client)
    await create_group(client, one)
    for params in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
        (group,) = (await found(client, "Groups", **params))["Resources"]
        assert "members" not in group
    (group,) = (await found(client, "Groups", attributes="members.value"))["Resources"]
    assert group["members"] == [{"value": one["id"]}]
