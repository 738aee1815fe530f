"""What the store knows of a statement besides its text: keys, typed values, references."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from lrs.xapi import durations, timestamps
from lrs.xapi.activities import Activity
from lrs.xapi.actors import Agent, Group
from lrs.xapi.attachment_data import Brought
from lrs.xapi.completion import Completed
from lrs.xapi.contexts import Context
from lrs.xapi.descriptions import Descriptions, described
from lrs.xapi.keys import Ifi, agent_key, canonical_ifi, ifi_key, iri_key
from lrs.xapi.references import StatementRef
from lrs.xapi.results import Result
from lrs.xapi.statements import Statement, SubStatement
from lrs.xapi.verbs import VOIDED

# What is longer is a text that somebody put in the place of a name, and is not kept as one.
LONGEST_NAME: Final = 1_000


@dataclass(frozen=True, slots=True)
class Measures:
    """The typed values of a Result, for sums (Data 2.4.5).

    `duration` counts seconds; a year has 365 days and a month 30.
    """

    score_scaled: float | None = None
    score_raw: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    success: bool | None = None
    completion: bool | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Mentions:
    """The agents and activities that a statement names.

    Attributes:
        direct: keys of the agents that the `agent` filter reaches: the actor, an Agent or Group as
            object, and the members of Groups in both.
        others: keys of those that it reaches with `related_agents` only.
        activities: keys of those that the `activity` filter reaches with `related_activities`.
        ifis: the identifier behind each agent's key.
        names: key and name of each Agent that has one; that of a Group is no Agent's.
    """

    direct: tuple[UUID, ...]
    others: tuple[UUID, ...]
    activities: tuple[UUID, ...]
    ifis: dict[UUID, Ifi]
    names: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """One statement on its way into the store; keys as in `lrs.xapi.keys`.

    Attributes:
        timestamp: aware, UTC; None if the client sent none, then it is `stored`.
        target: the id of the statement that this one refers to by its object.
        object: the key of the Activity, Agent or identified Group that is the object.
        brought: the data of its attachments, and its signature.
    """

    id: UUID
    received: bytes
    completed: Completed
    timestamp: datetime | None
    voiding: bool
    target: UUID | None
    verb: UUID
    actor: UUID | None
    object: UUID | None
    object_type: str
    registration: UUID | None
    platform: str | None
    language: str | None
    measures: Measures
    mentions: Mentions
    descriptions: Descriptions
    brought: Brought

    @property
    def activity(self) -> UUID | None:
        """The key of the object if it is an Activity."""
        return self.object if self.object_type == "Activity" else None


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement as it was stored.

    Attributes:
        payload: the JSON text, completed.
        stored: aware, UTC.
    """

    id: UUID
    payload: bytes
    stored: datetime
    voided: bool


def record(
    identifier: UUID,
    statement: Statement,
    received: bytes,
    completed: Completed,
    authority: Ifi,
    brought: Brought,
) -> StatementRecord:
    """Derive all that filters and sums need from a valid statement.

    Args:
        identifier: its id, sent or given.
        statement: the statement as it was read.
        received: its text as it came in.
        completed: its text as it is kept.
        authority: the identifier of the authority that it is given (Data 2.4.9).
        brought: what came with it.
    """
    descriptions = described(received)
    context = statement.context
    return StatementRecord(
        id=identifier,
        received=received,
        completed=completed,
        timestamp=None if statement.timestamp is None else timestamps.instant(statement.timestamp),
        voiding=statement.verb.id == VOIDED,
        target=_target(statement),
        verb=iri_key(statement.verb.id),
        actor=agent_key(statement.actor),
        object=_object_key(statement),
        object_type=statement.object.object_type or "Activity",
        registration=_registration(context),
        platform=context.platform if context else None,
        language=context.language if context else None,
        measures=_measures(statement.result),
        mentions=_mentions(statement, descriptions, authority),
        descriptions=descriptions,
        brought=brought,
    )


def _target(statement: Statement) -> UUID | None:
    return UUID(statement.object.id) if isinstance(statement.object, StatementRef) else None


def _registration(context: Context | None) -> UUID | None:
    return UUID(context.registration) if context and context.registration else None


def _object_key(statement: Statement) -> UUID | None:
    match statement.object:
        case Activity(id=iri):
            return iri_key(iri)
        case Agent() | Group() as agent:
            return agent_key(agent)
        case _:
            return None


def _measures(result: Result | None) -> Measures:
    if result is None:
        return Measures()
    score = result.score
    return Measures(
        score_scaled=_number(score.scaled) if score else None,
        score_raw=_number(score.raw) if score else None,
        score_min=_number(score.min) if score else None,
        score_max=_number(score.max) if score else None,
        success=result.success,
        completion=result.completion,
        duration=_number(durations.seconds(result.duration)) if result.duration else None,
    )


def _number(value: float | Decimal | None) -> float | None:
    """Return a number for sums; one that is too large for a double takes part in none."""
    if value is None or not math.isfinite(number := float(value)):
        return None
    return number


def _mentions(statement: Statement, descriptions: Descriptions, authority: Ifi) -> Mentions:
    direct_agents = list(_direct_agents(statement))
    other_agents = list(_other_agents(statement))
    direct = _keyed(direct_agents)
    others = _keyed(other_agents) | {ifi_key(authority): authority}
    return Mentions(
        direct=tuple(direct),
        others=tuple(key for key in others if key not in direct),
        activities=tuple(dict.fromkeys(iri_key(each.iri) for each in descriptions.activities)),
        ifis=direct | others,
        names=tuple(_names(direct_agents + other_agents)),
    )


def _keyed(agents: Iterable[Agent | Group]) -> dict[UUID, Ifi]:
    ifis = (canonical_ifi(agent) for agent in agents)
    return {ifi_key(ifi): ifi for ifi in ifis if ifi is not None}


def _names(agents: Iterable[Agent | Group]) -> Iterator[tuple[UUID, str]]:
    for agent in agents:
        if isinstance(agent, Agent) and agent.name and len(agent.name) <= LONGEST_NAME:
            key = agent_key(agent)
            if key is not None:
                yield key, agent.name


def _direct_agents(statement: Statement | SubStatement) -> Iterator[Agent | Group]:
    yield from _with_members(statement.actor)
    if isinstance(statement.object, (Agent, Group)):
        yield from _with_members(statement.object)


def _other_agents(statement: Statement) -> Iterator[Agent | Group]:
    yield from _of_context(statement.context)
    if isinstance(statement.object, SubStatement):
        yield from _direct_agents(statement.object)
        yield from _of_context(statement.object.context)


def _of_context(context: Context | None) -> Iterator[Agent | Group]:
    if context is None:
        return
    named = [context.instructor, context.team]
    named += [each.agent for each in context.context_agents or ()]
    named += [each.group for each in context.context_groups or ()]
    for agent in named:
        if agent is not None:
            yield from _with_members(agent)


def _with_members(agent: Agent | Group) -> Iterator[Agent | Group]:
    yield agent
    if isinstance(agent, Group):
        yield from agent.member or ()
