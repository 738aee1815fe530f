"""Families of verbs: what happened, whichever of many verbs a system says it with.

The table is closed: a verb that no vocabulary in `lrs.xapi.known_verbs` has is of no family.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from lrs.xapi.known_verbs import KNOWN_VERBS


class VerbFamily(StrEnum):
    """What happened."""

    STARTED = "started"
    PROGRESSED = "progressed"
    COMPLETED = "completed"
    PASSED = "passed"
    FAILED = "failed"
    SCORED = "scored"
    MASTERED = "mastered"
    EARNED = "earned"
    ANSWERED = "answered"
    EXPERIENCED = "experienced"
    WATCHED = "watched"
    INTERACTED = "interacted"
    ATTENDED = "attended"
    ENROLLED = "enrolled"
    ENDED = "ended"
    RATED = "rated"
    REACTED = "reacted"
    COMMUNICATED = "communicated"
    CREATED = "created"
    SEARCHED = "searched"
    SIGNED_IN = "signed_in"
    VOIDED = "voided"


_WORDS: Mapping[VerbFamily, str] = MappingProxyType(
    {
        VerbFamily.STARTED: "launched initialized attempted resumed",
        VerbFamily.PROGRESSED: "progressed",
        VerbFamily.COMPLETED: "completed satisfied waived",
        VerbFamily.PASSED: "passed",
        VerbFamily.FAILED: "failed",
        VerbFamily.SCORED: "scored evaluated",
        VerbFamily.MASTERED: "mastered",
        VerbFamily.EARNED: "earned",
        VerbFamily.ANSWERED: "answered",
        VerbFamily.EXPERIENCED: "experienced viewed read listened opened previewed downloaded",
        VerbFamily.WATCHED: "watched played paused seeked skipped",
        VerbFamily.INTERACTED: "interacted selected",
        VerbFamily.ATTENDED: "attended joined left",
        VerbFamily.ENROLLED: "registered was-assigned",
        VerbFamily.ENDED: "terminated exited suspended abandoned",
        VerbFamily.RATED: "rated",
        VerbFamily.REACTED: """liked disliked preferred bookmarked followed voted-up voted-down
            saved""",
        VerbFamily.COMMUNICATED: "commented shared posted replied responded asked mentored",
        VerbFamily.CREATED: """created edited deleted discarded imported uploaded reviewed
            approved""",
        VerbFamily.SEARCHED: "searched",
        VerbFamily.SIGNED_IN: "logged-in logged-out",
        VerbFamily.VOIDED: "voided",
    }
)
FAMILY_OF_WORDS: Mapping[str, VerbFamily] = MappingProxyType(
    {word: family for family, words in _WORDS.items() for word in words.split()}
)


def family_of(verb: str) -> VerbFamily | None:
    """Return the family of a verb by its IRI; None if it is of none."""
    return FAMILY_OF_WORDS.get(KNOWN_VERBS.get(verb, ""))


def verbs_of(*families: VerbFamily) -> tuple[str, ...]:
    """Return the IRIs of all verbs of these families."""
    return tuple(iri for iri in KNOWN_VERBS if family_of(iri) in families)
