"""The measures: what can be counted, summed or averaged over a group of statements.

`docs/analytics.md` says the same in prose; `storage/analytics.py` says it in SQL.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from types import MappingProxyType
from typing import Literal

from lrs.analytics.facts import Fact

COMPLETION_VERBS = (
    "http://adlnet.gov/expapi/verbs/completed",
    "http://activitystrea.ms/schema/1.0/complete",
    "https://w3id.org/xapi/dod-isd/verbs/completed",
)
RATING_VERBS = (
    "http://id.tincanapi.com/verb/rated",
    "http://adlnet.gov/expapi/verbs/rated",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number for each group of statements.

    Attributes:
        name: as it is asked for.
        type: what the number is.
        evaluate: the definition in plain Python; None where there is nothing to measure.
    """

    name: str
    type: Literal["integer", "number"]
    evaluate: Callable[[Sequence[Fact]], int | float | None]


def _completions(facts: Sequence[Fact]) -> int:
    return sum(fact.verb in COMPLETION_VERBS and fact.completion is not False for fact in facts)


def _duration(facts: Sequence[Fact]) -> float | None:
    durations = [fact.duration for fact in facts if fact.duration is not None]
    return fsum(durations) if durations else None


def _rating(fact: Fact) -> float | None:
    """Return a rating between 0 and 1; None for what is no rating or has no known scale."""
    if fact.verb not in RATING_VERBS:
        return None
    if fact.score_scaled is not None:
        return fact.score_scaled
    raw, low, high = fact.score_raw, fact.score_min, fact.score_max
    if raw is None or low is None or high is None or high <= low:
        return None
    return (raw - low) / (high - low)


def _different(values: Iterable[str | None]) -> int:
    return len({value for value in values if value is not None})


def _mean(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return fsum(present) / len(present) if present else None


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("statements.count", "integer", len),
            Measure("actors.unique", "integer", lambda facts: _different(f.actor for f in facts)),
            Measure("people.unique", "integer", lambda facts: _different(f.person for f in facts)),
            Measure(
                "activities.unique", "integer", lambda facts: _different(f.activity for f in facts)
            ),
            Measure("completions.count", "integer", _completions),
            Measure("success.rate", "number", lambda facts: _mean(f.success for f in facts)),
            Measure(
                "score.scaled.avg", "number", lambda facts: _mean(f.score_scaled for f in facts)
            ),
            Measure("duration.sum", "number", _duration),
            Measure("rating.avg", "number", lambda facts: _mean(map(_rating, facts))),
        )
    }
)
