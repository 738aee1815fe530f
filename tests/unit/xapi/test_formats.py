import json
from collections.abc import Callable
from typing import Any

import pytest

from lrs.xapi.accept_language import parse_accept_language
from lrs.xapi.formats import (
    Canon,
    Mentioned,
    canonical,
    ids,
    mentioned,
    merge_definitions,
    merge_language_maps,
)

Json = dict[str, Any]

ACCOUNT = {"homePage": "https://hr.example.org", "name": "ben"}
ANNA = {"name": "Anna", "mbox": "mailto:anna@example.org"}
BEN = {"objectType": "Agent", "name": "Ben", "account": ACCOUNT}
CLASS = {"objectType": "Group", "openid": "https://id.example.org/7b", "name": "7b"}
PAIR = {"objectType": "Group", "name": "A pair", "member": [ANNA, BEN]}
HASHED = {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}

IDENTITIES: list[tuple[Json, Json]] = [
    (ANNA, {"mbox": "mailto:anna@example.org"}),
    (BEN, {"objectType": "Agent", "account": ACCOUNT}),
    (HASHED, HASHED),
    (CLASS, {"objectType": "Group", "openid": "https://id.example.org/7b"}),
    (CLASS | {"member": [ANNA]}, {"objectType": "Group", "openid": "https://id.example.org/7b"}),
    (
        PAIR,
        {
            "objectType": "Group",
            "member": [
                {"mbox": "mailto:anna@example.org"},
                {"objectType": "Agent", "account": ACCOUNT},
            ],
        },
    ),
]

READ_ID = "https://example.org/verbs/read"
BOOK_ID = "https://example.org/books/1"
READ = {"id": READ_ID, "display": {"en": "read", "de": "las"}}
BOOK = {"id": BOOK_ID, "definition": {"name": {"en": "Book", "de": "Buch"}}}
OTHER = {"id": "https://example.org/verbs/other"}
REFERENCE = {"objectType": "StatementRef", "id": "8f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10"}

# Where an Agent or Group, or an Activity, may stand in a statement.
ACTOR_PLACES: dict[str, Callable[[Json], Json]] = {
    "actor": lambda actor: {"actor": actor},
    "object": lambda actor: {"object": {"objectType": "Agent"} | actor},
    "instructor": lambda actor: {"context": {"instructor": actor}},
    "team": lambda actor: {"context": {"team": actor}},
    "authority": lambda actor: {"authority": actor},
    "contextAgents": lambda actor: {
        "context": {"contextAgents": [{"objectType": "contextAgent", "agent": actor}]}
    },
    "contextGroups": lambda actor: {
        "context": {
            "contextGroups": [{"objectType": "contextGroup", "group": actor, "relevantTypes": []}]
        }
    },
}
ACTIVITY_PLACES: dict[str, Callable[[Json], Json]] = {
    "object": lambda activity: {"object": activity},
    "parent": lambda activity: {"context": {"contextActivities": {"parent": [activity]}}},
    "grouping": lambda activity: {"context": {"contextActivities": {"grouping": [activity] * 2}}},
    "category": lambda activity: {"context": {"contextActivities": {"category": [activity]}}},
    "other": lambda activity: {"context": {"contextActivities": {"other": [activity]}}},
}

actor_places = pytest.mark.parametrize("place", ACTOR_PLACES.values(), ids=ACTOR_PLACES)
activity_places = pytest.mark.parametrize("place", ACTIVITY_PLACES.values(), ids=ACTIVITY_PLACES)


def statement(**properties: Any) -> Json:
    return {"actor": HASHED, "verb": OTHER, "object": REFERENCE} | properties


def substatement(**properties: Any) -> Json:
    return {"object": {"objectType": "SubStatement"} | statement(**properties)}


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def in_ids(**properties: Any) -> Any:
    return json.loads(ids(text(statement(**properties))))


def canon(
    *, definition: Json | None = None, display: Json | None = None, languages: str | None = None
) -> Canon:
    return Canon(
        definitions={} if definition is None else {BOOK_ID: text(definition)},
        displays={} if display is None else {READ_ID: text(display)},
        languages=parse_accept_language(languages),
    )


def in_canonical(canon: Canon, **properties: Any) -> Any:
    return json.loads(canonical(text(statement(**properties)), canon))


def definition_in_canonical(definition: Json, languages: str | None = None) -> Any:
    held = canon(definition=definition, languages=languages)
    return in_canonical(held, object={"id": BOOK_ID})["object"]["definition"]


@actor_places
@pytest.mark.parametrize(("actor", "identity"), IDENTITIES)
def test_ids_keeps_of_an_actor_what_identifies_it(
    place: Callable[[Json], Json], actor: Json, identity: Json
) -> None:
    assert in_ids(**place(actor)) == statement(**place(identity))


@actor_places
def test_ids_reduces_the_actors_of_a_substatement(place: Callable[[Json], Json]) -> None:
    assert in_ids(**substatement(**place(BEN))) == statement(
        **substatement(**place({"objectType": "Agent", "account": ACCOUNT}))
    )


@activity_places
def test_ids_keeps_of_an_activity_its_id(place: Callable[[Json], Json]) -> None:
    activity = BOOK | {"objectType": "Activity"}
    assert in_ids(**place(activity)) == statement(**place({"id": BOOK_ID}))


@activity_places
def test_ids_reduces_the_activities_of_a_substatement(place: Callable[[Json], Json]) -> None:
    assert in_ids(**substatement(**place(BOOK))) == statement(
        **substatement(**place({"id": BOOK_ID}))
    )


def test_ids_keeps_of_a_verb_its_id() -> None:
    assert in_ids(verb=READ)["verb"] == {"id": READ_ID}
    assert in_ids(**substatement(verb=READ))["object"]["verb"] == {"id": READ_ID}


def test_ids_leaves_the_rest_as_it_is() -> None:
    rest = {
        "id": "11111111-2222-4333-8444-555555555555",
        "result": {"score": {"raw": 3}, "extensions": {"https://example.org/x": READ}},
        "context": {"platform": "p", "statement": REFERENCE, "extensions": {"https://e.org": BOOK}},
        "timestamp": "2026-01-01T00:00:00Z",
        "stored": "2026-01-01T00:00:01Z",
        "version": "1.0.0",
        "attachments": [{"display": {"en": "a", "de": "b"}}],
    }
    assert in_ids(**rest) == statement(**rest)


RECEIVED = (
    rb'{"result":{"score":{"raw":1.0, "max":1e2 },"extensions":{"https:\/\/e.org\/\u0078":'
    rb'[123456789012345678901234567890, -0.0, null, {"b":1,"a":"\u0000\ud83d\ude00"}]}},'
    rb'"object":{"id":"https:\/\/example.org\/books\/1"},"actor":{"mbox":"mailto:a\u0040b.org"},'
    rb'"verb":{"id":"https:\/\/example.org\/verbs\/read"}}'
)


def test_ids_keeps_order_and_spelling() -> None:
    assert ids(RECEIVED) == RECEIVED


def test_canonical_keeps_order_and_spelling() -> None:
    expected = RECEIVED.replace(rb'books\/1"', rb'books\/1","objectType":"Activity"')
    assert canonical(RECEIVED, canon()) == expected


def test_canonical_keeps_the_spelling_inside_a_definition() -> None:
    definition = rb'{"extensions":{"https:\/\/e.org":[1.0, 1e2]},"name":{"en":"B\u00fcch"}}'
    payload = text(statement(object={"id": BOOK_ID}))
    assert definition in canonical(payload, Canon(definitions={BOOK_ID: definition}, displays={}))


@actor_places
@pytest.mark.parametrize("actor", [ANNA, BEN, CLASS, PAIR])
def test_canonical_keeps_actors_as_received(place: Callable[[Json], Json], actor: Json) -> None:
    assert in_canonical(canon(), **place(actor)) == statement(**place(actor))


@activity_places
@pytest.mark.parametrize("inside", [dict, substatement], ids=["statement", "substatement"])
def test_canonical_gives_the_merged_definition(
    place: Callable[[Json], Json], inside: Callable[..., Json]
) -> None:
    held = canon(definition={"name": {"fr": "Livre"}, "type": "https://example.org/types/book"})
    expected = {
        "id": BOOK_ID,
        "objectType": "Activity",
        "definition": {"name": {"fr": "Livre"}, "type": "https://example.org/types/book"},
    }
    found = in_canonical(held, **inside(**place(BOOK)))
    assert found == statement(**inside(**place(expected)))


@pytest.mark.parametrize("inside", [dict, substatement], ids=["statement", "substatement"])
def test_canonical_gives_the_merged_display(inside: Callable[..., Json]) -> None:
    held = canon(display={"en": "has read", "fr": "a lu"}, languages="fr")
    found = in_canonical(held, **inside(verb={"id": READ_ID}))
    assert found == statement(**inside(verb={"id": READ_ID, "display": {"fr": "a lu"}}))


def test_canonical_gives_what_was_received_where_nothing_is_held() -> None:
    found = in_canonical(canon(languages="de"), verb=READ, object=BOOK)
    assert found["verb"] == {"id": READ_ID, "display": {"de": "las"}}
    assert found["object"]["definition"] == {"name": {"de": "Buch"}}


def test_canonical_invents_no_definition_and_no_display() -> None:
    found = in_canonical(canon(), object={"id": BOOK_ID})
    assert found["object"] == {"id": BOOK_ID, "objectType": "Activity"}
    assert found["verb"] == OTHER


def test_canonical_chooses_the_language_for_each_map_by_itself() -> None:
    definition = {"name": {"en": "Book", "de": "Buch"}, "description": {"fr": "x", "en": "y"}}
    assert definition_in_canonical(definition, "de, en;q=0.5") == {
        "name": {"de": "Buch"},
        "description": {"en": "y"},
    }


@pytest.mark.parametrize("languages", [None, "es", "!!"])
def test_canonical_gives_the_first_language_when_none_fits(languages: str | None) -> None:
    definition = {"name": {"en": "Book", "de": "Buch"}}
    assert definition_in_canonical(definition, languages) == {"name": {"en": "Book"}}


@pytest.mark.parametrize("name", ["choices", "scale", "source", "target", "steps"])
def test_canonical_gives_one_language_in_each_component(name: str) -> None:
    components = [{"id": "a", "description": {"en": "A", "de": "Ä"}}, {"id": "b"}]
    assert definition_in_canonical({name: components}, "de") == {
        name: [{"id": "a", "description": {"de": "Ä"}}, {"id": "b"}]
    }


def test_canonical_keeps_the_rest_of_a_definition() -> None:
    definition = {
        "type": "https://example.org/types/book",
        "moreInfo": "https://example.org/more",
        "interactionType": "choice",
        "correctResponsesPattern": ["a[,]b"],
        "extensions": {"https://example.org/x": {"en": 1, "de": 2}},
        "name": {},
    }
    assert definition_in_canonical(definition, "de") == definition


def test_canonical_leaves_attachments_and_extensions_as_they_are() -> None:
    rest = {
        "attachments": [{"display": {"en": "a", "de": "b"}}],
        "result": {"extensions": {"https://example.org/x": BOOK}},
    }
    assert in_canonical(canon(languages="de"), **rest) == statement(**rest)


def test_mentioned_names_the_activities_and_verbs_of_statement_and_substatement() -> None:
    inner = substatement(
        verb={"id": "https://v.org/2", "display": {"en": "read"}},
        object={"id": "https://a.org/2", "definition": {"name": {"en": "Book"}}},
        context={"contextActivities": {"other": [{"id": "https://a.org/3"}]}},
    )
    context = {
        "contextActivities": {
            "parent": [{"id": "https://a.org/4"}, {"id": "https://a.org/5"}],
            "grouping": [{"id": "https://a.org/5"}],
        }
    }
    assert mentioned(text(statement(**inner, context=context))) == Mentioned(
        activities={f"https://a.org/{n}" for n in (2, 3, 4, 5)},
        verbs={OTHER["id"], "https://v.org/2"},
    )


@pytest.mark.parametrize("thing", [BEN, CLASS, REFERENCE])
def test_mentioned_takes_no_other_object_for_an_activity(thing: Json) -> None:
    assert mentioned(text(statement(object=thing))).activities == set()


def test_a_merged_language_map_has_the_languages_of_both() -> None:
    assert merge_language_maps(b'{"en-US":"a"}', b'{"fr-FR":"b"}') == b'{"en-US":"a","fr-FR":"b"}'


def test_the_newer_text_of_a_language_wins() -> None:
    merged = merge_language_maps(b'{"en":"old", "de":"d"}', rb'{"en":"n\u0065w"}')
    assert merged == rb'{"en":"n\u0065w","de":"d"}'


def test_a_language_is_the_same_in_any_case() -> None:
    assert merge_language_maps(b'{"en-us":"a"}', b'{"en-US":"b"}') == b'{"en-US":"b"}'


def test_a_merged_definition_has_the_languages_of_both_in_name_and_description() -> None:
    older = b'{"name":{"en":"a"},"description":{"en":"b"}}'
    newer = b'{"description":{"de":"c"},"name":{"de":"d"}}'
    assert merge_definitions(older, newer) == (
        b'{"name":{"en":"a","de":"d"},"description":{"en":"b","de":"c"}}'
    )


def test_of_other_properties_the_newer_wins_whole() -> None:
    older = (
        b'{"type":"https://old.org","extensions":{"https://x.org":1},"moreInfo":"https://m.org"}'
    )
    newer = b'{"extensions":{"https://y.org":[1.0]},"type":"https://new.org"}'
    assert merge_definitions(older, newer) == (
        b'{"type":"https://new.org","extensions":{"https://y.org":[1.0]},"moreInfo":"https://m.org"}'
    )


def test_a_definition_merged_with_itself_stays() -> None:
    definition = b'{"name":{"en":"a","de":"b"},"choices":[{"id":"x"}]}'
    assert merge_definitions(definition, definition) == definition
