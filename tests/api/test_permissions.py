"""Each route lets in whom `docs/permissions.md` says, and nobody else."""

import re
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from architecture.source_files import ROOT
from conftest import Tenant, make_tenant, revoke
from lrs.api.permissions import Permission, as_page, permissions_of
from lrs.auth.roles import SCOPES_OF_ROLES
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.main import build_app
from lrs.settings import Settings
from lrs.storage.engines import Database

PERMISSIONS = permissions_of(build_app(Settings()))
PROTECTED = [each for each in PERMISSIONS if each.any_of is not None]
_PLACE = re.compile(r"\{\w+\}")
WHO: Mapping[str, Scopes] = {
    **{f"scope {scope}": Scopes({scope}) for scope in Scope},
    **{f"role {role}": scopes for role, scopes in SCOPES_OF_ROLES.items()},
}


@pytest.fixture(params=WHO, scope="module")
async def tenant_with(
    request: pytest.FixtureRequest, database: Database
) -> AsyncIterator[tuple[Scopes, Tenant]]:
    scopes = WHO[request.param]
    tenant = await make_tenant(database, scopes=scopes)
    yield with_implied(scopes), tenant
    await revoke(database, tenant)


async def asked(
    app: FastAPI, permission: Permission, tenant: Tenant, *, is_known: bool = True
) -> httpx.Response:
    """Ask a route for something that makes no sense: who is let in is told so, and not 403."""
    path = permission.path.replace("{name}", tenant.principal.store_name)
    path = _PLACE.sub(str(uuid4()), path.replace("{sha2}", "0" * 64))
    auth = tenant.auth if is_known else None
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test",
        headers={"X-Experience-API-Version": "1.0.3"},
        auth=auth,
    ) as client:
        body = None if permission.method == "GET" else {"wrong": 1}
        return await client.request(permission.method, path, json=body)


def test_the_page_is_that_of_the_routes() -> None:
    written = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert written == as_page(PERMISSIONS), "write it anew: lrs permissions --output ..."


async def test_each_route_lets_in_whom_it_says(
    app: FastAPI, tenant_with: tuple[Scopes, Tenant]
) -> None:
    scopes, tenant = tenant_with
    wrong = []
    for permission in PROTECTED:
        answer = await asked(app, permission, tenant)
        is_refused = answer.status_code == 403 and "this needs the scope" in answer.text
        if is_refused is permission.allows(scopes) or answer.status_code in {401, 500}:
            wrong.append((permission.method, permission.path, answer.status_code, answer.text))
    assert not wrong


@pytest.mark.parametrize("permission", PROTECTED, ids=lambda each: f"{each.method} {each.path}")
async def test_nobody_is_let_in_without_credentials(
    app: FastAPI, tenant: Tenant, permission: Permission
) -> None:
    answer = await asked(app, permission, tenant, is_known=False)
    assert answer.status_code == 401


@pytest.mark.parametrize("permission", PROTECTED, ids=lambda each: f"{each.method} {each.path}")
async def test_who_lacks_a_scope_is_told_which(
    app: FastAPI, database: Database, permission: Permission
) -> None:
    tenant = await make_tenant(database, scopes=Scopes())
    try:
        answer = await asked(app, permission, tenant)
    finally:
        await revoke(database, tenant)
    if permission.any_of:
        assert answer.status_code == 403
        # SCIM has no place for them but the text.
        missing = answer.json().get("missing") or permission.path.startswith("/scim/")
        assert missing in (True, [scope.value for scope in permission.any_of])
        assert all(scope in answer.json()["detail"] for scope in permission.any_of)
    else:
        assert answer.status_code != 401
        assert "missing" not in answer.text


def test_what_asks_for_nobody_is_known() -> None:
    public = {f"{each.method} {each.path}" for each in PERMISSIONS if each.any_of is None}
    assert public == PUBLIC


# A route that forgets to ask would stand here.
PUBLIC = {
    "GET /xapi/about",
    "POST /api/v1/launch-tokens/fetch/{ticket}",
    "POST /api/v1/session",
    "GET /pages.css",
    "GET /set-up/{token}",
    "POST /set-up/{token}",
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-on/callback",
    "GET /sign-on/start",
    "GET /sign-out",
    "POST /sign-out",
}
