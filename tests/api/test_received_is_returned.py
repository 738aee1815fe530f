"""What was received is what is returned, but for what the LRS sets (Data 2.2, 2.4)."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, agent, group
from conftest import Tenant
from statement_resource import JSON_BODY, VERSION_2, new_id, post, post_text, stored

X = "http://example.org/x"
SET_BY_THE_LRS = ("authority", "id", "version", "timestamp", "stored")


async def returned(client: httpx.AsyncClient, body: str) -> str:
    """Post a text and return the text that comes back, by id and in a list alike."""
    answer = await post_text(client, body)
    assert answer.status_code == 200, answer.text
    one = await client.get("/statements", params={"statementId": answer.json()[0]})
    assert one.headers["Content-Type"] == "application/json"
    assert one.content in (await client.get("/statements")).content
    return one.content.decode()


def with_extension(value: str) -> str:
    """Write a statement that holds a JSON text in an extension."""
    body = json.dumps(a_statement(context={"extensions": {X: "here"}}), separators=(",", ":"))
    return body.replace('"here"', value)


@pytest.mark.parametrize(
    "value",
    [
        "1.0",
        "1e2",
        "1E+2",
        "-0",
        "-0.0",
        "0.10",
        "123456789012345678901234567890",
        "3.14159265358979323846264338327950288419716939937510",
        "1e-400",
        "1e400",
        '{"b":1,"a":2}',
        '{"a" : [ 1 ,2 ] }',
        "[]",
        "{}",
        "null",
        '""',
        "[null,true,false]",
        r'"a\u00e9\/\n\t\"\\"',
        '"\u00e9\u2028 \U0001f600 \u6f22"',
        r'"\ud83d\ude00"',
        r'{"\u0061":1}',
        '{"":{"":null}}',
        '"2025-02-31T00:00:00Z"',
        '"</script><!-- --> \x7f"',
    ],
)
async def test_the_content_of_an_extension_comes_back_as_text(
    client: httpx.AsyncClient, value: str
) -> None:
    assert f'"{X}":{value}}}' in await returned(client, with_extension(value))


@pytest.mark.requirement("XAPI-00002")
@pytest.mark.parametrize("number", ["1.0", "1e2", "123456789012345678901234567890", "0.50"])
async def test_the_spelling_of_a_score_is_kept(client: httpx.AsyncClient, number: str) -> None:
    body = json.dumps(a_statement(result={"score": {"raw": 7}})).replace("7", number)
    assert f'{{"raw": {number}}}' in await returned(client, body)


async def test_the_text_is_kept_and_only_followed_by_what_the_lrs_sets(
    client: httpx.AsyncClient,
) -> None:
    sent = json.dumps(a_statement(result={"extensions": {X: 1.0}}), indent=2)
    got = await returned(client, sent)
    assert got.startswith(sent[:-1].rstrip() + ",")
    assert set(json.loads(got)) == {"actor", "verb", "object", "result", *SET_BY_THE_LRS}


async def test_the_order_of_properties_is_kept(client: httpx.AsyncClient) -> None:
    sent = a_statement(result={"success": True, "completion": False}, version="1.0.2")
    backwards = dict(reversed(sent.items()))
    got = json.loads(await returned(client, json.dumps(backwards)))
    assert list(got)[: len(sent)] == list(backwards)


@pytest.mark.requirement("XAPI-00015")
@pytest.mark.parametrize(
    "text", ["Zo\u00eb", "\u6f22\u5b57", "\U0001f600\U0001d11e", "\u202e\u0301"]
)
async def test_any_character_travels(client: httpx.AsyncClient, text: str) -> None:
    (identifier,) = await post(client, a_statement(actor=agent() | {"name": text}))
    assert (await stored(client, identifier))["actor"]["name"] == text


async def test_each_statement_of_a_batch_keeps_its_text(client: httpx.AsyncClient) -> None:
    values = ["1.0", "1e2", '{"b": 1, "a": 2}']
    batch = "[ " + " ,\n ".join(with_extension(value) for value in values) + " ]"
    ids = (await post_text(client, batch)).json()
    for identifier, value in zip(ids, values, strict=True):
        answer = await client.get("/statements", params={"statementId": identifier})
        assert f'"{X}":{value}}}' in answer.text


@pytest.mark.requirement("XAPI-00096")
@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other"])
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "in SubStatement"])
async def test_a_lone_context_activity_becomes_an_array(
    client: httpx.AsyncClient, kind: str, *, inside: bool
) -> None:
    context = {"contextActivities": {kind: activity("p")}, "platform": "test"}
    statement = a_statement(context=context)
    if inside:
        statement = a_statement(object=a_substatement(context=context))
    (identifier,) = await post(client, statement)
    got = await stored(client, identifier)
    holder = got["object"] if inside else got
    assert holder["context"] == {"contextActivities": {kind: [activity("p")]}, "platform": "test"}


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ('"parent"', r'"p\u0061rent"'),
        ('"contextActivities"', r'"context\u0041ctivities"'),
        ('"context"', r'"\u0063ontext"'),
        ('"object"', r'"obj\u0065ct"'),
        ('"SubStatement"', r'"Sub\u0053tatement"'),
        ('"objectType"', r'"object\u0054ype"'),
    ],
)
async def test_a_lone_context_activity_becomes_an_array_under_any_spelling(
    client: httpx.AsyncClient, plain: str, escaped: str
) -> None:
    context = {"contextActivities": {"parent": activity("p"), "other": [activity("q")]}}
    sent = json.dumps(a_statement(object=a_substatement(context=context), context=context))
    got = json.loads(await returned(client, sent.replace(plain, escaped)))
    arrays = {"contextActivities": {"parent": [activity("p")], "other": [activity("q")]}}
    assert got["context"] == got["object"]["context"] == arrays


async def test_arrays_beside_a_lone_one_keep_their_text(client: httpx.AsyncClient) -> None:
    sent = json.dumps(
        a_statement(
            context={
                "contextActivities": {"parent": activity("p"), "other": []},
                "extensions": {X: "here"},
            }
        )
    ).replace('"here"', '{"n": 1.0, "big": 123456789012345678901234567890}')
    got = await returned(client, sent)
    assert '{"n": 1.0, "big": 123456789012345678901234567890}' in got
    assert '"other":[]' in got.replace(" ", "")


async def test_a_context_activity_that_looks_like_one_in_an_extension_stays(
    client: httpx.AsyncClient,
) -> None:
    looks = {"contextActivities": {"parent": activity("p")}}
    sent = a_statement(context={"extensions": {X: looks}}, result={"extensions": {X: looks}})
    (identifier,) = await post(client, sent)
    got = await stored(client, identifier)
    assert (got["context"], got["result"]) == (sent["context"], sent["result"])


@pytest.mark.requirement("XAPI-00024", "XAPI-00098")
@pytest.mark.parametrize(
    "authority",
    [agent("eve"), group(agent("eve"), agent("mallory"))],
    ids=["Agent", "anonymous Group of two"],
)
async def test_a_client_s_authority_is_replaced(
    client: httpx.AsyncClient, tenant: Tenant, authority: Json
) -> None:
    (identifier,) = await post(client, a_statement(authority=authority))
    answer = await client.get("/statements", params={"statementId": identifier})
    assert answer.json()["authority"]["account"]["name"] == tenant.principal.key
    assert answer.text.count('"authority"') == 1
    assert "eve" not in answer.text


@pytest.mark.requirement("XAPI-00097", "XAPI-00023")
async def test_a_client_s_stored_is_replaced(client: httpx.AsyncClient) -> None:
    before = datetime.now(UTC)
    (identifier,) = await post(client, a_statement(stored="2013-05-18T05:32:34.804Z"))
    answer = await client.get("/statements", params={"statementId": identifier})
    assert answer.text.count('"stored"') == 1
    assert datetime.fromisoformat(answer.json()["stored"]) >= before


@pytest.mark.parametrize(
    ("sent", "escaped"),
    [
        ({"stored": "2013-05-18T05:32:34.804Z"}, r'"st\u006fred"'),
        ({"authority": agent("eve")}, r'"\u0061uthority"'),
        ({"timestamp": "2013-05-18T05:32:34.804Z"}, r'"\u0074imestamp"'),
        ({"version": "1.0.5"}, r'"versio\u006e"'),
        ({"id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0"}, r'"\u0069d"'),
    ],
)
async def test_what_the_lrs_sets_comes_once_under_any_spelling(
    client: httpx.AsyncClient, sent: Json, escaped: str
) -> None:
    (name,) = sent
    body = json.dumps(sent | a_statement(object=agent("bob")))
    got = await returned(client, body.replace(f'"{name}"', escaped, 1))
    names = [key for key, _ in json.loads(got, object_pairs_hook=list)]
    assert names.count(name) == 1
    is_kept = json.loads(got)[name] == sent[name]
    assert is_kept is (name not in {"stored", "authority"})


@pytest.mark.requirement("XAPI-00023", "XAPI-00100")
@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"stored": "yesterday"}, "stored"),
        ({"authority": group(agent("a"))}, "authority.member"),
        ({"authority": group(agent("a"), agent("b"), mbox="mailto:g@x.org")}, "authority.mbox"),
    ],
)
async def test_what_the_lrs_replaces_is_judged_all_the_same(
    client: httpx.AsyncClient, sent: Json, path: str
) -> None:
    answer = await client.post("/statements", json=a_statement(**sent))
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == [path]


@pytest.mark.requirement("XAPI-00330", "XAPI-00332")
@pytest.mark.parametrize(
    ("asked", "sent", "expected"),
    [
        ("1.0.3", None, "1.0.0"),
        ("1.0", None, "1.0.0"),
        ("2.0.0", None, "2.0.0"),
        ("1.0.3", "1.0", "1.0"),
        ("1.0.3", "1.0.9", "1.0.9"),
        ("2.0.0", "1.0.3", "1.0.3"),
        ("2.0.0", "2.0.0", "2.0.0"),
    ],
)
async def test_version_is_kept_or_set(
    client: httpx.AsyncClient, asked: str, sent: str | None, expected: str
) -> None:
    client.headers["X-Experience-API-Version"] = asked
    (identifier,) = await post(client, a_statement(**({"version": sent} if sent else {})))
    assert (await stored(client, identifier))["version"] == expected


async def test_a_missing_timestamp_is_stored(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    got = await stored(client, identifier)
    assert got["timestamp"] == got["stored"]


@pytest.mark.requirement("XAPI-00122")
@pytest.mark.parametrize(
    "timestamp",
    [
        "2025-03-01T12:30:00.123456789Z",
        "2025-03-01T12:30:00.123+05:30",
        "2025-03-01T12:30:00Z",
        "2999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_a_timestamp_comes_back_as_sent(
    client: httpx.AsyncClient, timestamp: str, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    (identifier,) = await post(client, a_statement(timestamp=timestamp))
    assert (await stored(client, identifier))["timestamp"] == timestamp


@pytest.mark.requirement("XAPI-00330")
async def test_a_1_0_reader_gets_a_newer_statement_untouched(client: httpx.AsyncClient) -> None:
    context: dict[str, Any] = {
        "contextAgents": [{"objectType": "contextAgent", "agent": agent("teacher")}]
    }
    identifier = new_id()
    answer = await client.post(
        "/statements",
        json=a_statement(id=identifier, context=context),
        headers={**JSON_BODY, **VERSION_2},
    )
    assert answer.status_code == 200
    got = await stored(client, identifier)
    assert (got["context"], got["version"]) == (context, "2.0.0")
