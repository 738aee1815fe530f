"""Sets values of attributes as they are told, held against the definitions of the store.

The one way by which values come in: from our API, from an import and from SCIM.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import UnknownMemberError
from lrs.people.attributes import AttributeDefinition, AttributeType, canonical_value
from lrs.people.validities import ALWAYS, Validity
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.people import Change, touch_people
from lrs.storage.person_identifiers import apply_rules
from lrs.storage.person_values import NewValue, check_rings, roots_of, set_values


@dataclass(frozen=True, slots=True)
class ToldValue:
    """A value that a person is to have, as it was told.

    Attributes:
        person: who is no part of another.
        value: as JSON has it, or as a text.
    """

    person: UUID
    name: str
    value: object
    validity: Validity = ALWAYS


async def set_told_values(
    connection: AsyncConnection, store: int, told: Sequence[ToldValue], changed_by: str
) -> list[Change]:
    """Have persons have values, all or none, and return what has changed.

    What changes is written down, and rules that ask for it are applied. It is as cheap for a
    thousand as for one.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the persons.
        told: the values, in the order in which they are set.
        changed_by: who says so.

    Raises:
        UnknownMemberError: the store knows no such attribute.
        InvalidRequestError: a value is none of the type.
        PersonNotFoundError: a value names a person who is not there.
        PersonConflictError: it overlaps another one, or makes a ring; both are named.
    """
    definitions = await definitions_of(connection, store)
    new = [_canonical(definitions, each) for each in told]
    changes = await set_values(
        connection, store, await _resolved(connection, store, definitions, new), changed_by
    )
    changed = {each.person for each in changes}
    for name in {each.name for each in new if _is_person(definitions, each)}:
        await check_rings(connection, store, name, changed)
    if changed:
        await apply_rules(connection, store, changed)
        await touch_people(connection, store, changed)
    return changes


def definition_of(definitions: Mapping[str, AttributeDefinition], name: str) -> AttributeDefinition:
    """Return the definition of an attribute.

    Raises:
        UnknownMemberError: there is none; those that are there are told.
    """
    found = definitions.get(name)
    if found is None:
        raise UnknownMemberError(f"the store knows no attribute {name[:80]!r}", [*definitions])
    return found


def _canonical(definitions: Mapping[str, AttributeDefinition], told: ToldValue) -> NewValue:
    value = canonical_value(definition_of(definitions, told.name), told.value)
    return NewValue(told.person, told.name, value, told.validity)


def _is_person(definitions: Mapping[str, AttributeDefinition], value: NewValue) -> bool:
    return definitions[value.name].type is AttributeType.PERSON


async def _resolved(
    connection: AsyncConnection,
    store: int,
    definitions: Mapping[str, AttributeDefinition],
    new: Iterable[NewValue],
) -> list[NewValue]:
    """Have values that are persons be those who they are now."""
    named = {UUID(each.value) for each in new if _is_person(definitions, each)}
    roots = await roots_of(connection, store, named) if named else {}
    return [
        NewValue(each.person, each.name, str(roots[UUID(each.value)]), each.validity)
        if _is_person(definitions, each)
        else each
        for each in new
    ]
