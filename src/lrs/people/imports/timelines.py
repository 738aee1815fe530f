"""What the list says of some days, laid over what a store knows of all days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from lrs.people.imports.listed import Listed
from lrs.people.validities import ALWAYS, OPEN_AFTER, OPEN_BEFORE, Validity, Value, without


def overlaid(known: Sequence[Value], told: Iterable[Listed], as_of: date) -> list[Value]:
    """Return the values of one attribute as they are when the list is right.

    What the list tells with days holds on these days. What it tells without any holds from
    `as_of` on, if something else was known for that day; and always, if nothing was.

    Args:
        known: values that do not overlap, by time.
        told: values that do not overlap.
        as_of: the day of the list.
    """
    values = [*known]
    for each in told:
        validity = _days_of_now(values, as_of) if each.is_of_now else each.validity
        values = [*without(values, validity), Value(each.value, validity)]
    return joined(values)


def says_the_same(one: Iterable[Value], other: Iterable[Value]) -> bool:
    """Tell whether values are the same on all days, whoever has brought them."""
    return {*map(_told, one)} == {*map(_told, other)}


def joined(values: Iterable[Value]) -> list[Value]:
    """Put values together that say the same and touch each other."""
    found: list[Value] = []
    for value in sorted(values, key=lambda each: each.validity):
        last = found[-1] if found else None
        touches = last is not None and last.validity.until >= value.validity.since
        if last is not None and touches and last.value == value.value:
            whole = Validity(last.validity.since, max(last.validity.until, value.validity.until))
            found[-1] = replace(last, validity=whole)
        else:
            found.append(value)
    return found


def memberships(
    known: Mapping[UUID, Sequence[Value]], told: Mapping[UUID, Sequence[Listed]], as_of: date
) -> dict[UUID, list[Value]]:
    """Return when the person is in which team if the list is right: in no others on its days.

    Args:
        known: of each team, by time.
        told: of each team that the list names; at least one.
        as_of: the day of the list.
    """
    listed = [each for of_team in told.values() for each in of_team]
    now = {team for team, of_team in known.items() if _covering(of_team, as_of) is not None}
    if all(each.is_of_now for each in listed) and now == {*told}:
        return {team: [*values] for team, values in known.items()}
    of_now = Validity(as_of) if known else ALWAYS
    found: dict[UUID, list[Value]] = {}
    for team in {**known, **told}:
        values = [*known.get(team, ())]
        for each in listed:
            values = without(values, of_now if each.is_of_now else each.validity)
        for each in told.get(team, ()):
            values.append(Value("", of_now if each.is_of_now else each.validity))
        found[team] = joined(values)
    return found


def _told(value: Value) -> tuple[str, Validity]:
    return value.value, value.validity


def _days_of_now(known: Sequence[Value], as_of: date) -> Validity:
    covering = _covering(known, as_of)
    if covering is not None:
        return Validity(as_of, covering.validity.until)
    since = OPEN_BEFORE if all(each.validity.since > as_of for each in known) else as_of
    later = (each.validity.since for each in known if each.validity.since > as_of)
    return Validity(since, min(later, default=OPEN_AFTER))


def _covering(values: Iterable[Value], day: date) -> Value | None:
    return next((each for each in values if each.validity.covers(day)), None)
