"""A statement becomes an entry, whatever is missing of it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from lrs.people.histories import Deed, Described, System, entry_of
from lrs.xapi.accept_language import parse_accept_language
from lrs.xapi.records import Measures

EN = parse_accept_language("en")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMPLETED = Described("http://adlnet.gov/expapi/verbs/completed")
FIRE = Described("http://x.example/fire", b'{"en":"Fire safety"}', "http://x.example/course")
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"


def deed(said: Any = None, **more: Any) -> Deed:
    known: dict[str, Any] = {
        "id": UUID(int=1),
        "timestamp": NOW,
        "stored": NOW,
        "verb": COMPLETED,
        "object_type": "Activity",
        "object": FIRE,
        "course": None,
        "result": Measures(),
        "payload": None if said is None else json.dumps(said).encode(),
        "system": System("Moodle", "LMS", "Moodle of the sales academy", "key"),
    }
    return Deed(**(known | more))


def test_what_the_store_knows_is_told_before_what_the_statement_says() -> None:
    said = {"object": {"id": FIRE.iri, "definition": {"name": {"en": "Old name"}}}}
    entry = entry_of(deed(said), "Anna", EN)
    assert entry.sentence == "Anna completed “Fire safety”."
    assert entry.object == (FIRE.iri, "Fire safety", "http://x.example/course")


def test_what_the_store_does_not_know_is_told_by_the_statement() -> None:
    """As it is where a credential may not define anything."""
    unnamed = FIRE._replace(names=None)
    said = {
        "verb": {"id": "http://x.example/did", "display": {"en": "went through"}},
        "object": {"id": FIRE.iri, "definition": {"name": {"en": "Fire safety"}}},
    }
    verb = Described("http://x.example/did")
    entry = entry_of(deed(said, object=unnamed, verb=verb), "Anna", EN)
    assert entry.sentence == "Anna went through “Fire safety”."
    assert entry.verb.name == "went through"


@pytest.mark.parametrize("said", [None, {}, [], {"object": []}, {"result": {"response": 7}}])
def test_a_statement_that_cannot_be_read_is_told_by_its_columns(said: Any) -> None:
    entry = entry_of(deed(said, result=Measures(score_scaled=0.5)), None, EN)
    assert entry.sentence == "Somebody completed “Fire safety” with 50 %."


@pytest.mark.parametrize(
    ("share", "expected"),
    [(40, "reached 40 % of"), ("40", "made progress in"), (400, "made progress in")],
)
def test_how_far_somebody_has_come_stands_in_an_extension(share: Any, expected: str) -> None:
    verb = Described("http://adlnet.gov/expapi/verbs/progressed")
    entry = entry_of(deed({"result": {"extensions": {PROGRESS: share}}}, verb=verb), "Anna", EN)
    assert entry.sentence == f"Anna {expected} “Fire safety”."


def test_an_agent_is_told_by_name_and_never_by_identifier() -> None:
    mentored = Described("http://id.tincanapi.com/verb/mentored")
    for name, expected in [("Ben", "Ben"), ("ben@x.example", "somebody"), (None, "somebody")]:
        said = {"object": {"objectType": "Agent", "mbox": "mailto:ben@x.example", "name": name}}
        plain = deed(said, object_type="Agent", object=None, verb=mentored)
        entry = entry_of(plain, "Anna", EN)
        assert entry.sentence == f"Anna mentored {expected}."
        assert entry.object.id is None
        assert entry.object.type == "Agent"


def test_a_substatement_is_told_by_what_it_is_about() -> None:
    inner = {"id": FIRE.iri, "definition": {"name": {"en": "Fire safety"}}}
    said = {"object": {"objectType": "SubStatement", "object": inner}}
    entry = entry_of(deed(said, object_type="SubStatement", object=None), "Anna", EN)
    assert entry.sentence == "Anna completed a note about “Fire safety”."


def test_language_maps_that_hold_something_else_are_read_as_far_as_they_go() -> None:
    odd = FIRE._replace(names=b'{"en":7,"de":"Brandschutz"}')
    assert entry_of(deed(object=odd), "Anna", EN).object.name == "Brandschutz"
    broken = FIRE._replace(names=b'["en"]')
    assert entry_of(deed(object=broken), "Anna", EN).object.name == "fire"
