"""Which queries can be answered from rollups, and from which: pure.

A rollup holds sums, or sets of different actors or activities, for each combination of a few keys.
It answers a query whose groups and filters hang on those keys alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from lrs.analytics.periods import FIRST_MOMENT, LAST_MOMENT, Granularity
from lrs.analytics.queries import Query


class Key(StrEnum):
    """What rollups are kept by; a day is the local day of `timestamp`."""

    DAY = "day"
    CREDENTIAL = "credential"
    VERB = "verb"
    ACTIVITY = "activity"


Keys = frozenset[Key]

BY_DAY = Keys({Key.DAY, Key.CREDENTIAL})
BY_DAY_AND_VERB = Keys({Key.DAY, Key.CREDENTIAL, Key.VERB})
BY_DAY_AND_ACTIVITY = Keys({Key.DAY, Key.ACTIVITY})
BY_ACTIVITY = Keys({Key.ACTIVITY})
BY_ACTIVITY_AND_VERB = Keys({Key.ACTIVITY, Key.VERB})
BY_VERB = Keys({Key.CREDENTIAL, Key.VERB})

# Those with the fewest rows first.
SUMS = (
    BY_VERB,
    BY_DAY,
    BY_ACTIVITY,
    BY_DAY_AND_VERB,
    BY_ACTIVITY_AND_VERB,
    BY_DAY_AND_ACTIVITY,
)
SETS: Mapping[str, Sequence[Keys]] = MappingProxyType(
    {
        "actors.unique": (BY_VERB, BY_DAY, BY_ACTIVITY),
        "activities.unique": (BY_VERB, BY_DAY),
    }
)
_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "verb.id": Key.VERB,
        "activity.id": Key.ACTIVITY,
        "activity.type": Key.ACTIVITY,
        "system": Key.CREDENTIAL,
        "timestamp": Key.DAY,
    }
)
# A bound of time that lies between two days.
_BETWEEN_DAYS = ("gte", "lt")
_FIRST_BOUND, _LAST_BOUND = FIRST_MOMENT + timedelta(days=3), LAST_MOMENT - timedelta(days=3)
# No clock was ever put back by more, and none by less across a midnight that it had passed.
_FARTHEST, _STEP = timedelta(hours=25), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rollups that answer a query.

    Attributes:
        sums: by which keys the sums are.
        sets: by which keys the sets are, for each measure that counts what is different.
    """

    sums: Keys
    sets: Mapping[str, Keys]


def plan(query: Query) -> Plan | None:
    """Choose the rollups for a query, whatever their time zone; None if there are none.

    They know actors, and not whose identifiers those are at the moment.
    """
    needed = None if query.is_of_people else _needed(query)
    if needed is None:
        return None
    sums = _first(SUMS, needed)
    sets = {
        measure.name: _first(SETS[measure.name], needed)
        for measure in query.measures
        if measure.name in SETS
    }
    found = {name: keys for name, keys in sets.items() if keys is not None}
    return Plan(sums, found) if sums is not None and len(found) == len(sets) else None


def is_in_days_of(query: Query, zone: ZoneInfo) -> bool:
    """Tell whether the query cuts time only where days of the zone begin."""
    if query.buckets is not None and query.buckets.zone.key != zone.key:
        return False
    bounds = [each.values[0] for each in query.filters if each.dimension.name == "timestamp"]
    return all(isinstance(bound, datetime) and begins_a_day(bound, zone) for bound in bounds)


@lru_cache(maxsize=1_024)
def begins_a_day(moment: datetime, zone: ZoneInfo) -> bool:
    """Tell whether all that comes before a moment is of earlier days, and nothing after it is.

    A day that the clock is put back into after its end has begun and ended twice.
    """
    if not _FIRST_BOUND < moment < _LAST_BOUND:
        return False
    day = moment.astimezone(zone).date()
    return all(each.astimezone(zone).date() < day for each in _before(moment)) and all(
        each.astimezone(zone).date() >= day for each in _after(moment)
    )


def _before(moment: datetime) -> Iterator[datetime]:
    for steps in range(_FARTHEST // _STEP):
        yield moment - timedelta(microseconds=1) - steps * _STEP


def _after(moment: datetime) -> Iterator[datetime]:
    for steps in range(_FARTHEST // _STEP):
        yield moment + steps * _STEP


def _needed(query: Query) -> Keys | None:
    """Return the keys that groups and filters hang on; None if one hangs on something else."""
    names = [each.name for each in query.dimensions]
    if query.buckets is not None:
        if query.buckets.granularity is Granularity.HOUR:
            return None
        names.append(query.buckets.dimension.name)
    for each in query.filters:
        if each.dimension.type == "time" and each.operator.name not in _BETWEEN_DAYS:
            return None
        names.append(each.dimension.name)
    if not _KEYS.keys() >= set(names):
        return None
    return Keys(_KEYS[name] for name in names)


def _first(kept: Sequence[Keys], needed: Keys) -> Keys | None:
    return next((keys for keys in kept if keys >= needed), None)
