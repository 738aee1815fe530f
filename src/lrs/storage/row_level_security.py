"""The second wall between stores: PostgreSQL holds each role but two to the rows of one store.

The two are the owner of the tables, and the service if it is another role. What holds the others
is made by a migration; `docs/decisions/0023-row-level-security.md` says why the service is not
held.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from lrs.storage.migrations import with_driver
from lrs.storage.translate_errors import translated_errors

# The name of the policies that let the service see all stores.
POLICY = "service"

_ROLE = text("SELECT quote_ident(current_user)")
# For each table that still holds a role: what takes back the policy, of another role, that it may
# have, and what lets this role in.
_LETTING_IN = text(
    """
    SELECT format('DROP POLICY IF EXISTS %I ON %I', CAST(:policy AS text), held.relname),
           format('CREATE POLICY %I ON %I TO %I USING (true)',
                  CAST(:policy AS text), held.relname, service.rolname)
    FROM pg_class AS held
    JOIN pg_namespace AS schema ON schema.oid = held.relnamespace
    JOIN pg_roles AS service ON service.oid = CAST(:role AS regrole)
    WHERE held.relrowsecurity
      AND schema.nspname = current_schema()
      AND held.relowner <> service.oid
      AND NOT service.rolbypassrls
      AND NOT service.rolsuper
      AND NOT EXISTS (
          SELECT FROM pg_policy AS policy
          WHERE policy.polrelid = held.oid
            AND policy.polname = :policy
            AND service.oid = ANY (policy.polroles)
      )
    """
)
# `to_regclass`, since the tables may not be there yet.
_HOLD = text(
    """
    SELECT row_security_active(CAST(statements AS oid)) AS is_held,
           EXISTS (
               SELECT FROM pg_policy AS policy
               CROSS JOIN LATERAL unnest(policy.polroles) AS role
               WHERE policy.polrelid = statements AND policy.polname = :policy
                 AND role <> 0 AND pg_has_role(role, 'USAGE')
           ) AS is_let_in
    FROM to_regclass('statements') AS statements
    WHERE statements IS NOT NULL
    """
)


class Hold(NamedTuple):
    """Whether a role is held by the wall, and if so, whether it was let in to all stores."""

    is_held: bool
    is_let_in: bool


async def hold_of(connection: AsyncConnection) -> Hold:
    """Tell how the role of a connection is held."""
    row = (await connection.execute(_HOLD, {"policy": POLICY})).first()
    return Hold(is_held=False, is_let_in=True) if row is None else Hold(*row)


async def let_service_in(owner_url: str, service_url: str) -> None:
    """Let the role of the service see the rows of all stores, where it does not yet.

    One with BYPASSRLS does. Another one does so by policies, with which PostgreSQL finds the pages
    of some filters more slowly, many times for some.

    Args:
        owner_url: of the role that owns the tables, which are up to date.
        service_url: of the role that the service uses.

    Raises:
        UnavailableError: the server cannot be reached.
    """
    role = await _role_of(service_url)
    engine = create_async_engine(with_driver(owner_url), poolclass=NullPool)
    with translated_errors():
        async with engine.begin() as connection:
            found = await connection.execute(_LETTING_IN, {"role": role, "policy": POLICY})
            for statement in [each for row in found.all() for each in row]:
                await connection.exec_driver_sql(statement)


async def _role_of(url: str) -> str:
    """Return the role of an address, as it is written in SQL."""
    engine = create_async_engine(with_driver(url), poolclass=NullPool)
    with translated_errors():
        async with engine.connect() as connection:
            return str((await connection.execute(_ROLE)).scalar_one())
