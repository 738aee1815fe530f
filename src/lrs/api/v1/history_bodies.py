"""What a history and a summary look like in JSON."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from lrs.analytics.verb_families import VerbFamily, family_of
from lrs.people.histories import Described, Entry, Named, System, named
from lrs.people.sentence_words import preferring
from lrs.people.summaries import Competence, OfCourse, OfSystem, Sums
from lrs.services.histories import HistoryPage, PersonSummary
from lrs.xapi.accept_language import Languages
from lrs.xapi.records import Measures


class VerbBody(BaseModel):
    """What was done."""

    id: str = Field(examples=["http://adlnet.gov/expapi/verbs/completed"])
    display: str | None = Field(examples=["completed"])
    family: VerbFamily | None = Field(description="null for a verb that is of none")


class ObjectBody(BaseModel):
    """With what it was done."""

    id: str | None = Field(description="null for an Agent, a Group or a SubStatement")
    name: str | None = Field(examples=["Fire safety"])
    type: str | None = Field(
        description="of the Activity; else Agent, Group, StatementRef or SubStatement"
    )


class ActivityBody(BaseModel):
    """An activity by its id and its name."""

    id: str
    name: str | None


class ResultBody(BaseModel):
    """How it ended."""

    scaled: float | None = Field(description="the score between -1 and 1", examples=[0.85])
    raw: float | None
    min: float | None
    max: float | None
    success: bool | None
    completion: bool | None
    duration: float | None = Field(description="in seconds", examples=[1500.0])

    @classmethod
    def of(cls, result: Measures) -> Self:
        """Write a result down."""
        return cls(
            scaled=result.score_scaled,
            raw=result.score_raw,
            min=result.score_min,
            max=result.score_max,
            success=result.success,
            completion=result.completion,
            duration=result.duration,
        )


class SystemBody(BaseModel):
    """The tool that brought it."""

    name: str = Field(examples=["Moodle"])
    kind: str = Field(examples=["LMS"])


class BroughtByBody(BaseModel):
    """The credential that brought it."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    label: str


class EntryBody(BaseModel):
    """What a person did once."""

    statement: UUID = Field(description="the id of the statement")
    timestamp: datetime
    stored: datetime
    verb: VerbBody
    object: ObjectBody
    course: ActivityBody | None = Field(description="that it belongs to")
    result: ResultBody | None = Field(description="null if the statement tells none of it")
    system: SystemBody
    brought_by: BroughtByBody
    sentence: str = Field(
        examples=["Anna Berger completed “Fire safety” with 85 %."],
        description="plain text, in German or English, that others have written parts of",
    )

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Write an entry down."""
        verb, thing, course, result = entry.verb, entry.object, entry.course, entry.result
        return cls(
            statement=entry.statement,
            timestamp=entry.timestamp,
            stored=entry.stored,
            verb=VerbBody(id=verb.id or "", display=verb.name, family=family_of(verb.id or "")),
            object=ObjectBody(id=thing.id, name=thing.name, type=thing.type),
            course=_activity(course) if course else None,
            result=None if result == Measures() else ResultBody.of(result),
            system=_system(entry.system),
            brought_by=BroughtByBody.model_validate(entry.system),
            sentence=entry.sentence,
        )


class HistoryBody(BaseModel):
    """A page of what a person did, newest first."""

    person: UUID
    name: str | None = Field(description="null if neither the store nor a statement tells one")
    entries: list[EntryBody]
    cursor: str | None = Field(
        description="for the next page; null where the history ends. A page with a cursor may be"
        " shorter than its limit, or empty: what is seldom found is looked for page by page."
    )
    consistent_through: datetime = Field(
        description="every statement stored until then is in the history"
    )

    @classmethod
    def of(cls, page: HistoryPage, cursor: str | None) -> Self:
        """Write a page down."""
        return cls(
            person=page.person,
            name=page.name,
            entries=[EntryBody.of(each) for each in page.entries],
            cursor=cursor,
            consistent_through=page.consistent_through,
        )


class SumsBody(BaseModel):
    """Sums over statements of a person, voided ones left out."""

    model_config = ConfigDict(from_attributes=True)

    statements: int
    started: int = Field(description="activities, as are completed, passed, failed and mastered")
    completed: int
    passed: int
    failed: int
    mastered: int
    best_score: float | None = Field(description="the highest scaled score")
    last_score: float | None = Field(description="the scaled score of the newest timestamp")
    seconds: float = Field(description="of all durations that were told")
    ratings: int = Field(description="how many were given")
    rating: float | None = Field(description="their average between 0 and 1")
    first_seen: datetime | None
    last_seen: datetime | None


class SystemSumsBody(SumsBody):
    """What a person did with one tool."""

    system: SystemBody

    @classmethod
    def of_system(cls, found: OfSystem) -> Self:
        """Write it down."""
        system = SystemBody(name=found.system, kind=found.kind)
        return cls(system=system, **_sums(found.sums))


class CourseSumsBody(SumsBody):
    """What a person did in one course; its scores are those of the course itself."""

    course: ActivityBody
    systems: list[str] = Field(description="the tools that tell of it")
    started_at: datetime | None = Field(description="when something in it was started first")
    completed_at: datetime | None = Field(description="when it was completed first")

    @classmethod
    def of_course(cls, found: OfCourse, languages: Languages) -> Self:
        """Write it down."""
        return cls(
            course=_named(found.course, languages),
            systems=[*found.systems],
            started_at=found.started,
            completed_at=found.completed,
            **_sums(found.sums),
        )


class CompetenceBody(BaseModel):
    """What a person has shown to master."""

    activity: ActivityBody
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, found: Competence, languages: Languages) -> Self:
        """Write it down."""
        activity = _named(found.activity, languages)
        return cls(activity=activity, first_seen=found.first, last_seen=found.last)


class SummaryBody(BaseModel):
    """What a person did, summed up by system and by course."""

    person: UUID
    name: str | None
    total: SumsBody
    systems: list[SystemSumsBody] = Field(description="the last seen first")
    courses: list[CourseSumsBody] = Field(description="the last seen first")
    competences: list[CompetenceBody] = Field(description="the last seen first")
    truncated: bool = Field(description="there are more courses or competences than these")
    consistent_through: datetime

    @classmethod
    def of(cls, found: PersonSummary) -> Self:
        """Write it down."""
        summary, languages = found.summary, preferring(found.languages)
        return cls(
            person=found.person,
            name=found.name,
            total=SumsBody.model_validate(summary.total),
            systems=[SystemSumsBody.of_system(each) for each in summary.systems],
            courses=[CourseSumsBody.of_course(each, languages) for each in summary.courses],
            competences=[CompetenceBody.of(each, languages) for each in summary.competences],
            truncated=summary.truncated,
            consistent_through=found.consistent_through,
        )


def _sums(sums: Sums) -> dict[str, Any]:
    return SumsBody.model_validate(sums).model_dump()


def _system(system: System) -> SystemBody:
    return SystemBody(name=system.name, kind=system.kind)


def _activity(activity: Named) -> ActivityBody:
    return ActivityBody(id=activity.id or "", name=activity.name)


def _named(activity: Described, languages: Languages) -> ActivityBody:
    return _activity(named(activity, None, languages))
