"""Contexts of statements, with what 2.0 added to them (Data 2.4.6)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from lrs.xapi.activities import Activity
from lrs.xapi.actors import Actor, Agent, Group
from lrs.xapi.extensions import Extensions
from lrs.xapi.iris import Iri
from lrs.xapi.languages import LanguageTag
from lrs.xapi.properties import Maybe, StrictModel
from lrs.xapi.references import StatementRef
from lrs.xapi.uuids import UUIDText


def as_array(value: object) -> object:
    """Read a lone Activity as an array of one (Data 2.4.6.2)."""
    return value if isinstance(value, list) else [value]


_Activities = Annotated[list[Activity], BeforeValidator(as_array)]
_RelevantTypes = Annotated[list[Iri], Field(min_length=1)]


class ContextActivities(StrictModel):
    """Activities that this one belongs to, each property as an array (Data 2.4.6.2)."""

    parent: Maybe[_Activities] = None
    grouping: Maybe[_Activities] = None
    category: Maybe[_Activities] = None
    other: Maybe[_Activities] = None


class ContextAgent(StrictModel):
    """An Agent that plays a part in the context (2.0, contextAgents)."""

    object_type: Literal["contextAgent"]
    agent: Agent
    relevant_types: Maybe[_RelevantTypes] = None


class ContextGroup(StrictModel):
    """A Group that plays a part in the context (2.0, contextGroups)."""

    object_type: Literal["contextGroup"]
    group: Group
    relevant_types: Maybe[_RelevantTypes] = None


class Context(StrictModel):
    """What a statement happened in (Data 2.4.6)."""

    registration: Maybe[UUIDText] = None
    instructor: Maybe[Actor] = None
    team: Maybe[Group] = None
    context_activities: Maybe[ContextActivities] = None
    context_agents: Maybe[list[ContextAgent]] = None
    context_groups: Maybe[list[ContextGroup]] = None
    revision: Maybe[str] = None
    platform: Maybe[str] = None
    language: Maybe[LanguageTag] = None
    statement: Maybe[StatementRef] = None
    extensions: Maybe[Extensions] = None
