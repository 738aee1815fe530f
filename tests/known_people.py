"""Persons over HTTP, for tests."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx

from builders import Json

PEOPLE = "http://lrs.test/api/v1/people"
DEFINITIONS = "http://lrs.test/api/v1/attribute-definitions"
RULES = "http://lrs.test/api/v1/joining-rules"
TEAMS = "http://lrs.test/api/v1/teams"


def mbox(name: str) -> Json:
    return {"mbox": f"mailto:{name}@example.org"}


def account(name: str, home_page: str = "https://lms.example.org") -> Json:
    return {"account": {"homePage": home_page, "name": name}}


def somebody() -> str:
    """Return a name that nobody has."""
    return f"p{uuid4().hex[:12]}"


async def make(client: httpx.AsyncClient, *identifiers: Json, **more: Any) -> Json:
    """Make a person, and return it."""
    answer = await client.post(PEOPLE, json={"identifiers": [*identifiers], **more})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def define(client: httpx.AsyncClient, name: str, type_: str = "text", **more: Any) -> None:
    body = {"type": type_, "title": {"de": name, "en": name}, **more}
    answer = await client.put(f"{DEFINITIONS}/{name}", json=body)
    assert answer.status_code == 200, answer.text


async def get(client: httpx.AsyncClient, person: str) -> Json:
    answer = await client.get(f"{PEOPLE}/{person}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def set_value(client: httpx.AsyncClient, person: str, name: str, **value: Any) -> Json:
    answer = await client.put(f"{PEOPLE}/{person}/attributes/{name}", json=value)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def merge(client: httpx.AsyncClient, kept: str, other: str) -> Json:
    answer = await client.post(f"{PEOPLE}/{kept}/merges", json={"other": other})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def undo(client: httpx.AsyncClient, kept: str, made: Json) -> Json:
    answer = await client.delete(f"{PEOPLE}/{kept}/merges/{made['id']}")
    assert answer.status_code == 200, answer.text
    split: Json = answer.json()
    return split


def agents(person: Json) -> list[Json]:
    """Return the Agents that somebody has said a person is, without what rules add."""
    said = [each for each in person["identifiers"] if not each["source"].startswith("rule:")]
    return [{k: v for k, v in each["agent"].items() if k != "objectType"} for each in said]


def values(person: Json, name: str) -> Sequence[tuple[Any, Any, Any]]:
    """Return the values of an attribute, each with its days."""
    return [
        (each["value"], each["from"], each["until"])
        for each in person["attributes"]
        if each["name"] == name
    ]
