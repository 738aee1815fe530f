"""Speaks SCIM to the app."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from conftest import Tenant
from lrs.storage.engines import Database

SCIM = "http://lrs.test/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
EMPLOYEE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

Json = dict[str, Any]


def a_user(user_name: str | None = None, **more: Any) -> Json:
    return {"schemas": [USER], "userName": user_name or uuid4().hex, **more}


def employee(**told: Any) -> Json:
    return {EMPLOYEE: told}


def operations(*told: Mapping[str, Any]) -> Json:
    return {"schemas": [PATCH], "Operations": list(told)}


async def create(client: httpx.AsyncClient, resource: Json, kind: str = "Users") -> Json:
    answer = await client.post(f"{SCIM}/{kind}", json=resource)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def create_group(client: httpx.AsyncClient, *members: Json, name: str | None = None) -> Json:
    told = [{"value": each["id"]} for each in members]
    group = {"schemas": [GROUP], "displayName": name or uuid4().hex, "members": told}
    return await create(client, group, "Groups")


async def patch(client: httpx.AsyncClient, resource: Json, *told: Json) -> httpx.Response:
    return await client.patch(resource["meta"]["location"], json=operations(*told))


async def patched(client: httpx.AsyncClient, resource: Json, *told: Json) -> Json:
    answer = await patch(client, resource, *told)
    assert answer.is_success, answer.text
    return await got(client, resource)


async def got(client: httpx.AsyncClient, resource: Json) -> Json:
    answer = await client.get(resource["meta"]["location"])
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def found(client: httpx.AsyncClient, kind: str = "Users", **params: Any) -> Json:
    answer = await client.get(f"{SCIM}/{kind}", params=params)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    assert page["itemsPerPage"] == len(page["Resources"])
    return page


async def put_back(database: Database, tenant: Tenant, days: int = 10) -> None:
    """Have all values and memberships of a store have begun some days ago."""
    async with database.writing() as connection:
        for table in ("person_attributes", "team_members"):
            earlier = text(
                f"UPDATE {table} SET valid_from = valid_from - CAST(:days AS int)"  # noqa: S608 - names of ours
                " WHERE store = :store"
            )
            await connection.execute(earlier, {"days": days, "store": tenant.principal.store})


def told(answer: httpx.Response) -> tuple[int, str | None]:
    """Return the status and the scimType of an answer, which must be an error of SCIM."""
    assert answer.headers["Content-Type"] == "application/scim+json", answer.text
    body = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(answer.status_code)
    assert body["detail"]
    return answer.status_code, body.get("scimType")
