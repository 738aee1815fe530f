"""The role that serves requests owns nothing, and all works: docs/database-roles.md."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from builders import a_statement
from conftest import Tenant, make_tenant, serving
from lrs.errors import StartError
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.migrations import downgrade, upgrade
from lrs.storage.row_level_security import let_service_in
from running_service import lrs

_DOCUMENT = Path(__file__).parents[3] / "docs" / "database-roles.md"
OURS = "http://lrs.test/api/v1"
_SQL = re.compile(r"```sql\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Roles:
    """The addresses of one database by three roles."""

    superuser: str
    owner: str
    service: str


async def run(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return (
            await connection.fetch(sql)
            if sql.startswith("SELECT")
            else await _done(connection, sql)
        )
    finally:
        await connection.close()


async def _done(connection: asyncpg.Connection, sql: str) -> list[asyncpg.Record]:
    await connection.execute(sql)
    return []


def documented(number: int, names: dict[str, str]) -> str:
    """Return the SQL of the document, with the test's own names."""
    sql = _SQL.findall(_DOCUMENT.read_text(encoding="utf-8"))[number]
    for name, own in names.items():
        sql = re.sub(rf"\b{name}\b", own, sql)
    return str(sql)


@pytest.fixture
async def names(empty_database: str) -> AsyncIterator[dict[str, str]]:
    found = re.search(r"@/(\w+)\?", empty_database)
    assert found
    end = uuid4().hex
    names = {"lrs_owner": f"owner_{end}", "lrs_service": f"service_{end}", "lrs": found[1]}
    yield names
    for role in (names["lrs_owner"], names["lrs_service"]):
        await run(empty_database, f"REASSIGN OWNED BY {role} TO lrs; DROP OWNED BY {role}")
        await run(empty_database, f"DROP ROLE {role}")


@pytest.fixture
async def roles(empty_database: str, names: dict[str, str]) -> Roles:
    await run(empty_database, documented(0, names))
    owner, service = (
        empty_database.replace("//lrs@", f"//{names[role]}@")
        for role in ("lrs_owner", "lrs_service")
    )
    return Roles(empty_database, owner, service)


async def tenant_of(url: str) -> Tenant:
    database = await open_database(DatabaseOptions(url, workers=4))
    try:
        return await make_tenant(database)
    finally:
        await database.close()


async def use_everything(client: httpx.AsyncClient) -> None:
    state = {
        "activityId": a_statement()["object"]["id"],
        "agent": '{"mbox":"mailto:ada@example.org"}',
        "stateId": "x",
    }
    (stored,) = (await client.post("/statements", json=a_statement())).json()
    voiding = a_statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": stored},
    )
    answers = [
        await client.get("/statements", params={"statementId": stored}),
        await client.get("/statements"),
        await client.post("/statements", json=voiding),
        await client.put("/activities/state", json={"a": 1}, params=state),
        await client.post("/activities/state", json={"b": 2}, params=state),
        await client.get("/activities/state", params=state),
        await client.delete("/activities/state", params=state),
        await client.get("/agents", params={"agent": state["agent"]}),
        await client.get("/activities", params={"activityId": state["activityId"]}),
        await client.post(f"{OURS}/analytics/query", json={"measures": ["statements.count"]}),
        await client.get(f"{OURS}/credentials"),
        await client.get(f"{OURS}/stores"),
        await client.get(f"{OURS}/users"),
        await client.get(f"{OURS}/audit"),
    ]
    assert {answer.status_code for answer in answers} <= {200, 204}, [a.text for a in answers]


async def migrate(roles: Roles) -> None:
    """Do what `lrs migrate` does with both settings."""
    await upgrade(roles.owner)
    await let_service_in(roles.owner, roles.service)


async def test_a_role_that_owns_nothing_serves_everything(roles: Roles) -> None:
    await migrate(roles)
    tenant = await tenant_of(roles.service)
    async with serving(roles.service, tenant) as client:
        await use_everything(client)
    owned = f"SELECT 1 FROM pg_class WHERE relowner = '{_role(roles.service)}'::regrole"  # noqa: S608 - a name that the test has made
    assert await run(roles.superuser, owned) == []


def _role(url: str) -> str:
    return url.partition("//")[2].partition("@")[0]


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE statements", "CREATE TABLE planted (a int)", "TRUNCATE audit_records",
     "ALTER TABLE audit_records DISABLE TRIGGER ALL", "DROP TRIGGER stay ON audit_records",
     "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE ROLE planted",
     "COPY statements TO PROGRAM 'true'", "CREATE SCHEMA planted",
     "SET session_replication_role = replica"],
)  # fmt: skip
async def test_it_may_do_nothing_else(roles: Roles, sql: str) -> None:
    await migrate(roles)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(roles.service, sql)


async def test_it_starts_on_tables_that_are_up_to_date_and_on_no_others(roles: Roles) -> None:
    with pytest.raises(StartError, match="LRS_MIGRATION_DATABASE_URL"):
        await upgrade(roles.service)
    await upgrade(roles.owner)
    await upgrade(roles.service)
    await downgrade(roles.owner, "-1")
    with pytest.raises(StartError, match="LRS_MIGRATION_DATABASE_URL"):
        await upgrade(roles.service)


async def test_lrs_migrate_comes_by_the_owner(roles: Roles) -> None:
    refused = lrs("migrate", LRS_DATABASE_URL=roles.service)
    assert refused.returncode == 1
    assert "LRS_MIGRATION_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr
    done = lrs("migrate", LRS_DATABASE_URL=roles.service, LRS_MIGRATION_DATABASE_URL=roles.owner)
    assert done.returncode == 0, done.stderr
    await upgrade(roles.service)


async def test_tables_can_be_handed_over(roles: Roles, names: dict[str, str]) -> None:
    """What the document says for a database that the role of the service has made."""
    await run(roles.superuser, f"GRANT CREATE ON SCHEMA public TO {names['lrs_service']}")
    await upgrade(roles.service)
    tenant = await tenant_of(roles.service)
    await run(roles.superuser, f"REVOKE CREATE ON SCHEMA public FROM {names['lrs_service']}")
    await run(roles.superuser, documented(1, names))
    await migrate(roles)
    async with serving(roles.service, tenant) as client:
        await use_everything(client)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(roles.service, "DROP TABLE statements")
