"""What an import does to each person: worked out from the list and from what is known, and told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from lrs.people.identifiers import identifier_text
from lrs.people.imports.columns import Meaning
from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.listed import Listed, ListedPerson
from lrs.people.imports.timelines import memberships, overlaid, says_the_same
from lrs.people.joining import JoiningRule, implied_identifiers
from lrs.people.validities import Value
from lrs.xapi.keys import Ifi

# By its source is told what a rule has brought, which is implied anew each time.
BY_RULE: Final = "rule:"
_FIELDS: Final = ("name", "user_name", "external_id", "language", "active")


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person as the store knows them.

    Attributes:
        is_provisioned: whether an identity provider has brought them, by SCIM.
        identifiers: with their sources.
        values: of attributes, by name and time.
        teams: on which days they are a member, by team.
    """

    id: UUID
    name: str | None = None
    user_name: str | None = None
    external_id: str | None = None
    language: str | None = None
    active: bool = True
    is_provisioned: bool = False
    identifiers: dict[Ifi, str] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    teams: dict[UUID, list[Value]] = field(default_factory=dict)

    @property
    def numbers(self) -> set[str]:
        """All personnel numbers that they ever had."""
        told = {each.value for each in self.values.get(Meaning.PERSONNEL_NUMBER, ())}
        if self.external_id is not None and not self.is_provisioned:
            told.add(self.external_id)
        return told

    def __str__(self) -> str:
        """Name them, for a person."""
        return f"{self.name or 'a person without a name'} ({self.id})"


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of all who are in a batch.

    Attributes:
        persons: by their ids.
        by_number: the persons who have a personnel number.
        owners: whose the identifiers are of which the batch tells, or rules.
        seen: which of those stand in statements.
        logins: whose a user name is.
        teams: by the names that the batch tells.
    """

    persons: Mapping[UUID, KnownPerson]
    by_number: Mapping[str, Sequence[UUID]]
    owners: Mapping[Ifi, UUID]
    seen: frozenset[Ifi]
    logins: Mapping[str, UUID]
    teams: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """What is to be done to a person; nothing, if it says nothing.

    Attributes:
        before: as they are known; None if they are new.
        fields: those of the person that change.
        identifiers: that they get, of the list and by rules.
        values: of attributes that change, on all days.
        teams: likewise.
    """

    listed: ListedPerson
    id: UUID
    before: KnownPerson | None
    fields: dict[str, object]
    identifiers: dict[Ifi, str]
    joined: tuple[Ifi, ...]
    values: dict[str, list[Value]]
    teams: dict[UUID, list[Value]]

    @property
    def new_identifiers(self) -> list[Ifi]:
        """Those of the identifiers that they did not have, not even by a rule."""
        known = self.before.identifiers if self.before else {}
        return [ifi for ifi in self.identifiers if ifi not in known]

    @property
    def is_any(self) -> bool:
        """Whether anything is to be done."""
        return bool(
            self.before is None or self.fields or self.identifiers or self.values or self.teams
        )


class Planner:
    """Plans what an import does.

    Attributes:
        as_of: the day of the list.
    """

    def __init__(self, rules: Sequence[JoiningRule], as_of: date) -> None:
        self._rules = rules
        self.as_of = as_of

    def plan(self, listed: ListedPerson, known: Known, new_id: UUID) -> PlannedPerson | Finding:
        """Return what is done to a person, or the contradiction for which they are left alone.

        Args:
            listed: the person as the list has them.
            known: what the store knows.
            new_id: of the person, should they be new.
        """
        found = _found(listed, known)
        contradiction = _contradiction(listed, found, known)
        if contradiction is not None:
            return Finding(FindingKind.CONTRADICTED, listed.row, contradiction, listed.key)
        before = known.persons[found[0]] if found else None
        person = before or KnownPerson(new_id)
        identifiers = self._identifiers(listed, person, known)
        return PlannedPerson(
            listed,
            person.id,
            before,
            _fields(listed, person, is_new=before is None),
            identifiers,
            tuple(each for each in identifiers if each in known.seen - person.identifiers.keys()),
            self._values(listed, person),
            self._teams(listed, person, known),
        )

    def implied(self, listed: ListedPerson, person: KnownPerson | None) -> dict[Ifi, str]:
        """Return the identifiers that rules say are the person's, with what says so."""
        said = [*listed.identifiers]
        values = {name: {each.value for each in told} for name, told in listed.values.items()}
        if person is not None:
            said += [ifi for ifi, by in person.identifiers.items() if not by.startswith(BY_RULE)]
            for name, known in person.values.items():
                values.setdefault(name, set()).update(each.value for each in known)
        return implied_identifiers(self._rules, said, values)

    def _identifiers(
        self, listed: ListedPerson, person: KnownPerson, known: Known
    ) -> dict[Ifi, str]:
        """Return what is new; of what rules say, only what is nobody else's."""
        told = dict.fromkeys(listed.identifiers, "import")
        for ifi, source in self.implied(listed, person).items():
            if known.owners.get(ifi, person.id) == person.id:
                told.setdefault(ifi, source)
        # What a rule has brought stays when the rule goes, once the list says it too.
        return {
            ifi: by for ifi, by in told.items() if _rank(by) > _rank(person.identifiers.get(ifi))
        }

    def _values(self, listed: ListedPerson, person: KnownPerson) -> dict[str, list[Value]]:
        found = {}
        for name, told in listed.values.items():
            before = person.values.get(name, [])
            after = overlaid(before, told, self.as_of)
            if not says_the_same(before, after):
                found[name] = after
        return found

    def _teams(
        self, listed: ListedPerson, person: KnownPerson, known: Known
    ) -> dict[UUID, list[Value]]:
        if not listed.teams:
            return {}
        told: dict[UUID, list[Listed]] = {}
        for each in listed.teams:
            told.setdefault(known.teams[each.value], []).append(each)
        after = memberships(person.teams, told, self.as_of)
        return {
            team: values
            for team, values in after.items()
            if not says_the_same(person.teams.get(team, ()), values)
        }


def _rank(source: str | None) -> int:
    """Order sources of an identifier: none, a rule, somebody."""
    if source is None:
        return 0
    return 1 if source.startswith(BY_RULE) else 2


def _found(listed: ListedPerson, known: Known) -> list[UUID]:
    """Return all persons whom the list may mean: by their number first, else by identifiers."""
    numbered = known.by_number.get(listed.personnel_number or "", ())
    owners = (known.owners.get(ifi) for ifi in listed.identifiers)
    return list(dict.fromkeys((*numbered, *filter(None, owners))))


def _contradiction(listed: ListedPerson, found: Sequence[UUID], known: Known) -> str | None:
    """Say what of the list is another's, with both persons named; None if nothing is."""
    numbered = known.by_number.get(listed.personnel_number or "", ())
    if len(numbered) > 1:
        names = " and ".join(str(known.persons[each]) for each in numbered)
        return f"the personnel number {listed.personnel_number} is that of {names}"
    if len(found) > 1:
        return _other_owner(listed, found[0], known)
    return _other_number(listed, found, known) or _other_login(listed, found, known)


def _other_owner(listed: ListedPerson, person: UUID, known: Known) -> str:
    ifi, other = next(
        (ifi, known.owners[ifi])
        for ifi in listed.identifiers
        if known.owners.get(ifi, person) != person
    )
    return (
        f"the identifier {identifier_text(ifi)} is that of {known.persons[other]}, and the row is"
        f" about {known.persons[person]}"
    )


def _other_number(listed: ListedPerson, found: Sequence[UUID], known: Known) -> str | None:
    person = known.persons[found[0]] if found else None
    number = listed.personnel_number
    if person is None or number is None or not person.numbers or number in person.numbers:
        return None
    mine = [ifi for ifi in listed.identifiers if known.owners.get(ifi) == person.id]
    return (
        f"the identifier {identifier_text(mine[0])} is that of {person}, whose personnel number is"
        f" {', '.join(sorted(person.numbers))} and not {number}"
    )


def _other_login(listed: ListedPerson, found: Sequence[UUID], known: Known) -> str | None:
    owner = known.logins.get(listed.told.user_name or "")
    if owner is None or owner in found:
        return None
    return f"the login {listed.told.user_name} is that of {known.persons[owner]}"


def _fields(listed: ListedPerson, person: KnownPerson, *, is_new: bool) -> dict[str, object]:
    told = listed.told
    wanted = {
        "name": told.name,
        "user_name": told.user_name,
        "external_id": person.external_id or listed.personnel_number,
        "language": told.language,
        "active": told.active,
    }
    return {
        name: wanted[name]
        for name in _FIELDS
        if wanted[name] is not None and (is_new or wanted[name] != getattr(person, name))
    }


def findings_of(planned: PlannedPerson) -> Iterator[Finding]:
    """Tell what is done to a person."""
    listed = planned.listed

    def tell(kind: FindingKind, text: str) -> Finding:
        return Finding(kind, listed.row, text, listed.key)

    if planned.before is None:
        yield tell(FindingKind.CREATED, f"{listed.told.name or listed.key} is new")
    elif planned.fields or planned.values or planned.teams:
        yield tell(FindingKind.CHANGED, ", ".join(_changes(planned)))
    for ifi in planned.joined:
        why = planned.identifiers[ifi]
        by = f" by the rule {why.removeprefix(BY_RULE)}" if why.startswith(BY_RULE) else ""
        yield tell(FindingKind.JOINED, f"{identifier_text(ifi)}, known from statements{by}")


def _changes(planned: PlannedPerson) -> Iterable[str]:
    before = planned.before
    for name, value in planned.fields.items():
        yield f"{name}: {getattr(before, name)!r} is {value!r} now"
    for name, values in planned.values.items():
        yield f"{name}: {'; '.join(f'{each.value!r} {each.validity}' for each in values)}"
    if planned.teams:
        yield "teams"
