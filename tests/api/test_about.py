"""The About Resource tells versions by a setting, the limits, and what is optional (Comm. 2.8)."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import Json, a_statement
from conftest import settings_for
from lrs.api.compression import preferred_coding
from lrs.main import build_app
from lrs.settings import Settings
from lrs.xapi.iris import is_iri
from statement_resource import JSON_BODY, VERSION_2

DOCUMENT = Path(__file__).parents[2] / "docs" / "xapi-divergences.md"
LIMITS, CODINGS, PARTS = (
    f"urn:lrs:about:{name}" for name in ("limits", "codings", "optional-parts")
)


async def about_of(database_url: str, **settings: Any) -> Json:
    """Return what an LRS with these settings tells."""
    app = build_app(settings_for(database_url, **settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client,
    ):
        told: Json = (await client.get("http://lrs.test/xapi/about")).json()
    return told


async def test_the_versions_are_a_setting(database_url: str) -> None:
    about = await about_of(database_url, about_versions="1.0.3")
    assert about["version"] == ["1.0.3"]


async def test_the_versions_that_are_told_change_nothing_that_is_served(
    database_url: str, client: httpx.AsyncClient
) -> None:
    app = build_app(settings_for(database_url, about_versions="1.0.3"))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=client.base_url,
            auth=client.auth,
            headers=VERSION_2,
        ) as newer,
    ):
        assert (await newer.post("/statements", json=a_statement())).status_code == 200


async def test_the_limits_are_told_by_the_names_of_their_settings(database_url: str) -> None:
    limits = {
        "max_body_bytes": 2001,
        "max_statement_bytes": 2002,
        "max_attachment_bytes": 2003,
        "max_multipart_bytes": 2004,
        "max_batch": 5,
        "body_timeout": 6,
        "page_size": 7,
        "max_page_size": 8,
    }
    assert limits.keys() <= Settings.model_fields.keys()
    about = await about_of(database_url, **limits)
    assert about["extensions"][LIMITS] == limits


async def extensions(client: httpx.AsyncClient) -> Json:
    found: Json = (await client.get("/about")).json()["extensions"]
    return found


@pytest.mark.requirement("XAPI-00320")
async def test_every_extension_is_an_iri_and_documented(client: httpx.AsyncClient) -> None:
    found = await extensions(client)
    assert found.keys() == {LIMITS, CODINGS, PARTS}
    assert all(is_iri(name) for name in found)
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in found if f"`{name}`" not in text] == []
    members = [name for extension in found.values() for name in extension]
    assert [name for name in members if f"`{name}`" not in text] == []


async def test_the_codings_are_those_that_are_understood(client: httpx.AsyncClient) -> None:
    codings = (await extensions(client))[CODINGS]
    refusal = await client.post(
        "/statements", content=b"", headers=JSON_BODY | {"Content-Encoding": "x"}
    )
    assert [name for name in codings["requests"] if name not in refusal.json()["detail"]] == []
    assert [preferred_coding([name]) for name in codings["answers"]] == codings["answers"]


async def test_credentials_are_asked_for_in_the_way_that_is_told(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    (scheme,) = (await extensions(client))[PARTS]["authentication"]
    answer = await anonymous.get("/statements")
    assert answer.headers["WWW-Authenticate"].startswith(f"{scheme} ")
