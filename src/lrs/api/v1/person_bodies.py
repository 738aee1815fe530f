"""Persons as JSON: what our API takes and gives of them."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lrs.people.identifiers import identifier_members, read_identifier
from lrs.people.validities import OPEN_AFTER, OPEN_BEFORE, Validity, read_validity
from lrs.services.people import NewPerson
from lrs.services.shown_people import SeenPerson, Told
from lrs.xapi.keys import Ifi

MOST_IDENTIFIERS = 1_000
MOST_VALUES = 1_000
LONGEST_TEXT = 1_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# One line, without what only machines read.
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Line = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=_LINE)]
Language = Annotated[
    str, Field(max_length=100, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", examples=["de-AT"])
]
AgentBody = Annotated[
    dict[str, Any],
    Field(description="an Agent with one identifier", examples=[{"mbox": "mailto:a@example.org"}]),
]


def _only_day(day: object) -> object:
    """Refuse numbers and moments, which would be taken for days too."""
    if not isinstance(day, str) or not _DAY.fullmatch(day):
        raise ValueError("must be a day, such as 2024-01-31")
    return day


Day = Annotated[date, BeforeValidator(_only_day)]


def read_agents(agents: Iterable[dict[str, Any]]) -> list[Ifi]:
    """Return the identifiers of Agents.

    Raises:
        InvalidRequestError: one is none, or has none.
    """
    return [read_identifier(json.dumps(agent)) for agent in agents]


class ValidityBody(BaseModel):
    """On which days something holds."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = Field(
        default=None, alias="from", description="the first day; null is always"
    )
    until: Day | None = Field(
        default=None, description="the first day on which it holds no more; null is for good"
    )

    @property
    def validity(self) -> Validity:
        """The days.

        Raises:
            InvalidRequestError: there are none.
        """
        return read_validity(self.since, self.until)


class ValueBody(ValidityBody):
    """A value of an attribute, and on which days it holds."""

    value: str | bool | int | float = Field(description="of the type of the attribute")

    def told(self, name: str) -> Told:
        """Return it as the service takes it."""
        return Told(name, self.value, self.validity)


class NamedValueBody(ValueBody):
    """A value of an attribute, on some days."""

    name: str = Field(max_length=63, examples=["department"])


class NewPersonBody(BaseModel):
    """A person to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    user_name: Line | None = Field(
        default=None, description="at the identity provider; unique whatever its case"
    )
    external_id: Line | None = Field(default=None, description="such as a personnel number")
    language: Language | None = None
    active: bool = True
    identifiers: list[AgentBody] = Field(default=[], max_length=MOST_IDENTIFIERS)
    attributes: list[NamedValueBody] = Field(default=[], max_length=MOST_VALUES)

    def new(self) -> NewPerson:
        """Return what is told of them."""
        return NewPerson(
            self.name, self.user_name, self.external_id, self.language, active=self.active
        )


class PersonChangesBody(BaseModel):
    """What is to be otherwise of a person: what is left out stays, null takes it away."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    user_name: Line | None = None
    external_id: Line | None = None
    language: Language | None = None
    active: bool = True

    def changes(self) -> dict[str, Any]:
        """Return what was sent."""
        return self.model_dump(exclude_unset=True)


class IdentifierBody(BaseModel):
    """An identifier of a person."""

    key: UUID = Field(description="its key, which stands for the person too")
    agent: dict[str, Any] = Field(description="the Agent that has it")
    source: str = Field(description="where that is from; `rule:` and its name if a rule says so")
    added: datetime | None = Field(description="null of an Agent whom nobody has joined")


class ShownValueBody(BaseModel):
    """A value of an attribute, and on which days it holds."""

    name: str
    value: str | bool | int | float
    since: date | None = Field(serialization_alias="from", description="null is always")
    until: date | None = Field(description="null is for good")

    @classmethod
    def of(cls, told: Told) -> Self:
        """Write it down."""
        since, until = shown_days(told.validity)
        value: Any = told.value
        return cls(name=told.name, value=value, since=since, until=until)


class MembershipBody(BaseModel):
    """A team that a person is in, and on which days."""

    team: UUID
    name: str
    since: date | None = Field(serialization_alias="from", description="null is always")
    until: date | None = Field(description="null is for good")


class PersonBody(BaseModel):
    """A person, or an Agent whom nobody has joined."""

    id: UUID = Field(description="of such an Agent the key of its identifier")
    is_kept: bool = Field(description="false of an Agent whom nobody has joined")
    name: str | None
    user_name: str | None
    external_id: str | None
    language: str | None
    active: bool
    identifiers: list[IdentifierBody]
    attributes: list[ShownValueBody] = Field(description="those that may be seen")
    teams: list[MembershipBody]
    created: datetime | None
    updated: datetime | None
    version: int = Field(description="grows with every change; the ETag")

    @classmethod
    def of(cls, seen: SeenPerson) -> Self:
        """Write a person down."""
        record, told = seen.record, seen.record.told
        return cls(
            id=record.id,
            is_kept=record.person is not None,
            name=told.name,
            user_name=told.user_name,
            external_id=told.external_id,
            language=told.language,
            active=told.active,
            identifiers=[
                IdentifierBody(
                    key=each.key,
                    agent={"objectType": "Agent", **identifier_members(each.ifi)},
                    source=each.source,
                    added=each.added,
                )
                for each in record.identifiers
            ],
            attributes=[ShownValueBody.of(each) for each in seen.values],
            teams=[
                MembershipBody(
                    team=each.team,
                    name=name,
                    since=shown_days(each.validity)[0],
                    until=shown_days(each.validity)[1],
                )
                for each, name in record.memberships
            ],
            created=record.person.created if record.person else None,
            updated=record.person.updated if record.person else None,
            version=record.version,
        )


def shown_days(validity: Validity) -> tuple[date | None, date | None]:
    """Return the first day and the one after the last; None is open."""
    since, until = validity
    return None if since == OPEN_BEFORE else since, None if until == OPEN_AFTER else until
