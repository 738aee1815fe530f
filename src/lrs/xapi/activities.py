"""Activities, their definitions and interactions (Data 2.4.4.1)."""

from typing import Final, Literal

import msgspec

from lrs.xapi.extensions import Extensions
from lrs.xapi.iris import Iri
from lrs.xapi.languages import LanguageMap
from lrs.xapi.properties import Maybe, StrictModel

InteractionType = Literal[
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
]
# The last is read as an Activity in tolerant stores (`lrs.xapi.leniencies`); others refuse it.
ACTIVITY_TYPES: Final = ("Activity", "GroupActivity")
COMPONENT_LISTS: Final = ("choices", "scale", "source", "target", "steps")


class InteractionComponent(StrictModel):
    """One choice, step, or place on a scale (Data 2.4.4.1, Interaction Components)."""

    id: str
    description: Maybe[LanguageMap] = None


class ActivityDefinition(StrictModel):
    """What an Activity is (Data 2.4.4.1, Activity Definition).

    Response patterns are never judged, and any component list may stand with any
    `interactionType`.
    """

    name: Maybe[LanguageMap] = None
    description: Maybe[LanguageMap] = None
    type: Maybe[Iri] = None
    more_info: Maybe[Iri] = None
    interaction_type: Maybe[InteractionType] = None
    correct_responses_pattern: Maybe[list[str]] = None
    choices: Maybe[list[InteractionComponent]] = None
    scale: Maybe[list[InteractionComponent]] = None
    source: Maybe[list[InteractionComponent]] = None
    target: Maybe[list[InteractionComponent]] = None
    steps: Maybe[list[InteractionComponent]] = None
    extensions: Maybe[Extensions] = None


class Activity(StrictModel):
    """Something that people do: a course, a video, a question (Data 2.4.4.1)."""

    object_type: Maybe[Literal["Activity"]] = None
    id: Iri
    definition: Maybe[ActivityDefinition] = None


def activity_text(iri: str, definition: bytes | None) -> bytes:
    """Return the JSON text of an Activity (Comm. 2.5); the definition keeps its own."""
    text = b'{"objectType":"Activity","id":' + msgspec.json.encode(iri)
    return text + (b"" if definition is None else b',"definition":' + definition) + b"}"
