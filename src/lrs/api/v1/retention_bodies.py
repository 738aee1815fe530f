"""What is said of retention rules, of their runs and of legal holds."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from lrs.analytics.verb_families import VerbFamily
from lrs.people.retention import LONGEST_AGE, AgeBy, Conditions, RetentionAction
from lrs.services.retention import RetentionRule, RuleTold, RunWithCounts
from lrs.services.retention import Run as KeptRun
from lrs.xapi.iris import is_iri


def _checked_iri(text: str) -> str:
    if not is_iri(text):
        raise ValueError("must be an IRI")
    return text


# PostgreSQL holds no U+0000.
Line = Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"^[^\x00-\x1f]+$")]
Iri = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(_checked_iri)]
_STRICT = ConfigDict(extra="forbid", strict=True)
_ENUM = Field(strict=False)


class AgeBody(BaseModel):
    """How old a statement must be."""

    model_config = _STRICT

    days: int = Field(ge=1, le=LONGEST_AGE, description="older than so many", examples=[1095])
    by: Annotated[AgeBy, _ENUM] = Field(
        default=AgeBy.STORED,
        description="from when it came (`stored`), or from when it happened (`timestamp`)",
    )


class AttributeBody(BaseModel):
    """What value the actor must have had on the day of the statement, in UTC."""

    model_config = _STRICT

    name: Line = Field(examples=["department"])
    value: Line | bool | int | float


class ConditionsBody(BaseModel):
    """What a statement must be for a rule to take it: all that is set must hold, one at least."""

    model_config = _STRICT

    age: AgeBody | None = None
    systems: list[Line] | None = Field(default=None, min_length=1, max_length=100)
    verbs: list[Iri] | None = Field(default=None, min_length=1, max_length=100)
    verb_families: list[Annotated[VerbFamily, _ENUM]] | None = Field(
        default=None, min_length=1, description="added to `verbs`"
    )
    activities: list[Iri] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="of which one must be its object, or named in its context, such as a course",
    )
    attribute: AttributeBody | None = None

    def conditions(self) -> Conditions:
        """Return what was sent."""
        attribute = self.attribute
        return Conditions(
            days=self.age.days if self.age else None,
            age_by=self.age.by if self.age else AgeBy.STORED,
            systems=tuple(self.systems or ()),
            verbs=tuple(self.verbs or ()),
            verb_families=tuple(each.value for each in self.verb_families or ()),
            activities=tuple(self.activities or ()),
            attribute=(attribute.name, attribute.value) if attribute else None,
        )

    @classmethod
    def of(cls, conditions: Conditions) -> Self:
        """Write conditions down."""
        days, attribute = conditions.days, conditions.attribute
        return cls(
            age=None if days is None else AgeBody(days=days, by=conditions.age_by),
            systems=list(conditions.systems) or None,
            verbs=list(conditions.verbs) or None,
            verb_families=[VerbFamily(each) for each in conditions.verb_families] or None,
            activities=list(conditions.activities) or None,
            attribute=attribute and AttributeBody(name=attribute[0], value=attribute[1]),
        )


class RuleToldBody(BaseModel):
    """A rule, as somebody wants it."""

    model_config = _STRICT

    name: Line = Field(examples=["what is older than three years"])
    action: Annotated[RetentionAction, _ENUM]
    conditions: ConditionsBody

    def told(self) -> RuleTold:
        """Return what was sent."""
        return RuleTold(self.name, self.action, self.conditions.conditions())


class RuleBody(BaseModel):
    """A rule."""

    id: UUID
    name: str
    action: RetentionAction
    conditions: ConditionsBody
    version: int = Field(description="grows with each change; a dry run is of one version")
    created: datetime
    changed: datetime
    changed_by: str = Field(description="the key of a credential, or the id of a user or a token")
    active_since: datetime | None = Field(description="null for one that takes nothing")
    applied: datetime | None = Field(description="when it was applied last")

    @classmethod
    def of(cls, rule: RetentionRule) -> Self:
        """Write a rule down."""
        return cls(
            id=rule.id,
            name=rule.told.name,
            action=rule.told.action,
            conditions=ConditionsBody.of(rule.told.conditions),
            version=rule.version,
            created=rule.created,
            changed=rule.changed,
            changed_by=rule.changed_by,
            active_since=rule.active_since,
            applied=rule.applied,
        )


class RulesBody(BaseModel):
    """The rules of a store, the first one made first."""

    rules: list[RuleBody]


class CountBody(BaseModel):
    """How many statements of a system and a month."""

    model_config = ConfigDict(from_attributes=True)

    system: str
    month: str = Field(examples=["2026-01"], description="in UTC; by `stored` or by `timestamp`")
    statements: int


class RunBody(BaseModel):
    """What a rule took, or in a dry run would take."""

    id: UUID
    rule: UUID
    name: str = Field(description="of the rule, as it was then")
    action: RetentionAction
    conditions: ConditionsBody
    version: int = Field(description="of the rule")
    state: str = Field(
        examples=["finished"], description="waiting, running, finished, cancelled or failed"
    )
    requested: datetime
    requested_by: str
    finished: datetime | None
    statements: int = Field(description="that it took, or would take, so far")
    held: int = Field(description="that a legal hold kept from it, so far")

    @classmethod
    def of(cls, run: KeptRun) -> Self:
        """Write a run down."""
        return cls(**_told(run))


class RunWithCountsBody(RunBody):
    """The same, by month and system."""

    counts: list[CountBody]

    @classmethod
    def of_counted(cls, found: RunWithCounts) -> Self:
        """Write a run down with what it counted."""
        counts = [CountBody.model_validate(each) for each in found.counts]
        return cls(**_told(found.run), counts=counts)


class RunsBody(BaseModel):
    """Runs, the last one first."""

    runs: list[RunBody]


# Each value has a type of its own.
def _told(run: KeptRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "rule": run.rule,
        "name": run.told.name,
        "action": run.told.action,
        "conditions": ConditionsBody.of(run.told.conditions),
        "version": run.rule_version,
        "state": run.state.value,
        "requested": run.requested,
        "requested_by": run.requested_by,
        "finished": run.finished,
        "statements": run.statements,
        "held": run.held,
    }


class NewHoldBody(BaseModel):
    """What is to be held: all that is set must hold of a statement, one at least."""

    model_config = _STRICT

    reason: Line = Field(examples=["case 12 O 345/26"], description="without personal data")
    person: Annotated[UUID, _ENUM] | None = Field(
        default=None, description="a person, or the key of an identifier"
    )
    system: Line | None = None
    activity: Iri | None = Field(default=None, description="such as a course")
    since: Annotated[AwareDatetime, _ENUM] | None = Field(
        default=None, description="happened (`timestamp`) at this moment or later"
    )
    until: Annotated[AwareDatetime, _ENUM] | None = Field(
        default=None, description="happened before this moment"
    )


class HoldBody(BaseModel):
    """A legal hold."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    person: UUID | None
    system: str | None
    activity: str | None
    since: datetime | None
    until: datetime | None
    reason: str
    made: datetime
    made_by: str
    released: datetime | None = Field(description="when it ended; null while it lasts")
    released_by: str | None


class HoldsBody(BaseModel):
    """All legal holds, those that ended too, the last one made first."""

    holds: list[HoldBody]
