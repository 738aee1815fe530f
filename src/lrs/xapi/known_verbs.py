"""Verbs that vocabularies in use have, each by one English word, whoever has given it an IRI."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_ADL_W3: Final = "https://w3id.org/xapi/adl/verbs/"
_TINCAN: Final = "http://id.tincanapi.com/verb/"
_ACROSSX: Final = "https://w3id.org/xapi/acrossx/verbs/"
_VIDEO: Final = "https://w3id.org/xapi/video/verbs/"
_STREAMS: Final = "http://activitystrea.ms/schema/1.0/"
_ISD: Final = "https://w3id.org/xapi/dod-isd/verbs/"
_BADGES: Final = "http://specification.openbadges.org/xapi/verbs/"

# Prefix of IRIs, and the words that stand behind it, each with its own ending if that differs.
_VOCABULARIES: Mapping[str, str] = MappingProxyType(
    {
        _ADL: """answered asked attempted attended commented completed exited experienced failed
            imported initialized interacted launched mastered passed preferred progressed rated
            registered responded resumed scored shared suspended terminated voided logged-in
            logged-out""",
        _ADL_W3: "abandoned satisfied waived logged-in logged-out",
        _TINCAN: """bookmarked discarded downloaded earned edited evaluated
            mentored paused previewed rated replied reviewed selected skipped viewed voted-down
            voted-up""",
        _ACROSSX: """bookmarked commented disliked edited evaluated followed liked opened
            posted rated read replied saved searched shared uploaded viewed was-assigned
            watched""",
        _VIDEO: "played paused seeked",
        _STREAMS: """access:opened approve:approved attend:attended author:created
            complete:completed consume:viewed create:created delete:deleted dislike:disliked
            experience:experienced favorite:preferred follow:followed join:joined leave:left
            like:liked listen:listened open:opened play:played post:posted read:read
            register:registered save:saved search:searched share:shared start:launched
            update:edited watch:watched""",
        _ISD: "completed",
        _BADGES: "earned",
    }
)


def _read(words: str) -> dict[str, str]:
    """Return which word each ending of an IRI stands for."""
    pairs = (each.partition(":") for each in words.split())
    return {ending: word or ending for ending, _, word in pairs}


# The word of each IRI.
KNOWN_VERBS: Mapping[str, str] = MappingProxyType(
    {
        prefix + ending: word
        for prefix, words in _VOCABULARIES.items()
        for ending, word in _read(words).items()
    }
)
