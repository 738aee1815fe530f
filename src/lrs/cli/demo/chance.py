"""Chance that repeats: every random choice of the demo hangs on the seed alone."""

from random import Random
from uuid import UUID


def stream(seed: int, *path: object) -> Random:
    """Return an own source of chance for a place in the story.

    One stream for each learner means that learner 17 lives the same life whether the
    company has 20 or 200 people.
    """
    name = "/".join(str(part) for part in (seed, *path))
    return Random(name)  # noqa: S311 - a story, not a secret: it has to repeat


def uuid_from(rng: Random) -> str:
    """Draw the next version 4 UUID of a stream."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def happens(rng: Random, probability: float) -> bool:
    """Throw the dice once."""
    return rng.random() < probability


def clamp(value: float, low: float, high: float) -> float:
    """Return the value, or the bound that it oversteps."""
    return min(max(value, low), high)
