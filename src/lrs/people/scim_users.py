"""What a User of SCIM says of a person, and what a person is as a User: `docs/scim.md`.

What has a place of its own here is taken from there when a User is answered; the rest of the User
is kept as it came, without the password, and given back.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from scim2_models import GroupMembership, Meta, Reference

from lrs.errors import InvalidScimError, LRSError
from lrs.people.identifiers import read_identifier
from lrs.people.scim_resources import EnterpriseUser, ScimUser, Superior
from lrs.xapi.keys import Ifi

# The attribute of a person that an attribute of a User, or of its extension, is.
OF_USER: Final = MappingProxyType({"title": "role", "user_type": "user_type"})
OF_EMPLOYEE: Final = MappingProxyType(
    {
        "employee_number": "personnel_number",
        "department": "department",
        "division": "division",
        "cost_center": "cost_center",
        "organization": "organization",
    }
)
MANAGER: Final = "manager"


class Definition(NamedTuple):
    """How an attribute is defined in a store that had none of this name."""

    type: str
    title_de: str
    title_en: str
    is_sensitive: bool = False


DEFINITIONS: Final = MappingProxyType(
    {
        "role": Definition("text", "Rolle", "Role"),
        "user_type": Definition("text", "Art der Beschäftigung", "Kind of employment"),
        "personnel_number": Definition(
            "text", "Personalnummer", "Personnel number", is_sensitive=True
        ),
        "department": Definition("text", "Abteilung", "Department"),
        "division": Definition("text", "Bereich", "Division"),
        "cost_center": Definition("text", "Kostenstelle", "Cost centre"),
        "organization": Definition("text", "Organisation", "Organization"),
        MANAGER: Definition("person", "Führungskraft", "Manager"),
    }
)

# Of what an index or a rule holds.
LONGEST: Final = 500
_ELSEWHERE: Final = frozenset(
    ("id", "external_id", "meta", "groups", "password", "user_name", *OF_USER, "EnterpriseUser")
)
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Said:
    """What a User says that has a place of its own.

    Attributes:
        name: as it is displayed, or formatted, or put together.
        attributes: values by the names of attributes of persons; of `manager`, the id.
        mailboxes: the mail addresses as identifiers.
        rest: the User without all this but what its name, its language and its addresses are
            made from, as it is kept.
    """

    user_name: str
    name: str | None = None
    external_id: str | None = None
    language: str | None = None
    active: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    mailboxes: frozenset[Ifi] = frozenset()
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptUser:
    """A person with a user name, as they are kept.

    Attributes:
        id: of the person, also if they are a part of another one now.
        attributes: that hold today, by name.
        groups: the teams that they are in today, with their names.
        rest: what was kept of the User as it came.
    """

    id: UUID
    user_name: str
    name: str | None
    external_id: str | None
    active: bool
    created: datetime
    updated: datetime
    version: int
    attributes: Mapping[str, str]
    groups: Sequence[tuple[UUID, str]]
    rest: Mapping[str, Any]


def said_by(user: ScimUser) -> Said:
    """Return what a User says.

    Raises:
        InvalidScimError: a value is missing or too long, or a mail address is none of an Agent.
    """
    said = Said(
        user_name=user.user_name or "",
        name=_name(user),
        external_id=user.external_id or None,
        language=_language(user),
        active=user.active is not False,
        attributes=_attributes(user),
        mailboxes=frozenset(mailbox_of(each.value) for each in user.emails or [] if each.value),
        rest=_rest(user),
    )
    _check(said)
    return said


def user_of(kept: KeptUser, base: str) -> ScimUser:
    """Return a person as a User.

    Args:
        kept: the person.
        base: the address of SCIM here, up to the version.
    """
    user = ScimUser.model_validate(dict(kept.rest), scim_ctx=None)
    user.id, user.user_name, user.external_id = str(kept.id), kept.user_name, kept.external_id
    if kept.name != _name(user):
        user.display_name = kept.name
    if kept.active != (user.active is not False):
        user.active = kept.active
    for field_name, name in OF_USER.items():
        setattr(user, field_name, kept.attributes.get(name))
    user[EnterpriseUser] = _employee(kept.attributes, base)
    if kept.groups:
        user.groups = [
            GroupMembership(
                value=str(id_), ref=Reference(f"{base}/Groups/{id_}"), display=name, type="direct"
            )
            for id_, name in kept.groups
        ]
    user.meta = meta_of("User", kept, f"{base}/Users/{kept.id}")
    return user


def meta_of(kind: str, kept: Any, location: str) -> Meta:  # noqa: ANN401 - a kept user or group
    """Return what is told of a resource itself."""
    return Meta(
        resource_type=kind,
        created=kept.created,
        last_modified=kept.updated,
        location=location,
        version=etag_of(kept.version),
    )


def etag_of(version: int) -> str:
    """Return the ETag of a version."""
    return f'W/"{version}"'


def mailbox_of(address: str) -> Ifi:
    """Return the identifier that a mail address is.

    Raises:
        InvalidScimError: it can be none of an Agent.
    """
    try:
        return read_identifier(json.dumps({"mbox": f"mailto:{address}"}, ensure_ascii=False))
    except LRSError as error:
        raise InvalidScimError(
            f"emails: {address[:80]!r} is no mail address that an Agent can have", "invalidValue"
        ) from error


def _name(user: ScimUser) -> str | None:
    name = user.name
    parts = (name.given_name, name.family_name) if name else ()
    joined = " ".join(part for part in parts if part)
    return user.display_name or (name.formatted if name else None) or joined or None


def _language(user: ScimUser) -> str | None:
    """Return the first language that is told, if it is a language tag."""
    for told in (user.preferred_language, user.locale):
        tag = re.split(r"[,;\s]", told or "")[0].replace("_", "-")
        if _TAG.fullmatch(tag):
            return tag
    return None


def _attributes(user: ScimUser) -> dict[str, str]:
    employee = user[EnterpriseUser]
    told = {name: getattr(user, field_name) for field_name, name in OF_USER.items()}
    for field_name, name in OF_EMPLOYEE.items():
        told[name] = getattr(employee, field_name) if employee else None
    told[MANAGER] = employee.manager.value if employee and employee.manager else None
    return {name: value for name, value in told.items() if value}


def _employee(attributes: Mapping[str, str], base: str) -> EnterpriseUser | None:
    told: dict[str, Any] = {
        field_name: attributes[name]
        for field_name, name in OF_EMPLOYEE.items()
        if name in attributes
    }
    if MANAGER in attributes:
        id_ = attributes[MANAGER]
        told["manager"] = Superior(value=id_, ref=Reference(f"{base}/Users/{id_}"))
    return EnterpriseUser(**told) if told else None


def _rest(user: ScimUser) -> dict[str, Any]:
    kept = user.model_copy(deep=True)
    for name in _ELSEWHERE:
        kept.__dict__[name] = None
    kept.schemas = [str(ScimUser.__schema__)]
    return kept.model_dump()


def _check(said: Said) -> None:
    if not said.user_name.strip():
        raise InvalidScimError("userName must not be empty", "invalidValue")
    named = {"userName": said.user_name, "externalId": said.external_id, "name": said.name}
    check_lengths({**named, **said.attributes}.items())
    check_lengths(("emails", each.value) for each in said.mailboxes)


def check_lengths(texts: Iterable[tuple[str, str | None]]) -> None:
    """Refuse texts that are longer than an index can hold.

    Raises:
        InvalidScimError: one is; its name is told.
    """
    for name, value in texts:
        if value is not None and len(value) > LONGEST:
            raise InvalidScimError(f"{name} is longer than {LONGEST} characters", "invalidValue")
