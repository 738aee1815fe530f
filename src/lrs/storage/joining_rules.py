"""Keeps the rules of a store by which identifiers are taken to be one person's."""

from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from lrs.errors import InvalidRequestError, PersonConflictError, PersonNotFoundError
from lrs.people.joining import JoiningRule, RuleKind
from lrs.storage.driver import fetch
from lrs.storage.people_tables import joining_rules

# Each is looked at for every person.
MOST_RULES = 50
_of = joining_rules.c
# All persons and all statements are looked at again.
_BEGIN_ANEW = text(
    """
    INSERT INTO joining_progress (store, position, person)
    VALUES (:store, -9223372036854775808, '00000000-0000-0000-0000-000000000000')
    ON CONFLICT (store) DO UPDATE SET position = excluded.position, person = excluded.person
    """
).bindparams(bindparam("store", type_=Integer))


async def list_rules(connection: AsyncConnection, store: int) -> dict[UUID, JoiningRule]:
    """Return the rules of a store by their ids, the oldest first."""
    wanted = select(joining_rules).where(_of.store == store).order_by(_of.id)
    return {
        row.id: JoiningRule(RuleKind(row.kind), row.home_page, row.attribute)
        for row in await connection.execute(wanted)
    }


async def create_rule(connection: AsyncConnection, store: int, rule: JoiningRule) -> UUID:
    """Keep a rule, which is applied to all persons and statements from now on, and return its id.

    Raises:
        PersonConflictError: the store has the rule already.
        InvalidRequestError: it has too many.
    """
    known = await list_rules(connection, store)
    for identifier, each in known.items():
        if each == rule:
            raise PersonConflictError(f"the store has this rule already: {identifier}")
    if len(known) >= MOST_RULES:
        raise InvalidRequestError(f"a store has up to {MOST_RULES} joining rules")
    made = uuid7()
    values = {"kind": rule.kind.value, "home_page": rule.home_page, "attribute": rule.attribute}
    await connection.execute(insert(joining_rules).values(store=store, id=made, **values))
    await fetch(connection, _BEGIN_ANEW, {"store": store})
    return made


async def delete_rule(connection: AsyncConnection, store: int, rule: UUID) -> JoiningRule:
    """Give up a rule, and soon all that it has brought, and return it.

    Raises:
        PersonNotFoundError: there is none.
    """
    removal = delete(joining_rules).where(_of.store == store, _of.id == rule)
    for row in await connection.execute(removal.returning(joining_rules)):
        await fetch(connection, _BEGIN_ANEW, {"store": store})
        return JoiningRule(RuleKind(row.kind), row.home_page, row.attribute)
    raise PersonNotFoundError(f"there is no joining rule {rule}")
