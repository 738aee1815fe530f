"""`format`, `Accept-Language` and `attachments` on GET (Comm. 2.1.3)."""

import json
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, agent, group, reference, verb
from statement_resource import VERSION_2, new_id, page, post, stored

NAME = {"en": "Quiz", "de": "Test", "fr": "Jeu"}
DISPLAY = {"en": "tried", "de": "versuchte", "fr": "essaya"}
QUIZ = activity("quiz") | {"definition": {"name": NAME}}
TRIED = verb("tried") | {"display": DISPLAY}
NAMED = {"name": "Grace", **agent("grace")}
READERS = group(NAMED, {"mbox": "mailto:bob@example.org"}, name="Readers")
CREW = READERS | {"account": {"homePage": "https://example.org", "name": "crew"}}
EVENT: Json = {
    "actor": CREW,
    "verb": TRIED,
    "object": QUIZ,
    "result": {"score": {"raw": 1}},
    "context": {
        "instructor": NAMED,
        "team": READERS,
        "statement": reference(new_id()),
        "contextActivities": {"parent": [QUIZ], "category": [QUIZ, activity()]},
        "contextAgents": [{"objectType": "contextAgent", "agent": NAMED}],
        "contextGroups": [{"objectType": "contextGroup", "group": READERS}],
    },
}
FULL = EVENT | {"object": {"objectType": "SubStatement", **EVENT}}

READERS_REDUCED = group(agent("grace"), {"mbox": "mailto:bob@example.org"})
CREW_REDUCED = {"objectType": "Group", "account": CREW["account"]}
EVENT_REDUCED: Json = {
    "actor": CREW_REDUCED,
    "verb": verb("tried"),
    "object": {"id": QUIZ["id"]},
    "result": {"score": {"raw": 1}},
    "context": {
        "instructor": agent("grace"),
        "team": READERS_REDUCED,
        "statement": EVENT["context"]["statement"],
        "contextActivities": {
            "parent": [{"id": QUIZ["id"]}],
            "category": [{"id": QUIZ["id"]}, {"id": activity()["id"]}],
        },
        "contextAgents": [{"objectType": "contextAgent", "agent": agent("grace")}],
        "contextGroups": [{"objectType": "contextGroup", "group": READERS_REDUCED}],
    },
}
FULL_REDUCED = EVENT_REDUCED | {"object": {"objectType": "SubStatement", **EVENT_REDUCED}}


async def shown(
    client: httpx.AsyncClient, identifier: str, language: str | None = None, **parameters: Any
) -> Json:
    """Return one statement; the list must show it in the same way."""
    headers = {} if language is None else {"Accept-Language": language}
    one = await client.get(
        "/statements", params={"statementId": identifier, **parameters}, headers=headers
    )
    many = await client.get("/statements", params=parameters, headers=headers)
    assert one.status_code == many.status_code == 200
    statement: Json = one.json()
    assert statement in many.json()["statements"]
    return statement


async def canonical_name(client: httpx.AsyncClient, language: str | None) -> Json:
    (identifier,) = await post(client, a_statement(object=QUIZ))
    statement = await shown(client, identifier, language, format="canonical")
    name: Json = statement["object"]["definition"]["name"]
    return name


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, marks=pytest.mark.requirement("XAPI-00168", "XAPI-00172")),
        pytest.param({"format": "exact"}, marks=pytest.mark.requirement("XAPI-00170")),
    ],
    ids=["default", "exact"],
)
async def test_exact_returns_what_was_sent(client: httpx.AsyncClient, parameters: Json) -> None:
    client.headers.update(VERSION_2)
    (identifier,) = await post(client, FULL)
    statement = await shown(client, identifier, "de", **parameters)
    assert {name: statement[name] for name in FULL} == FULL


@pytest.mark.requirement("XAPI-00171")
async def test_ids_reduces_actors_verbs_and_activities_everywhere(
    client: httpx.AsyncClient,
) -> None:
    client.headers.update(VERSION_2)
    (identifier,) = await post(client, FULL)
    statement = await shown(client, identifier, format="ids")
    assert {name: statement[name] for name in FULL} == FULL_REDUCED


async def test_ids_keeps_what_the_lrs_set(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    exact, reduced = await stored(client, identifier), await shown(client, identifier, format="ids")
    authority = exact.pop("authority")
    del authority["name"]
    assert reduced == exact | {"authority": authority, "object": {"id": activity()["id"]}}


@pytest.mark.requirement("XAPI-00171")
@pytest.mark.parametrize(
    ("thing", "reduced"),
    [
        (NAMED, agent("grace")),
        (reference("6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"),) * 2,
        (READERS, READERS_REDUCED),
    ],
    ids=["Agent", "StatementRef", "anonymous Group"],
)
async def test_ids_reduces_other_objects(
    client: httpx.AsyncClient, thing: Json, reduced: Json
) -> None:
    (identifier,) = await post(client, a_statement(object=thing))
    assert (await shown(client, identifier, format="ids"))["object"] == reduced


@pytest.mark.requirement("XAPI-00172")
@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("de", "de"),
        ("fr;q=0.5, de;q=0.6", "de"),
        ("de;q=0, fr", "fr"),
        ("de-AT", "de"),
        ("es, fr;q=0.1", "fr"),
        ("DE", "de"),
        ("de;q=0.2, *;q=0.1", "de"),
    ],
)
async def test_canonical_gives_the_language_that_is_asked_for(
    client: httpx.AsyncClient, language: str, tag: str
) -> None:
    assert await canonical_name(client, language) == {tag: NAME[tag]}


@pytest.mark.requirement("XAPI-00169", "XAPI-00172")
@pytest.mark.parametrize("language", [None, "", "es", "*", ";;;,q=x", "de;q=0"])
async def test_canonical_gives_one_language_whatever_is_asked_for(
    client: httpx.AsyncClient, language: str | None
) -> None:
    name = await canonical_name(client, language)
    assert len(name) == 1
    assert name.items() <= NAME.items()


async def test_a_prefix_finds_a_longer_tag(client: httpx.AsyncClient) -> None:
    quiz = activity() | {"definition": {"name": {"en-US": "Color", "de-AT": "Jänner"}}}
    (identifier,) = await post(client, a_statement(object=quiz))
    statement = await shown(client, identifier, "de", format="canonical")
    assert statement["object"]["definition"]["name"] == {"de-AT": "Jänner"}


async def test_each_map_is_chosen_by_itself(client: httpx.AsyncClient) -> None:
    definition = {"name": {"en": "Quiz", "de": "Test"}, "description": {"en": "Ten", "fr": "Dix"}}
    (identifier,) = await post(client, a_statement(object=activity() | {"definition": definition}))
    statement = await shown(client, identifier, "fr, de;q=0.5", format="canonical")
    assert statement["object"]["definition"] == {
        "name": {"de": "Test"},
        "description": {"fr": "Dix"},
    }


async def test_canonical_looks_everywhere(client: httpx.AsyncClient) -> None:
    client.headers.update(VERSION_2)
    (identifier,) = await post(client, FULL)
    statement = await shown(client, identifier, "de", format="canonical")
    quiz = activity("quiz") | {"definition": {"name": {"de": "Test"}}}
    tried = verb("tried") | {"display": {"de": "versuchte"}}
    parts = {"parent": [quiz], "category": [quiz, activity()]}
    event = EVENT | {"verb": tried, "object": quiz}
    event["context"] = EVENT["context"] | {"contextActivities": parts}
    expected = event | {"object": {"objectType": "SubStatement", **event}}
    assert {name: statement[name] for name in FULL} == expected


@pytest.mark.requirement("XAPI-00169")
async def test_canonical_keeps_all_of_a_definition(client: httpx.AsyncClient) -> None:
    definition = {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "moreInfo": "https://example.org/more",
        "interactionType": "choice",
        "correctResponsesPattern": ["a[,]b"],
        "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
        "extensions": {"https://example.org/x": [1, None, {"en": "x", "de": "y"}]},
    }
    (identifier,) = await post(client, a_statement(object=activity() | {"definition": definition}))
    statement = await shown(client, identifier, format="canonical")
    assert statement["object"]["definition"] == definition


@pytest.mark.requirement("XAPI-00169")
async def test_canonical_merges_definitions_over_statements(client: httpx.AsyncClient) -> None:
    first = activity() | {"definition": {"name": {"en": "Quiz"}, "moreInfo": "https://example.org"}}
    second = activity() | {"definition": {"name": {"de": "Test"}}}
    (one,) = await post(client, a_statement(object=first))
    (two,) = await post(client, a_statement(object=second))
    (bare,) = await post(client, a_statement())
    for identifier in (one, two, bare):
        for tag, name in (("en", "Quiz"), ("de", "Test")):
            statement = await shown(client, identifier, tag, format="canonical")
            merged = {"name": {tag: name}, "moreInfo": "https://example.org"}
            assert statement["object"]["definition"] == merged


async def test_canonical_merges_within_a_batch_and_from_all_places(
    client: httpx.AsyncClient,
) -> None:
    def quiz(tag: str) -> Json:
        return activity("quiz") | {"definition": {"name": {tag: f"name {tag}"}}}

    ids = await post(
        client,
        a_statement(object=quiz("en")),
        a_statement(context={"contextActivities": {"other": quiz("de")}}),
        a_statement(object=a_substatement(object=quiz("fr"))),
        a_statement(object=a_substatement(context={"contextActivities": {"parent": [quiz("it")]}})),
        a_statement(object=activity("quiz")),
    )
    for tag in ("en", "de", "fr", "it"):
        statement = await shown(client, ids[-1], tag, format="canonical")
        assert statement["object"]["definition"]["name"] == {tag: f"name {tag}"}


async def test_canonical_merges_what_is_new_in_a_batch_that_ends_with_what_is_known(
    client: httpx.AsyncClient,
) -> None:
    german = a_statement(object=activity() | {"definition": {"name": {"de": "Kurs"}}})
    french = a_statement(object=activity() | {"definition": {"name": {"fr": "Cours"}}})
    await post(client, german)
    (identifier, _) = await post(client, french, german)
    statement = await shown(client, identifier, "fr", format="canonical")
    assert statement["object"]["definition"]["name"] == {"fr": "Cours"}


@pytest.mark.requirement("XAPI-00169")
async def test_canonical_merges_displays_of_verbs(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(verb=verb() | {"display": {"en": "completed"}}))
    (bare,) = await post(client, a_statement())
    await post(client, a_statement(verb=verb() | {"display": {"de": "beendete"}}))
    for tag, word in (("en", "completed"), ("de", "beendete")):
        statement = await shown(client, bare, tag, format="canonical")
        assert statement["verb"]["display"] == {tag: word}


async def test_the_newest_definition_wins(client: httpx.AsyncClient) -> None:
    old, new = ({"definition": {"name": {"en": name}}} for name in ("Old", "New"))
    await post(client, a_statement(object=activity() | old))
    (identifier,) = await post(client, a_statement(object=activity() | new))
    statement = await shown(client, identifier, format="canonical")
    assert statement["object"]["definition"]["name"] == {"en": "New"}


async def test_the_definitions_of_another_store_are_not_shown(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await post(other, a_statement(object=QUIZ))
    (identifier,) = await post(client, a_statement(object=activity("quiz")))
    statement = await shown(client, identifier, format="canonical")
    assert statement["object"] == activity("quiz")


async def test_a_voided_statement_comes_in_the_format_that_is_asked_for(
    client: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    voided = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    void = a_statement(verb=voided, object=reference(identifier))
    await post(client, a_statement(id=identifier, verb=TRIED), void)
    answer = await client.get(
        "/statements", params={"voidedStatementId": identifier, "format": "ids"}
    )
    assert answer.json()["verb"] == verb("tried")


@pytest.mark.requirement("XAPI-00167")
@pytest.mark.parametrize("single", [True, False], ids=["single", "list"])
async def test_attachments_true_is_answered_in_parts(
    client: httpx.AsyncClient, *, single: bool
) -> None:
    (identifier,) = await post(client, a_statement())
    parameters = {"statementId": identifier} if single else {}
    answer = await client.get("/statements", params={"attachments": "true", **parameters})
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    header = b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n"
    (_, part) = message_from_bytes(header + answer.content).walk()
    assert part.get_content_type() == "application/json"
    expected = await stored(client, identifier) if single else await page(client)
    assert json.loads(str(part.get_payload())) == expected
