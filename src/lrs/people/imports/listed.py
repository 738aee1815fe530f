"""Rows of a list as they were read, and persons of whom one or more rows tell."""

from datetime import date

from msgspec import Struct

from lrs.people.validities import ALWAYS, OPEN_AFTER, OPEN_BEFORE, Validity
from lrs.xapi.keys import Ifi


class Told(Struct, frozen=True, array_like=True):
    """What a row says of the person themselves, whenever that is; None says nothing."""

    name: str | None = None
    user_name: str | None = None
    language: str | None = None
    active: bool | None = None


class ListedRow(Struct, frozen=True, array_like=True):
    """A row of a list.

    Attributes:
        number: as a spreadsheet counts it.
        key: by what the person is known in the list: the personnel number, else the mail address.
        since: the first day on which the values hold.
        until: the first on which they do not.
        values: of attributes, by name.
        teams: none if the list says nothing of them.
        manager: their personnel number or mail address.
    """

    number: int
    key: str
    personnel_number: str | None
    told: Told
    identifiers: tuple[Ifi, ...] = ()
    since: date = OPEN_BEFORE
    until: date = OPEN_AFTER
    values: dict[str, str] = {}
    teams: tuple[str, ...] = ()
    manager: str | None = None

    @property
    def validity(self) -> Validity:
        """When its values hold."""
        return Validity(self.since, self.until)


class Listed(Struct, frozen=True, array_like=True):
    """A value that a list tells, and the row that tells it."""

    value: str
    since: date
    until: date
    row: int

    @property
    def validity(self) -> Validity:
        """When it holds."""
        return Validity(self.since, self.until)

    @property
    def is_of_now(self) -> bool:
        """Whether the list says only that it holds, and not since when."""
        return self.validity == ALWAYS


class ListedPerson(Struct, frozen=True, array_like=True):
    """All that a list says of a person.

    Attributes:
        row: the first that tells of them.
        values: of attributes, by name; those of one name do not overlap.
        teams: whose values are the names of teams.
        managers: whose values are the personnel numbers or mail addresses of others.
    """

    row: int
    key: str
    personnel_number: str | None
    told: Told
    identifiers: tuple[Ifi, ...]
    values: dict[str, list[Listed]]
    teams: list[Listed]
    managers: list[Listed]
