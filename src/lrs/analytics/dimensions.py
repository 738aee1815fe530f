"""The dimensions: what statements can be grouped and filtered by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from lrs.analytics.facts import Fact


@dataclass(frozen=True, slots=True)
class TextDimension:
    """A property of a statement that is a text.

    Attributes:
        name: as it is asked for.
        value: how to read it; None where the statement does not have it.
        is_personal: whether it tells one person from another.
    """

    name: str
    value: Callable[[Fact], str | None]
    type: Literal["text"] = "text"
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class TimeDimension:
    """A moment that every statement has."""

    name: str
    value: Callable[[Fact], datetime]
    type: Literal["time"] = "time"
    is_personal: bool = False


Dimension = TextDimension | TimeDimension

# Those that `dimensions` may name.
DIMENSIONS: Mapping[str, TextDimension] = MappingProxyType(
    {
        dimension.name: dimension
        for dimension in (
            TextDimension("verb.id", lambda fact: fact.verb),
            TextDimension("activity.id", lambda fact: fact.activity),
            TextDimension("activity.type", lambda fact: fact.activity_type),
            TextDimension("actor", lambda fact: fact.actor, is_personal=True),
            TextDimension("system", lambda fact: fact.system),
            TextDimension("platform", lambda fact: fact.platform),
        )
    }
)

# Those that `time` may name: they group by buckets of the calendar.
TIME_DIMENSIONS: Mapping[str, TimeDimension] = MappingProxyType(
    {
        dimension.name: dimension
        for dimension in (
            TimeDimension("timestamp", lambda fact: fact.timestamp),
            TimeDimension("stored", lambda fact: fact.stored),
        )
    }
)
