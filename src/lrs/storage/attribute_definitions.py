"""Keeps what a store wants to know of its people."""

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import InvalidRequestError, PersonConflictError, PersonNotFoundError
from lrs.people.attributes import AttributeDefinition, AttributeType
from lrs.storage.people_tables import attribute_definitions, joining_rules, person_attributes

# Each is a dimension of sums; whoever needs more has another kind of store in mind.
MOST_DEFINITIONS = 200
_table = attribute_definitions


async def definitions_of(connection: AsyncConnection, store: int) -> dict[str, AttributeDefinition]:
    """Return all definitions of a store by their names, in the order of these."""
    wanted = select(_table).where(_table.c.store == store).order_by(_table.c.name)
    return {
        row.name: AttributeDefinition(
            row.name, AttributeType(row.type), row.title_de, row.title_en, row.is_sensitive
        )
        for row in await connection.execute(wanted)
    }


async def put_definition(
    connection: AsyncConnection, store: int, definition: AttributeDefinition
) -> None:
    """Keep a definition, in the place of the one that has its name.

    Raises:
        PersonConflictError: there are values of another type.
        InvalidRequestError: there are too many definitions.
    """
    known = await definitions_of(connection, store)
    before = known.get(definition.name)
    if before is None and len(known) >= MOST_DEFINITIONS:
        raise InvalidRequestError(f"a store has up to {MOST_DEFINITIONS} attributes")
    if before is not None and before.type is not definition.type:
        await _refuse_values(connection, store, definition.name, "changing its type")
    values = {
        "type": definition.type.value,
        "title_de": definition.title_de,
        "title_en": definition.title_en,
        "is_sensitive": definition.is_sensitive,
    }
    insertion = postgresql.insert(_table).values(store=store, name=definition.name, **values)
    key = [_table.c.store, _table.c.name]
    await connection.execute(insertion.on_conflict_do_update(index_elements=key, set_=values))


async def delete_definition(connection: AsyncConnection, store: int, name: str) -> None:
    """Give up a definition of which there are no values.

    Raises:
        PersonNotFoundError: there is none of this name.
        PersonConflictError: there are values, or a rule joins by it.
    """
    await _refuse_values(connection, store, name, "deleting it")
    rule = select(joining_rules.c.id).where(
        joining_rules.c.store == store, joining_rules.c.attribute == name
    )
    if (found := await connection.scalar(rule.limit(1))) is not None:
        raise PersonConflictError(f"the joining rule {found} asks for the attribute {name!r}")
    removal = delete(_table).where(_table.c.store == store, _table.c.name == name)
    if not (await connection.execute(removal)).rowcount:
        raise PersonNotFoundError(f"there is no attribute {name!r}")


async def _refuse_values(connection: AsyncConnection, store: int, name: str, before: str) -> None:
    mine = person_attributes.c.store == store, person_attributes.c.name == name
    some = select(person_attributes.c.person).where(*mine).limit(1)
    if (person := await connection.scalar(some)) is not None:
        raise PersonConflictError(
            f"there are values of the attribute {name!r}, one of them of person {person}:"
            f" take them away before {before}"
        )
