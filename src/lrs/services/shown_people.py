"""What of a person somebody is shown: sensitive values are for those who look after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import ForbiddenError
from lrs.people.attributes import AttributeDefinition, shown_value
from lrs.people.validities import Validity
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.engines import Database
from lrs.storage.person_records import PersonRecord, record_of
from lrs.storage.seen_people import seen_person

SEES_SENSITIVE = (Scope.PEOPLE_WRITE, Scope.PRIVACY, Scope.PLATFORM)


@dataclass(frozen=True, slots=True)
class Told:
    """A value as it was told, or as it is shown."""

    name: str
    value: object
    validity: Validity


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """A person, and of their values those that may be seen, as JSON has them."""

    record: PersonRecord
    values: Sequence[Told]


def require_everybody(principal: Principal) -> None:
    """Refuse who may see some people only: by joining others to them they would see those too.

    Raises:
        ForbiddenError: they are limited.
    """
    if principal.restriction.agents is not None:
        raise ForbiddenError("whoever is limited to some people can neither add nor join any")


def sees_sensitive(principal: Principal) -> bool:
    """Tell whether somebody sees the values of sensitive attributes."""
    return principal.may(*SEES_SENSITIVE)


def event_of(caller: Caller, action: Action, target: UUID | str, **details: object) -> AuditEvent:
    """Return what the audit log is told."""
    return AuditEvent(caller, action, str(target), details=details)


def is_shown(principal: Principal, definition: AttributeDefinition) -> bool:
    """Tell whether somebody is shown the values of an attribute."""
    return not definition.is_sensitive or sees_sensitive(principal)


def shown_person(
    principal: Principal, record: PersonRecord, definitions: Mapping[str, AttributeDefinition]
) -> SeenPerson:
    """Return a person as somebody may see them."""
    values = [
        Told(each.name, shown_value(definitions[each.name].type, each.value), each.validity)
        for each in record.values
        if is_shown(principal, definitions[each.name])
    ]
    return SeenPerson(record, values)


async def get_shown(database: Database, principal: Principal, identifier: UUID) -> SeenPerson:
    """Return a person: by their id, that of one who was merged, or an identifier's key.

    Raises:
        PersonNotFoundError: there is none, or they may not be seen.
        UnavailableError: the database cannot be reached.
    """
    async with database.primary() as connection:
        identity = await seen_person(connection, principal, identifier)
        record = await record_of(connection, principal.store, identity)
        definitions = await definitions_of(connection, principal.store)
    return shown_person(principal, record, definitions)
