"""Many documents at once: lists of ids, registrations, deletion of states (Comm. 2.2, 2.3)."""

import httpx
import pytest
from sqlalchemy import bindparam, text

from document_resources import ALL, JSON_TYPE, NEW, STATES, Documents, etag_of, name_of, on_each
from lrs.storage.engines import Database
from statement_resource import new_id

each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)


@on_each(states="XAPI-00193", activity_profiles="XAPI-00289", agent_profiles="XAPI-00270")
async def test_ids_are_listed_by_their_last_change(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    assert await documents.ids(client) == []
    ids = [await documents.stored(client, b"%d" % number) for number in range(3)]
    assert await documents.ids(client) == ids
    await documents.put(client, ids[0], b"changed", {"If-Match": "*"})
    assert await documents.ids(client) == [ids[1], ids[2], ids[0]]


@pytest.mark.requirement("XAPI-00141")
@on_each(
    states="XAPI-00195 XAPI-00221 XAPI-00222",
    activity_profiles="XAPI-00294 XAPI-00303",
    agent_profiles="XAPI-00268 XAPI-00275",
)
async def test_since_leaves_out_what_did_not_change_after_it(
    client: httpx.AsyncClient, documents: Documents, database: Database
) -> None:
    older, newer = [await documents.stored(client, b"1") for _ in range(2)]
    moments = await moments_of_change(database, [older, newer])
    assert await documents.ids(client, since=moments[older]) == [newer]
    assert await documents.ids(client, since=moments[newer]) == []
    await documents.post(client, "json", b"{}", {})
    await documents.put(client, older, b"2", {"If-Match": "*"})
    assert await documents.ids(client, since=moments[newer]) == ["json", older]


async def moments_of_change(database: Database, ids: list[str]) -> dict[str, str]:
    """Read to the microsecond what Last-Modified tells to the second."""
    query = text("SELECT id, CAST(updated AS text) AS updated FROM documents WHERE id IN :ids")
    async with database.primary() as connection:
        rows = await connection.execute(query.bindparams(bindparam("ids", ids, expanding=True)))
        return {row.id: row.updated.replace(" ", "T") for row in rows}


@each_resource
async def test_a_list_is_as_new_as_its_newest(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    empty = await client.get(documents.path, params=documents.context)
    assert "Last-Modified" not in empty.headers
    identifier = await documents.stored(client, b"1")
    one = await documents.get(client, identifier)
    many = await client.get(documents.path, params=documents.context)
    assert many.headers["Last-Modified"] == one.headers["Last-Modified"]


@pytest.mark.requirement("XAPI-00218", "XAPI-00220")
async def test_a_registration_makes_another_state(client: httpx.AsyncClient) -> None:
    first, second = new_id(), new_id()
    for content, more in ((b"0", {}), (b"1", {"registration": first})):
        params = STATES.one("x", **more)
        answer = await client.put(STATES.path, params=params, content=content, headers=NEW)
        assert answer.status_code == 204

    async def found(**more: str) -> bytes | None:
        answer = await client.get(STATES.path, params=STATES.one("x", **more))
        return answer.content if answer.status_code == 200 else None

    assert await found() == b"0"
    assert await found(registration=first) == b"1"
    assert await found(registration=first.upper()) == b"1"
    assert await found(registration=second) is None
    assert await found(registration="00000000-0000-0000-0000-000000000000") is None


@pytest.mark.requirement("XAPI-00227")
async def test_a_registration_is_merged_by_itself(client: httpx.AsyncClient) -> None:
    registration = new_id()
    posted: list[tuple[bytes, dict[str, str]]] = [
        (b'{"a":1}', {}),
        (b'{"b":1}', {"registration": registration}),
        (b'{"c":1}', {"registration": registration.upper()}),
    ]
    for content, more in posted:
        params = STATES.one("x", **more)
        answer = await client.post(STATES.path, params=params, content=content, headers=JSON_TYPE)
        assert answer.status_code == 204

    params = STATES.one("x", registration=registration)
    assert (await client.get(STATES.path, params=params)).json() == {"b": 1, "c": 1}
    assert await STATES.content(client, "x") == b'{"a":1}'


async def put_states(client: httpx.AsyncClient, registration: str) -> None:
    for identifier in ("shared", "of the registration"):
        params = STATES.one(identifier, registration=registration)
        await client.put(STATES.path, params=params, content=b"1")
    for identifier in ("shared", "of none"):
        await client.put(STATES.path, params=STATES.one(identifier), content=b"0")


async def test_a_list_without_registration_is_that_of_all(client: httpx.AsyncClient) -> None:
    registration = new_id()
    await put_states(client, registration)
    assert await STATES.ids(client, registration=registration) == ["shared", "of the registration"]
    assert sorted(await STATES.ids(client)) == ["of none", "of the registration", "shared"]


@pytest.mark.requirement("XAPI-00219")
async def test_delete_without_an_id_deletes_the_states_of_the_registration(
    client: httpx.AsyncClient,
) -> None:
    registration = new_id()
    await put_states(client, registration)
    params = STATES.context | {"registration": registration}
    assert (await client.delete(STATES.path, params=params)).status_code == 204
    assert await STATES.ids(client) == ["shared", "of none"]


@pytest.mark.requirement("XAPI-00194")
async def test_delete_without_id_and_registration_deletes_all_of_the_context_alone(
    client: httpx.AsyncClient,
) -> None:
    await put_states(client, new_id())
    elsewhere = STATES.one("x") | {"activityId": "http://example.org/elsewhere"}
    await client.put(STATES.path, params=elsewhere, content=b"1")
    assert (await client.delete(STATES.path, params=STATES.context)).status_code == 204
    assert await STATES.ids(client) == []
    assert (await client.get(STATES.path, params=elsewhere)).status_code == 200


async def test_deleting_many_under_a_precondition_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    identifier = await STATES.stored(client, b"1")
    headers = {"If-Match": etag_of(b"1")}
    answer = await client.delete(STATES.path, params=STATES.context, headers=headers)
    assert answer.status_code == 412
    assert await STATES.ids(client) == [identifier]


@on_each(activity_profiles="XAPI-00300", agent_profiles="XAPI-00265")
async def test_profiles_are_deleted_one_by_one(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    identifier = await documents.stored(client, b"1")
    answer = await client.delete(documents.path, params=documents.context)
    assert answer.status_code == 400
    assert await documents.ids(client) == [identifier]


@pytest.mark.requirement("XAPI-00140")
async def test_the_resources_do_not_share_documents(client: httpx.AsyncClient) -> None:
    for documents in ALL:
        await documents.put(client, "x", documents.path.encode(), NEW)
    for documents in ALL:
        assert await documents.content(client, "x") == documents.path.encode()
