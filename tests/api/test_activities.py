"""The Activities Resource: an Activity as the LRS knows it (Comm. 2.5)."""

import json
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, voiding
from document_resources import etag_of
from statement_resource import post, post_text

COURSE = activity()["id"]


async def ask(client: httpx.AsyncClient, iri: str = COURSE, **headers: str) -> httpx.Response:
    return await client.get("/activities", params={"activityId": iri}, headers=headers)


async def known(client: httpx.AsyncClient, iri: str = COURSE) -> Json:
    """Return an Activity."""
    answer = await ask(client, iri)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refused(client: httpx.AsyncClient, query: Any) -> str:
    """Ask, expect a refusal, and return its text."""
    answer = await client.get("/activities", params=query)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["detail"])


def defined(**definition: Any) -> Json:
    return activity() | {"definition": definition}


@pytest.mark.requirement("XAPI-00253")
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_an_unknown_activity_has_an_id_only(client: httpx.AsyncClient, version: str) -> None:
    answer = await ask(client, **{"X-Experience-API-Version": version})
    assert answer.status_code == 200
    assert answer.json() == {"objectType": "Activity", "id": COURSE}
    assert answer.headers["X-Experience-API-Version"] == version


async def test_an_activity_without_definition_has_an_id_only(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    assert await known(client) == {"objectType": "Activity", "id": COURSE}


async def test_an_activity_that_only_a_document_names_has_an_id_only(
    client: httpx.AsyncClient,
) -> None:
    query = {"activityId": COURSE, "profileId": "x"}
    put = await client.put(
        "/activities/profile", params=query, content=b"1", headers={"If-None-Match": "*"}
    )
    assert put.status_code == 204
    assert await known(client) == {"objectType": "Activity", "id": COURSE}


@pytest.mark.requirement("XAPI-00251", "XAPI-00253")
async def test_a_definition_is_there_as_soon_as_its_statement_was_answered(
    client: httpx.AsyncClient,
) -> None:
    thing = defined(name={"en": "Course"}, type="http://example.org/types/course")
    await post(client, a_statement(object=thing))
    assert await known(client) == thing


@pytest.mark.requirement("XAPI-00254")
async def test_definitions_are_merged_over_statements_by_language(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement(object=defined(name={"en-US": "Course"}, moreInfo="urn:a")))
    await post(client, a_statement(object=defined(name={"fr-FR": "Cours"}, type="urn:b")))
    await post(client, a_statement(object=defined(name={"en-us": "The course"}, type="urn:c")))
    assert (await known(client))["definition"] == {
        "name": {"en-us": "The course", "fr-FR": "Cours"},
        "moreInfo": "urn:a",
        "type": "urn:c",
    }


@pytest.mark.requirement("XAPI-00254")
async def test_definitions_are_merged_over_a_batch_and_all_places(
    client: httpx.AsyncClient,
) -> None:
    await post(
        client,
        a_statement(object=defined(name={"en": "Course"})),
        a_statement(
            object=activity("other"),
            context={"contextActivities": {"parent": defined(name={"de": "Kurs"})}},
        ),
        a_statement(object=a_substatement(object=defined(name={"fr": "Cours"}))),
    )
    assert (await known(client))["definition"]["name"] == {
        "en": "Course",
        "de": "Kurs",
        "fr": "Cours",
    }


async def test_no_language_is_chosen(client: httpx.AsyncClient) -> None:
    several = {"en": "Course", "de": "Kurs"}
    await post(client, a_statement(object=defined(name=several)))
    answer = await ask(client, **{"Accept-Language": "de"})
    assert answer.json()["definition"]["name"] == several


async def test_a_voided_statement_has_done_its_part(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement(object=defined(name={"en": "Course"})))
    await post(client, voiding(target))
    assert (await known(client))["definition"] == {"name": {"en": "Course"}}


async def test_the_text_of_a_definition_is_not_touched(client: httpx.AsyncClient) -> None:
    definition = (
        '{"type": "http://example.org/t","extensions":{"http://example.org/x":'
        ' [1.50, 1E2, 12345678901234567890123, "\\u00e9"]}, "name":{"en":"Course" } }'
    )
    statement = a_statement(object=activity() | {"definition": "HERE"})
    sent = json.dumps(statement).replace('"HERE"', definition)
    assert (await post_text(client, sent)).status_code == 200
    expected = f'{{"objectType":"Activity","id":"{COURSE}","definition":{definition}}}'
    assert (await ask(client)).text == expected


@pytest.mark.parametrize(
    "iri", ["http://example.org/Kurs/größe?a=1&b=2#ö", "urn:x:'𐌰", "http://example.org/%C3%A4/"]
)
async def test_any_iri_is_answered_as_it_was_asked_for(client: httpx.AsyncClient, iri: str) -> None:
    assert await known(client, iri) == {"objectType": "Activity", "id": iri}
    thing = {"objectType": "Activity", "id": iri, "definition": {"name": {"en": "Course"}}}
    await post(client, a_statement(object=thing))
    assert await known(client, iri) == thing


@pytest.mark.parametrize("iri", [COURSE + "/", COURSE.upper().replace("HTTP", "http")])
async def test_iris_are_compared_as_simple_strings(client: httpx.AsyncClient, iri: str) -> None:
    await post(client, a_statement(object=defined(name={"en": "Course"})))
    assert await known(client, iri) == {"objectType": "Activity", "id": iri}


async def test_another_store_knows_nothing_of_it(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await post(client, a_statement(object=defined(name={"en": "Course"})))
    assert await known(other) == {"objectType": "Activity", "id": COURSE}


async def test_the_etag_is_the_hash_of_the_answer(client: httpx.AsyncClient) -> None:
    before = await ask(client)
    assert before.headers["Content-Type"] == "application/json"
    assert before.headers["ETag"] == etag_of(before.content)
    assert (await ask(client)).headers["ETag"] == before.headers["ETag"]

    await post(client, a_statement(object=defined(name={"en": "Course"})))
    assert (await ask(client)).headers["ETag"] != before.headers["ETag"]


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    query = {"activityId": COURSE}
    got, headed = [await client.request(it, "/activities", params=query) for it in ("GET", "HEAD")]
    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type"):
        assert headed.headers[name] == got.headers[name]


@pytest.mark.requirement("XAPI-00250")
async def test_activity_id_is_required(client: httpx.AsyncClient) -> None:
    assert "activityId" in await refused(client, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "example.org/x",
        "/x",
        "#x",
        "ab=c://x",
        "http://a b",
        "http://a/\0",
        "http://a/\n",
    ],
)
async def test_what_is_no_iri_is_refused(client: httpx.AsyncClient, text: str) -> None:
    assert "activityId" in await refused(client, {"activityId": text})


@pytest.mark.parametrize(
    "name", ["foo", "activityid", "activityID", "ACTIVITYID", "since", "agent"]
)
async def test_an_unknown_or_miscased_parameter_is_refused(
    client: httpx.AsyncClient, name: str
) -> None:
    assert name in await refused(client, {"activityId": COURSE, name: COURSE})


async def test_activity_id_is_given_once(client: httpx.AsyncClient) -> None:
    assert "twice" in await refused(client, [("activityId", COURSE)] * 2)


async def test_credentials_are_needed(anonymous: httpx.AsyncClient) -> None:
    assert (await ask(anonymous)).status_code == 401


@pytest.mark.requirement("XAPI-00321")
async def test_a_version_is_needed(client: httpx.AsyncClient) -> None:
    del client.headers["X-Experience-API-Version"]
    answer = await ask(client)
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, "1.0.3")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_nothing_can_be_written(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/activities", params={"activityId": COURSE})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_the_alternate_syntax_asks_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/activities?method=GET", data={"activityId": COURSE})
    assert answer.json() == {"objectType": "Activity", "id": COURSE}
