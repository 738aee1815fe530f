"""Who leads whom once all persons of a list are there: worked out for a batch of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from msgspec.structs import replace

from lrs.people.imports.chains import Leading
from lrs.people.imports.columns import Meaning
from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.listed import Listed
from lrs.people.imports.outcomes import Outcomes
from lrs.people.imports.persons import merged
from lrs.people.imports.rows import key_of_managers
from lrs.people.imports.timelines import overlaid, says_the_same
from lrs.people.validities import Value


@dataclass(frozen=True, slots=True)
class Led:
    """Somebody of a list who is led.

    Attributes:
        id: of the person.
        managers: whose values are the ids of persons.
    """

    number: int
    id: UUID
    key: str
    managers: list[Listed] = field(default_factory=list)


def keys_elsewhere(batch: Iterable[Leading], outcomes: Outcomes) -> set[str]:
    """Return the keys of managers who are not in the list, or were left alone."""
    return {
        key_of_managers(each.told.value) for each in batch if outcomes.person(each.manager) is None
    }


def led(
    batch: Iterable[tuple[Leading, str]],
    outcomes: Outcomes,
    elsewhere: Mapping[str, UUID],
    above: Mapping[UUID, set[UUID]],
) -> tuple[list[Led], list[Finding]]:
    """Return who is led by whom, and what is refused; somebody left alone is in neither.

    Args:
        batch: of the list, those of one person together; with the keys of a ring, if it closes one.
        outcomes: of all persons of the list.
        elsewhere: managers whom only the store knows, by their keys.
        above: who is above those.
    """
    found: dict[int, Led] = {}
    findings: list[Finding] = []
    for each, ring in batch:
        person = outcomes.person(each.person)
        if person is None:
            continue
        manager = outcomes.person(each.manager) or elsewhere.get(key_of_managers(each.told.value))
        why = _no_good(each, ring, manager)
        if not why and manager is not None and person in above.get(manager, ()):
            why = f"{each.told.value!r} is led by the person, as the store knows; taken without"
        if why or manager is None:
            column = Meaning.MANAGER.value
            findings.append(Finding(FindingKind.REFUSED, each.told.row, why, each.key, column))
            continue
        one = found.setdefault(each.person, Led(each.person, person, each.key))
        one.managers.append(replace(each.told, value=str(manager)))
    return [*found.values()], findings


def _no_good(each: Leading, ring: str, manager: UUID | None) -> str:
    if ring:
        return f"leads back to the person: {ring}; taken without the manager"
    if manager is None:
        return f"{each.told.value!r} is nobody whom the list or the store knows; taken without"
    return ""


def changed(
    people: Sequence[Led], before: Mapping[UUID, Sequence[Value]], as_of: date
) -> Iterator[tuple[Led, list[Value]]]:
    """Give those who are led otherwise than is known, and by whom on all days."""
    for each in people:
        known = before.get(each.id, ())
        after = overlaid(known, merged(each.managers), as_of)
        if not says_the_same(known, after):
            yield each, after


def told_of(each: Led) -> Finding:
    """Tell that somebody who was there before is led by somebody else."""
    row = each.managers[0].row
    return Finding(FindingKind.CHANGED, row, "has another manager", each.key, Meaning.MANAGER)
