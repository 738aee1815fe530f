"""What real clients send that the standard refuses and tolerant stores accept.

The list is closed; `docs/clients.md` names the clients that need each rule. None of them changes
what was sent: the text is kept as it came.
"""

import re
from enum import StrEnum

from lrs.xapi.iris import MAX_LENGTH, is_iri


class Mode(StrEnum):
    """How a store judges statements: by the standard, or with every leniency."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class Leniency(StrEnum):
    """A rule by which a tolerant store accepts what the standard refuses."""

    ACTIVITY_ID_NOT_IRI = "activity-id-not-iri"
    EMPTY_SCORE_RANGE = "empty-score-range"
    GROUP_ACTIVITY = "group-activity"
    LANGUAGE_WITH_UNDERSCORES = "language-with-underscores"


_GROUP_ACTIVITY = "GroupActivity"
# The names of Moodle's language packs, such as `de_du` and `en_us_wp`.
_LANGUAGE_PACK = re.compile(r"[A-Za-z]{2,8}(?:_[A-Za-z0-9]{1,8})+")


def activity_type(text: str) -> str | None:
    """Read the objectType of an Activity; None if it is another one (Data 2.4.4.1)."""
    return "Activity" if text == _GROUP_ACTIVITY else None


def activity_id(text: str) -> str | None:
    """Read an Activity's id that need not be an IRI; None if nothing is in it (Data 2.4.4.1)."""
    may_be_kept = text.strip() and "\0" not in text and len(text) <= MAX_LENGTH
    return text if may_be_kept else None


def language(text: str) -> str | None:
    """Read a language as Moodle writes it; None if it is nothing like one (Data 2.4.6)."""
    return text if _LANGUAGE_PACK.fullmatch(text) else None


def is_activity_id(text: str, mode: Mode) -> bool:
    """Tell whether a store may hold an Activity with this id."""
    return is_iri(text) or (mode is Mode.TOLERANT and activity_id(text) is not None)
