"""The dimensions: what statements can be grouped and filtered by."""

import re
from collections.abc import Callable, Mapping, Sequence
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
        several: how to read all of them, where a statement can have several.
        attribute: the name of what it asks of the person, as the store has defined it.
    """

    name: str
    value: Callable[[Fact], str | None]
    type: Literal["text"] = "text"
    is_personal: bool = False
    several: Callable[[Fact], Sequence[str]] | None = None
    attribute: str | None = None

    def values(self, fact: Fact) -> Sequence[str]:
        """Return all values that a statement has."""
        if self.several is not None:
            return self.several(fact)
        value = self.value(fact)
        return () if value is None else (value,)


@dataclass(frozen=True, slots=True)
class TimeDimension:
    """A moment that every statement has."""

    name: str
    value: Callable[[Fact], datetime]
    type: Literal["time"] = "time"
    is_personal: bool = False

    def values(self, fact: Fact) -> Sequence[datetime]:
        """Return the one value that a statement has."""
        return (self.value(fact),)


Dimension = TextDimension | TimeDimension


@dataclass(frozen=True, slots=True)
class _Attribute:
    """Reads one attribute of the person; equal names make equal queries."""

    name: str

    def __call__(self, fact: Fact) -> str | None:
        return fact.attributes.get(self.name)


# What a store can have defined.
ATTRIBUTE_PATTERN = r"person\.([a-z][a-z0-9_]{0,62})"
_ATTRIBUTE = re.compile(ATTRIBUTE_PATTERN)


def attribute_dimension(name: str) -> TextDimension | None:
    """Return the dimension of an attribute of persons, if `name` is one's, defined or not.

    Whether it is personal, the store has said.
    """
    match = _ATTRIBUTE.fullmatch(name)
    return None if match is None else TextDimension(name, _Attribute(match[1]), attribute=match[1])


# Those that `dimensions` may name.
DIMENSIONS: Mapping[str, TextDimension] = MappingProxyType(
    {
        dimension.name: dimension
        for dimension in (
            TextDimension("verb.id", lambda fact: fact.verb),
            TextDimension("activity.id", lambda fact: fact.activity),
            TextDimension("activity.type", lambda fact: fact.activity_type),
            TextDimension("actor", lambda fact: fact.actor, is_personal=True),
            TextDimension("person", lambda fact: fact.person, is_personal=True),
            # Once a statement stands under each of its teams, it has one or none.
            TextDimension(
                "team", lambda fact: next(iter(fact.teams), None), several=lambda fact: fact.teams
            ),
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
