"""What a User of SCIM changes of a person, within the transaction of the request.

What is new begins today, and ends what was: so a sum by department goes on to count what was done
before in the department of its day.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from lrs.errors import (
    InvalidRequestError,
    InvalidScimError,
    PersonConflictError,
    PersonNotFoundError,
)
from lrs.people.attributes import AttributeDefinition, AttributeType
from lrs.people.scim_users import DEFINITIONS, Said
from lrs.people.validities import OPEN_AFTER, Validity
from lrs.storage.attribute_definitions import definitions_of, put_definition
from lrs.storage.checked_values import ToldValue, set_told_values
from lrs.storage.people import (
    Change,
    NewPerson,
    change_person,
    get_person,
    record_changes,
    touch_people,
)
from lrs.storage.person_identifiers import add_identifiers, apply_rules, identifiers_of
from lrs.storage.person_identifiers import remove_identifier as remove
from lrs.storage.person_values import KeptValue, clear_values, values_of
from lrs.storage.scim_users import keep_rest
from lrs.storage.transactions import Transaction
from lrs.storage.untold_people import take_in_untold
from lrs.xapi.keys import Ifi, ifi_key

FROM_SCIM: Final = "scim"
_FIELDS: Final = ("name", "user_name", "external_id", "language", "active")


@dataclass(frozen=True, slots=True)
class Writing:
    """Where and by whom a User is written.

    Attributes:
        connection: which holds `lock_people`.
        user: the id of the row that is the User.
        root: the person that the User is, or is a part of.
        by: who says so.
    """

    connection: Transaction
    store: int
    user: UUID
    root: UUID
    today: date
    by: str


async def write_user(writing: Writing, before: Said | None, after: Said) -> list[str]:
    """Change a person from what a User said to what it says now, and return what has changed.

    Args:
        writing: where and by whom.
        before: None if the person was no User.
        after: what is said now.

    Raises:
        PersonConflictError: the user name or a mail address is another's; both are named.
        InvalidScimError: a value is none of its attribute.
    """
    said = before or Said(user_name="", active=not after.active)
    changed = await _write_fields(writing, said, after)
    changed += await _write_attributes(writing, said.attributes, after.attributes)
    if said.mailboxes != after.mailboxes:
        await _write_mailboxes(writing, said.mailboxes, after.mailboxes)
        changed.append("identifiers")
    if changed:
        await apply_rules(writing.connection, writing.store, [writing.root])
    await keep_rest(writing.connection, writing.store, writing.user, after.rest)
    if writing.root != writing.user:
        await touch_people(writing.connection, writing.store, [writing.root])
    return changed


def told_by(said: Said) -> NewPerson:
    """Return what is told of a person by a User."""
    return NewPerson(**{name: getattr(said, name) for name in _FIELDS})


async def _write_fields(writing: Writing, before: Said, after: Said) -> list[str]:
    """Write what stands in the row; what SCIM says nothing new of may have come from elsewhere."""
    changes = {
        name: getattr(after, name)
        for name in _FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    if changes:
        person = await get_person(writing.connection, writing.store, writing.user)
        told = replace(person.told, **changes)
        await change_person(writing.connection, writing.store, writing.user, told, writing.by)
    return [*changes]


async def _write_attributes(
    writing: Writing, before: Mapping[str, str], after: Mapping[str, str]
) -> list[str]:
    new = {name: value for name, value in after.items() if before.get(name) != value}
    gone = [name for name in before if name not in after]
    if not new and not gone:
        return []
    connection, store = writing.connection, writing.store
    kept = (await values_of(connection, store, [writing.root]))[writing.root]
    for name in gone:
        until = _end_of_today(kept, name, writing.today)
        period = Validity(writing.today, until)
        await clear_values(connection, store, writing.root, name, period, writing.by)
    if new:
        await _define(connection, store, new)
        await _begin_values(writing, kept, new)
    return [f"attribute:{name}" for name in (*new, *gone)]


async def _begin_values(
    writing: Writing, kept: Iterable[KeptValue], new: Mapping[str, str]
) -> None:
    """Have values hold from today on, up to where something else is known already."""
    connection, store, today = writing.connection, writing.store, writing.today
    told = []
    for name, value in new.items():
        period = Validity(today, _end_of_today(kept, name, today))
        if not period.is_open:
            await clear_values(connection, store, writing.root, name, period, writing.by)
        told.append(ToldValue(writing.root, name, value, period))
    with _told_of_values():
        await set_told_values(connection, store, told, writing.by)


def _end_of_today(kept: Iterable[KeptValue], name: str, today: date) -> date:
    """Return the end of the value that holds today, or else the day before which none begins."""
    periods = [each.validity for each in kept if each.name == name]
    ends = [each.until for each in periods if each.covers(today)]
    begins = [each.since for each in periods if each.since > today]
    return min(ends or begins, default=OPEN_AFTER)


async def _define(connection: Transaction, store: int, names: Iterable[str]) -> None:
    """Define attributes that the store does not know yet."""
    known = await definitions_of(connection, store)
    for name in names:
        if name not in known:
            kind, title_de, title_en, is_sensitive = DEFINITIONS[name]
            made = AttributeDefinition(
                name, AttributeType(kind), title_de, title_en, is_sensitive=is_sensitive
            )
            await put_definition(connection, store, made)


async def _write_mailboxes(writing: Writing, before: frozenset[Ifi], after: frozenset[Ifi]) -> None:
    connection, store, root = writing.connection, writing.store, writing.root
    kept = (await identifiers_of(connection, store, [root]))[root]
    brought = {each.ifi for each in kept if each.source == FROM_SCIM}
    gone = [each for each in before - after if each in brought]
    for each in gone:
        await remove(connection, store, root, ifi_key(each))
    await take_in_untold(connection, store, root, after - before, writing.by)
    added = await add_identifiers(connection, store, root, after - before, FROM_SCIM)
    changes = [Change(root, "identifier", before=str(ifi_key(each))) for each in gone]
    changes += [Change(root, "identifier", after=str(ifi_key(each))) for each in added]
    await record_changes(connection, store, writing.by, changes)


@contextmanager
def _told_of_values() -> Iterator[None]:
    """Tell in the words of SCIM what is wrong with the values of attributes."""
    try:
        yield
    except (InvalidRequestError, PersonNotFoundError, PersonConflictError) as error:
        raise InvalidScimError(error.detail, "invalidValue") from error
