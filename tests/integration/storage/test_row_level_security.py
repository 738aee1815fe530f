"""The second wall: what a login of PostgreSQL sees that is not the service's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.errors import StartError
from lrs.storage.access_tables import store_logins
from lrs.storage.audit import append_record
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.storage.row_level_security import let_service_in

METADATA = store_logins.metadata
TABLES = sorted(METADATA.tables)
OF_STORES = sorted(name for name, table in METADATA.tables.items() if "store" in table.c)
MINE, THEIRS = 1, 2
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # it has no types
_STATEMENTS = """
    INSERT INTO statements
        (store, id, position, stored, timestamp, voiding, credential, verb, object_type)
    SELECT place % 2 + 1, gen_random_uuid(), place, now(), now(), false, 1, gen_random_uuid(), 'X'
    FROM generate_series(1, 4000) AS place
"""
_WALK = """
    EXPLAIN (COSTS OFF)
    SELECT id FROM statements WHERE store = 1 AND uuid_hash(verb) = 1 ORDER BY position LIMIT 5
"""
# Which role each table lets in.
_LET_IN = """
    SELECT unnest(roles) AS role FROM pg_policies WHERE policyname = 'service'
"""
_OTHERS = """
    INSERT INTO stores (name) VALUES ('mine'), ('theirs');
    INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'x', 'x');
    INSERT INTO set_up_links VALUES ('x', gen_random_uuid(), now());
    INSERT INTO credential_changes DEFAULT VALUES ON CONFLICT DO NOTHING;
"""
# By what the name of a type contains; an array before what it is of.
_VALUES = {
    "[]": "'{{}}'",
    "UUID": "gen_random_uuid()",
    "TEXT": "'{store}'",
    "BOOLEAN": "false",
    "BYTEA": "'\\x0{store}'",
    "TIMESTAMP": "now()",
    "DATE": "current_date",
    "JSON": "'{{}}'",
    "BIT": "CAST(0 AS bit({length}))",
    "": "{store}",
}


@pytest.fixture(scope="module")
async def own_url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database with rows of two stores in every table of stores."""
    name = f"own_{uuid4().hex}"
    url = cluster.url.replace("@/lrs?", f"@/{name}?")
    async with _connected(_plain(cluster.url)) as admin:
        await admin.execute(f"CREATE DATABASE {name}")
        await upgrade(url)
        async with _connected(_plain(url)) as connection:
            await _fill(connection)
        yield _plain(url)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _fill(connection: Any) -> None:
    await connection.execute(_OTHERS)
    for table in sorted(set(OF_STORES) - {"statements"}):
        columns = [column for column in METADATA.tables[table].columns if not column.nullable]
        names = ", ".join(f'"{column.name}"' for column in columns)
        for store in (MINE, THEIRS):
            values = ", ".join(_value(column, store) for column in columns)
            row = f"({names}) OVERRIDING SYSTEM VALUE VALUES ({values})"
            await connection.execute(f"INSERT INTO {table} {row}")
    await connection.execute(_STATEMENTS)
    await connection.execute("ANALYZE")


def _value(column: Any, store: int) -> str:
    """Return some value that a column takes, a different one in each store."""
    if column.name == "store":
        return str(store)
    kind = column.type.compile(dialect=_DIALECT)
    value = next(value for name, value in _VALUES.items() if name in kind)
    return value.format(store=store, length=getattr(column.type, "length", None))


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@asynccontextmanager
async def _connected(url: str, **options: Any) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, **options)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def owner(own_url: str) -> AsyncIterator[Any]:
    async with _connected(own_url) as connection:
        yield connection


@asynccontextmanager
async def role(owner: Any, *grants: str) -> AsyncIterator[str]:
    """Make a role that may log in, for the length of the block."""
    name = f"login_{uuid4().hex}"
    await owner.execute(f"CREATE ROLE {name} LOGIN")
    for grant in grants:
        await owner.execute(f"GRANT {grant} TO {name}")
    try:
        yield name
    finally:
        await owner.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
async def login(owner: Any) -> AsyncIterator[str]:
    """A login that may read all tables, and is bound to no store."""
    async with role(owner, "SELECT ON ALL TABLES IN SCHEMA public") as name:
        yield name


@pytest.fixture
async def bound(own_url: str, owner: Any, login: str) -> AsyncIterator[Any]:
    """A connection of a login that is bound to one of the stores."""
    await owner.execute("INSERT INTO store_logins VALUES ($1, $2)", login, MINE)
    async with _connected(own_url, user=login) as connection:
        yield connection
    await owner.execute("DELETE FROM store_logins WHERE role = $1", login)


async def seen(connection: Any, table: str = "statements", column: str = "store") -> set[int]:
    query = f"SELECT DISTINCT {column} FROM {table}"  # noqa: S608 - our own names
    return {row[0] for row in await connection.fetch(query)}


async def test_every_table_is_held(owner: Any) -> None:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"
        " AND relnamespace = 'public'::regnamespace"
    )
    assert sorted(row[0] for row in rows) == TABLES


async def test_every_table_of_stores_has_the_policy_and_stores_itself(owner: Any) -> None:
    rows = await owner.fetch(
        "SELECT tablename, qual, cmd FROM pg_policies WHERE policyname = 'own_store'"
    )
    assert sorted(row["tablename"] for row in rows) == sorted([*OF_STORES, "stores"])
    for row in rows:
        column = "id" if row["tablename"] == "stores" else "store"
        assert f"({column} = ( SELECT lrs_store_of_login()" in row["qual"]
        assert row["cmd"] == "ALL"


async def test_a_login_that_is_bound_to_no_store_sees_nothing(own_url: str, login: str) -> None:
    async with _connected(own_url, user=login) as connection:
        for table in TABLES:
            assert await seen(connection, table, "1") == set(), table


async def test_a_bound_login_sees_of_each_table_the_rows_of_its_store(
    owner: Any, bound: Any
) -> None:
    for table in OF_STORES:
        assert await seen(owner, table) >= {MINE, THEIRS}, table
        assert await seen(bound, table) == {MINE}, table
    assert await seen(bound, "stores", "id") == {MINE}


async def test_of_what_belongs_to_no_store_nothing_is_seen(owner: Any, bound: Any) -> None:
    for table in sorted(set(TABLES) - {*OF_STORES, "stores"}):
        assert await seen(owner, table, "1") == {1}, table
        assert await seen(bound, table, "1") == set(), table


async def test_all_rows_of_the_store_are_seen_and_none_that_is_asked_for_besides(
    bound: Any,
) -> None:
    assert await bound.fetchval("SELECT count(*) FROM statements") == 2_000
    assert await bound.fetchval("SELECT count(*) FROM statements WHERE store = 2") == 0


@pytest.mark.parametrize(
    "trick",
    [
        "SET lrs.store = '2'",
        "SET lrs.store = '*'",
        "SELECT set_config('role', 'none', false)",
        "SET search_path = pg_temp, public",
        """
        CREATE TEMP TABLE store_logins (role text, store integer);
        INSERT INTO store_logins VALUES (session_user, 2);
        SET search_path = pg_temp, public
        """,
        """
        CREATE FUNCTION pg_temp.lrs_store_of_login() RETURNS integer LANGUAGE sql AS 'SELECT 2';
        SET search_path = pg_temp, public
        """,
        "SET enable_indexscan = off; SET enable_seqscan = off",
    ],
)
async def test_what_a_login_can_set_or_make_shows_nothing_more(bound: Any, trick: str) -> None:
    await bound.execute(trick)
    assert await seen(bound, "public.statements") == {MINE}


@pytest.mark.parametrize(
    "trick",
    [
        "SET ROLE {owner}",
        "SET SESSION AUTHORIZATION {owner}",
        "ALTER ROLE {login} BYPASSRLS",
        "ALTER TABLE statements DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_store ON statements",
        "UPDATE store_logins SET store = 2",
        "INSERT INTO store_logins VALUES ('x', 2)",
        "ALTER FUNCTION lrs_store_of_login() SECURITY INVOKER",
        "SET row_security = off; SELECT * FROM statements",
        "SELECT * FROM pg_statistic",
        "COPY statements TO '/tmp/x'",
        "INSERT INTO statements (store) VALUES (2)",
        "SELECT pg_read_file('base')",
    ],
)
async def test_what_would_get_around_the_wall_is_refused(
    owner: Any, bound: Any, login: str, trick: str
) -> None:
    owners = await owner.fetchval("SELECT quote_ident(current_user)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await bound.execute(trick.format(owner=owners, login=login))
    await bound.execute("RESET ALL")
    assert await seen(bound) == {MINE}


async def test_a_function_of_the_login_is_shown_no_row_of_another_store(bound: Any) -> None:
    told: list[str] = []
    bound.add_log_listener(lambda _, message: told.append(message.message))
    await bound.execute(
        """
        CREATE FUNCTION pg_temp.tell(store integer) RETURNS boolean LANGUAGE plpgsql COST 0.0001
        AS $$ BEGIN RAISE NOTICE 'store %', store; RETURN true; END $$
        """
    )
    await bound.fetch("SELECT id FROM statements WHERE pg_temp.tell(store)")
    await bound.fetch("SELECT id FROM statements WHERE pg_temp.tell(store) AND store = 2")
    await asyncio.sleep(0)
    assert set(told) == {f"store {MINE}"}


async def test_statistics_tell_nothing_of_other_stores(owner: Any, bound: Any) -> None:
    known = "SELECT count(*) FROM pg_stats WHERE tablename = 'statements'"
    assert await bound.fetchval(known) == 0
    assert await owner.fetchval(known) > 0


async def test_copy_and_views_of_the_login_show_the_same(bound: Any) -> None:
    await bound.execute("CREATE TEMP VIEW mine AS SELECT * FROM statements")
    assert await seen(bound, "mine") == {MINE}


async def test_the_binding_is_asked_once_for_each_query(bound: Any) -> None:
    rows = await bound.fetch("EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM statements")
    plan = "\n".join(row[0] for row in rows)
    assert "InitPlan" in plan
    assert plan.count("lrs_store_of_login") <= 1


async def test_a_role_of_the_service_that_owns_nothing_sees_all_once_it_is_let_in(
    own_url: str, owner: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = ("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",)
    async with role(owner, *asked, "pg_read_all_stats") as name:
        service_url = _as(own_url, name)
        with pytest.raises(StartError, match="sees one store only"):
            await open_database(DatabaseOptions(service_url))

        await let_service_in(own_url, service_url)
        await let_service_in(own_url, service_url)

        database = await open_database(DatabaseOptions(service_url, workers=8))
        try:
            await _writes_the_log(database)
        finally:
            await database.close()
        async with _connected(own_url, user=name) as connection:
            for table in OF_STORES:
                assert await seen(connection, table) >= {MINE, THEIRS}, table
        assert [row["role"] for row in await owner.fetch(_LET_IN)] == [name] * len(TABLES)
        assert "ALTER ROLE" not in caplog.text
        assert "BYPASSRLS" in caplog.text


async def test_a_role_with_bypassrls_needs_no_policy_and_walks_indexes_as_the_owner_does(
    own_url: str, owner: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with role(owner, "SELECT ON ALL TABLES IN SCHEMA public") as name:
        await owner.execute(f"ALTER ROLE {name} BYPASSRLS")
        await let_service_in(_as(own_url), _as(own_url, name))
        await (await open_database(DatabaseOptions(_as(own_url, name), workers=8))).close()
        assert await owner.fetch(_LET_IN) == []
        assert caplog.text == ""
        async with _connected(own_url, user=name) as connection:
            assert await seen(connection) >= {MINE, THEIRS}
            assert await _plan(connection) == await _plan(owner)


async def test_the_role_of_the_service_may_be_the_owner(own_url: str, owner: Any) -> None:
    await let_service_in(_as(own_url), _as(own_url))
    assert await owner.fetch(_LET_IN) == []
    assert "Sort" not in await _plan(owner)


async def test_who_is_held_walks_no_index_of_a_function_that_may_leak(
    owner: Any, bound: Any
) -> None:
    """Why the service itself is not held: this is what its pages would be found by."""
    assert "Index Cond: ((store = 1) AND (uuid_hash(verb) = 1))" in await _plan(owner)
    assert "Filter: (uuid_hash(verb) = 1)" in await _plan(bound)


async def _plan(connection: Any) -> str:
    """Return how a page by verb is found."""
    return "\n".join(row[0] for row in await connection.fetch(_WALK))


async def _writes_the_log(database: Database) -> None:
    event = AuditEvent(Caller(WhoKind.SYSTEM, "lrs"), Action.STORE_MADE)
    async with database.writing() as connection:
        await append_record(connection, 3, event)


def _as(url: str, name: str | None = None) -> str:
    made = make_url(url).set(drivername="postgresql+asyncpg")
    made = made.set(username=name) if name else made
    return made.render_as_string(hide_password=False)
