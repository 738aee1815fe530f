"""From the rows of one person to one person, if the rows do not contradict each other."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.listed import Listed, ListedPerson, ListedRow, Told

# Nobody changes so often; what goes on and on is a column that is the key by mistake.
MOST_ROWS: Final = 1_000


def assembled(rows: Sequence[ListedRow], as_of: date) -> tuple[ListedPerson | None, list[Finding]]:
    """Return the person of whom rows tell, and what is wrong with the rows; None if too much is.

    Args:
        rows: those of one person, in the order of the list.
        as_of: the day whose name holds, where it changes over time.
    """
    if len(rows) > MOST_ROWS:
        why = f"more than {MOST_ROWS:,} rows tell of one person"
        return None, [_refused(rows[0], why)]
    kept, findings = _without_repeats(rows)
    contradictions = [*_contradictions(kept)]
    if contradictions:
        return None, [*findings, *contradictions]
    first, best = kept[0], max(kept, key=lambda row: _rank(row, as_of))
    person = ListedPerson(
        first.number,
        first.key,
        first.personnel_number,
        _told(best.told, kept),
        tuple(dict.fromkeys(each for row in kept for each in row.identifiers)),
        {name: merged(_values(kept, name)) for name in _names(kept)},
        _teams(kept),
        merged(_managers(kept)),
    )
    return person, findings


def merged(values: Iterable[Listed]) -> list[Listed]:
    """Put values together that say the same and touch or overlap; they are of one name."""
    found: list[Listed] = []
    for value in sorted(values, key=lambda each: each.since):
        if found and found[-1].value == value.value and value.since <= found[-1].until:
            found[-1] = replace(found[-1], until=max(found[-1].until, value.until))
        else:
            found.append(value)
    return found


def _without_repeats(rows: Sequence[ListedRow]) -> tuple[list[ListedRow], list[Finding]]:
    kept: list[ListedRow] = []
    findings: list[Finding] = []
    for row in rows:
        same = next((one for one in kept if replace(row, number=one.number) == one), None)
        if same is None:
            kept.append(row)
        elif same.number != row.number:
            findings.append(_refused(row, f"is the same as row {same.number}"))
    return kept, findings


def _contradictions(rows: Sequence[ListedRow]) -> Iterator[Finding]:
    """Give what rows say against each other; both are named."""
    for name in _names(rows):
        yield from _overlaps(merged(_values(rows, name)), name, rows)
    yield from _overlaps(merged(_managers(rows)), "manager", rows)
    yield from _other_names(rows)


def _overlaps(values: Iterable[Listed], name: str, rows: Sequence[ListedRow]) -> Iterator[Finding]:
    for one, other in pairwise(values):
        if other.since < one.until:
            why = (
                f"{other.value!r} holds {other.validity}, and row {one.row} says {one.value!r}"
                f" {one.validity}: two values for the same days"
            )
            row = next(each for each in rows if each.number == other.row)
            yield Finding(FindingKind.REFUSED, other.row, why, row.key, name)


def _other_names(rows: Sequence[ListedRow]) -> Iterator[Finding]:
    """Refuse what two rows say at once and can hold only once: it is two persons with one key."""
    for one, other in pairwise(sorted(rows, key=lambda row: row.since)):
        if one.validity.overlaps(other.validity) and _differ(one.told, other.told):
            later = max(one, other, key=lambda row: row.number)
            earlier = min(one, other, key=lambda row: row.number)
            why = f"calls the person otherwise than row {earlier.number}, which has the same key"
            yield _refused(later, why)


def _differ(one: Told, other: Told) -> bool:
    pairs = (
        (one.name, other.name),
        (one.user_name, other.user_name),
        (one.language, other.language),
        (one.active, other.active),
    )
    return any(a != b and a is not None and b is not None for a, b in pairs)


def _told(best: Told, rows: Sequence[ListedRow]) -> Told:
    """Return what the best row says, and where it is silent, what the others do."""
    others = [row.told for row in reversed(rows)]

    def first_of(name: str) -> object:
        values = (getattr(told, name) for told in (best, *others))
        return next((value for value in values if value is not None), None)

    return replace(best, **{name: first_of(name) for name in Told.__struct_fields__})


def _rank(row: ListedRow, as_of: date) -> tuple[bool, date, int]:
    """Order rows by whether they hold on a day, and then by how late they begin."""
    return row.validity.covers(as_of), row.since, row.number


def _names(rows: Iterable[ListedRow]) -> list[str]:
    return [*dict.fromkeys(name for row in rows for name in row.values)]


def _values(rows: Iterable[ListedRow], name: str) -> Iterator[Listed]:
    for row in rows:
        if name in row.values:
            yield Listed(row.values[name], row.since, row.until, row.number)


def _managers(rows: Iterable[ListedRow]) -> Iterator[Listed]:
    for row in rows:
        if row.manager is not None:
            yield Listed(row.manager, row.since, row.until, row.number)


def _teams(rows: Iterable[ListedRow]) -> list[Listed]:
    by_name: dict[str, list[Listed]] = {}
    for row in rows:
        for name in row.teams:
            told = Listed(name, row.since, row.until, row.number)
            by_name.setdefault(name.lower(), []).append(told)
    return [each for told in by_name.values() for each in merged(told)]


def _refused(row: ListedRow, why: str) -> Finding:
    return Finding(FindingKind.REFUSED, row.number, why, row.key)
