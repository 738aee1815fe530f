"""Persons: the properties of an Agent as arrays (Comm. 2.4)."""

import json

import pytest

from builders import Json
from lrs.xapi.actors import Agent
from lrs.xapi.agents import read_agent
from lrs.xapi.persons import person_of

ADA = {"mbox": "mailto:ada@example.org"}


def person(agent: Json, *names: str) -> Json:
    """Return the Person of an Agent, as it is answered."""
    read = read_agent(json.dumps(agent))
    assert isinstance(read, Agent)
    text = person_of(read, names).model_dump_json(by_alias=True, exclude_unset=True)
    written: Json = json.loads(text)
    return written


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mbox", "mailto:Ada@EXAMPLE.org"),
        ("mbox_sha1sum", "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"),
        ("openid", "https://ada.example.org/"),
        ("account", {"homePage": "https://example.org", "name": "ada"}),
    ],
)
def test_an_identifier_becomes_an_array_as_it_was_written(name: str, value: object) -> None:
    assert person({name: value}) == {"objectType": "Person", name: [value]}


def test_names_stand_once_and_in_order() -> None:
    named = person(ADA | {"name": "Ada"}, "Countess", "Ada", "A. L.")
    assert named["name"] == ["A. L.", "Ada", "Countess"]


def test_the_name_that_comes_with_the_question_is_one_of_them() -> None:
    assert person(ADA | {"name": "Ada"})["name"] == ["Ada"]


def test_no_name_makes_no_array() -> None:
    assert (
        person(ADA | {"name": ""})
        == person(ADA)
        == {"objectType": "Person"} | {name: [value] for name, value in ADA.items()}
    )
