"""The parts of a statement: activities, references, scores, durations, contexts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lrs.cli.demo.vocabulary import Json, Text


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds an action, in terms of the context of a statement (Data 2.4.6)."""

    registration: str | None = None
    parent: tuple[Json, ...] = ()
    grouping: tuple[Json, ...] = ()
    category: tuple[Json, ...] = ()
    instructor: Json | None = None
    team: Json | None = None
    evidence: str | None = None
    extensions: Json = field(default_factory=dict)

    def context(self, platform: str | None, language: str) -> Json:
        """Return the context, without what is not known."""
        activities = {
            "parent": list(self.parent),
            "grouping": list(self.grouping),
            "category": list(self.category),
        }
        return _without_empty(
            {
                "registration": self.registration,
                "instructor": self.instructor,
                "team": self.team,
                "contextActivities": _without_empty(activities),
                "platform": platform,
                "language": language,
                "statement": self.evidence and statement_ref(self.evidence),
                "extensions": self.extensions,
            }
        )


def activity(
    iri: str, kind: str, name: Text, description: Text | None = None, **definition: object
) -> Json:
    """Return an Activity with its definition (Data 2.4.4.1)."""
    described = {"description": description.language_map()} if description else {}
    return {
        "objectType": "Activity",
        "id": iri,
        "definition": {"type": kind, "name": name.language_map(), **described, **definition},
    }


def reference(iri: str) -> Json:
    """Return an Activity by its id alone, as known or needing no words."""
    return {"objectType": "Activity", "id": iri}


def statement_ref(statement_id: str) -> Json:
    """Return a reference to a statement (Data 2.4.4.3)."""
    return {"objectType": "StatementRef", "id": statement_id}


def score(raw: float, maximum: float, minimum: float = 0) -> Json:
    """Return a score whose scaled value follows from the others (Data 2.4.5.1)."""
    scaled = round((raw - minimum) / (maximum - minimum), 4)
    return {"scaled": scaled, "raw": raw, "min": minimum, "max": maximum}


def duration(seconds: float) -> str:
    """Return seconds as an ISO 8601 duration with hundredths (Data 4.6)."""
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{rest / 100:g}S")
    return "PT" + "".join(parts)


def _without_empty(properties: Mapping[str, object]) -> Json:
    return {name: value for name, value in properties.items() if value}
