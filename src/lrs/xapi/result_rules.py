"""Rules for scores that look at more than one property (Data 2.4.5.1)."""

from collections.abc import Iterator
from decimal import Decimal

from lrs.xapi.findings import Finding, Location, shown
from lrs.xapi.leniencies import Leniency


def score_rules(score: object, location: Location) -> Iterator[Finding]:
    """Check the bounds of a score, compared as decimals (Data 2.4.5.1)."""
    if not isinstance(score, dict):
        return
    scaled, raw = _number(score, "scaled"), _number(score, "raw")
    low, high = _number(score, "min"), _number(score, "max")
    if scaled is not None and not -1 <= scaled <= 1:
        yield Finding((*location, "scaled"), f"must lie from -1 to 1, not {shown(scaled)}")
    if low is not None and high is not None and low >= high:
        message = f"must be above min, {shown(low)}, not {shown(high)}"
        leniency = Leniency.EMPTY_SCORE_RANGE if low == high else None
        yield Finding((*location, "max"), message, leniency=leniency)
    if raw is not None and low is not None and raw < low:
        yield Finding((*location, "raw"), f"must not be below min, {shown(low)}: {shown(raw)}")
    if raw is not None and high is not None and raw > high:
        yield Finding((*location, "raw"), f"must not be above max, {shown(high)}: {shown(raw)}")


def _number(score: dict[str, object], name: str) -> int | Decimal | None:
    value = score.get(name)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    return None
