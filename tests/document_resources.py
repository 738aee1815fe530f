"""The three document resources, for tests that ask each of them the same."""

import json
from dataclasses import dataclass
from hashlib import sha1
from uuid import uuid4

import httpx
import pytest

from builders import Json, activity, agent

V1 = {"X-Experience-API-Version": "1.0.3"}
V2 = {"X-Experience-API-Version": "2.0.0"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
JSON_TYPE = {"Content-Type": "application/json"}
# For a PUT that has to name what it knows of the document.
NEW = {"If-None-Match": "*"}


@dataclass(frozen=True)
class Documents:
    """A document resource: its path, the parameter of its ids, and one context."""

    path: str
    id_name: str
    context: dict[str, str]

    def one(self, identifier: str = "a document", **more: str) -> dict[str, str]:
        """Parameters of one document."""
        return self.context | {self.id_name: identifier} | more

    async def stored(self, client: httpx.AsyncClient, content: bytes, **headers: str) -> str:
        """Store a new document under an id of its own, and return the id."""
        identifier = str(uuid4())
        answer = await client.put(
            self.path,
            params=self.one(identifier),
            content=content,
            headers=NEW | TEXT | {name.replace("_", "-"): it for name, it in headers.items()},
        )
        assert answer.status_code == 204, answer.text
        return identifier

    async def put(
        self, client: httpx.AsyncClient, identifier: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        return await client.put(
            self.path, params=self.one(identifier), content=content, headers=TEXT | headers
        )

    async def post(
        self, client: httpx.AsyncClient, identifier: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        return await client.post(
            self.path, params=self.one(identifier), content=content, headers=JSON_TYPE | headers
        )

    async def get(self, client: httpx.AsyncClient, identifier: str) -> httpx.Response:
        return await client.get(self.path, params=self.one(identifier))

    async def delete(
        self, client: httpx.AsyncClient, identifier: str, headers: dict[str, str]
    ) -> httpx.Response:
        return await client.delete(self.path, params=self.one(identifier), headers=headers)

    async def content(self, client: httpx.AsyncClient, identifier: str) -> bytes:
        """Return the bytes of a document that is there."""
        answer = await self.get(client, identifier)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def ids(self, client: httpx.AsyncClient, **more: str) -> list[str]:
        """Return the ids of the documents of the context."""
        answer = await client.get(self.path, params=self.context | more)
        assert answer.status_code == 200, answer.text
        ids: list[str] = answer.json()
        return ids


_AGENT: Json = {"agent": json.dumps(agent())}
_ACTIVITY: Json = {"activityId": activity()["id"]}
STATES = Documents("/activities/state", "stateId", _ACTIVITY | _AGENT)
ACTIVITY_PROFILES = Documents("/activities/profile", "profileId", _ACTIVITY)
AGENT_PROFILES = Documents("/agents/profile", "profileId", _AGENT)
ALL = (STATES, ACTIVITY_PROFILES, AGENT_PROFILES)
PROFILES = (ACTIVITY_PROFILES, AGENT_PROFILES)
_NAMED = {
    "states": STATES,
    "activity_profiles": ACTIVITY_PROFILES,
    "agent_profiles": AGENT_PROFILES,
}


def on_each(**requirements: str) -> pytest.MarkDecorator:
    """Run a test on the named resources, marked with the requirements that it shows of each."""
    resources = [
        pytest.param(_NAMED[name], marks=pytest.mark.requirement(*ids.split()))
        for name, ids in requirements.items()
    ]
    return pytest.mark.parametrize("documents", resources, ids=name_of)


def etag_of(content: bytes) -> str:
    return f'"{sha1(content, usedforsecurity=False).hexdigest()}"'


def name_of(value: object) -> str | None:
    """Name a resource or the version in headers in the ids of tests."""
    if isinstance(value, Documents):
        return value.path.strip("/")
    return value["X-Experience-API-Version"] if isinstance(value, dict) else None
