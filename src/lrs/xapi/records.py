"""What the store knows of a statement besides its text: keys, typed values, references."""

import math
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from lrs.xapi import durations, timestamps
from lrs.xapi.actors import Agent, Group, Mentioned
from lrs.xapi.attachment_data import Brought
from lrs.xapi.completion import Completed
from lrs.xapi.contexts import Context
from lrs.xapi.descriptions import Descriptions
from lrs.xapi.keys import Ifi, ifi_key, iri_key
from lrs.xapi.positions import stored_at
from lrs.xapi.readings import Reading
from lrs.xapi.references import StatementRef
from lrs.xapi.results import Result
from lrs.xapi.statements import Statement, SubStatement, sub_statement_of
from lrs.xapi.uuids import uuid_of
from lrs.xapi.verbs import VOIDED

# Structs are made several times as fast as frozen dataclasses, and there are three to a statement.


class Measures(msgspec.Struct, frozen=True):
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


class Mentions(msgspec.Struct, frozen=True):
    """The agents and activities that a statement names.

    Attributes:
        direct: keys of the agents that the `agent` filter reaches: the actor, an Agent or Group as
            object, and the members of Groups in both.
        others: keys of those that it reaches with `related_agents` only; the last one is that of
            the authority, whatever else the statement says of the same Agent.
        activities: keys of those that the `activity` filter reaches with `related_activities`.
        ifis: the identifier behind each agent's key.
        names: key and name of each Agent that has one; that of a Group is no Agent's.
    """

    direct: tuple[UUID, ...]
    others: tuple[UUID, ...]
    activities: tuple[UUID, ...]
    ifis: dict[UUID, Ifi]
    names: tuple[tuple[UUID, str], ...]


class StatementRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One statement on its way into the store; keys as in `lrs.xapi.keys`.

    Attributes:
        timestamp: aware, UTC; None if the client sent none, then it is `stored`.
        target: the id of the statement that this one refers to by its object.
        object: the key of the Activity, Agent or identified Group that is the object.
        brought: the data of its attachments, and its signature.
    """

    id: UUID
    received: bytes | msgspec.Raw
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


class KeptStatement(NamedTuple):
    """A statement as it was stored.

    Attributes:
        payload: the JSON text, completed.
        position: in the order of answers.
    """

    id: UUID
    payload: bytes
    position: int
    voided: bool

    @property
    def stored(self) -> datetime:
        """When it was stored; aware, UTC."""
        return stored_at(self.position)


def record(
    identifier: UUID, reading: Reading, completed: Completed, authority: Ifi, brought: Brought
) -> StatementRecord:
    """Derive all that filters and sums need from a valid statement.

    Args:
        identifier: its id, sent or given.
        reading: the statement as it was read.
        completed: its text as it is kept.
        authority: the identifier of the authority that it is given (Data 2.4.9).
        brought: what came with it.
    """
    statement, descriptions = reading.statement, reading.descriptions
    context, sent = statement.context, statement.timestamp
    return StatementRecord(
        id=identifier,
        received=reading.raw,
        completed=completed,
        timestamp=None if sent is None else timestamps.judged_instant(sent),
        voiding=statement.verb.id == VOIDED,
        target=_target(statement),
        verb=iri_key(statement.verb.id),
        actor=statement.actor.key,
        object=_object_key(statement, descriptions),
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
    target = statement.object
    return uuid_of(target.id) if type(target) is StatementRef else None


def _registration(context: Context | None) -> UUID | None:
    return uuid_of(context.registration) if context and context.registration else None


def _object_key(statement: Statement, descriptions: Descriptions) -> UUID | None:
    target = statement.object
    if target.object_type is None or target.object_type == "Activity":
        return iri_key(descriptions.activities[0].iri)
    return target.key if type(target) is Agent or type(target) is Group else None


_NO_MEASURES = Measures()


def _measures(result: Result | None) -> Measures:
    if result is None:
        return _NO_MEASURES
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
    direct, others = _direct_agents(statement), _other_agents(statement)
    ifis = {agent.key: agent.ifi for agent in direct}
    reached = len(ifis)
    ifis.update([(agent.key, agent.ifi) for agent in others])
    keys, last = tuple(ifis), ifi_key(authority)
    ifis[last] = authority
    return Mentions(
        direct=keys[:reached],
        others=(*[key for key in keys[reached:] if key != last], last),
        activities=tuple(dict.fromkeys([iri_key(each.iri) for each in descriptions.activities])),
        ifis=ifis,
        names=tuple([(agent.key, agent.name) for agent in direct + others if agent.name]),
    )


def _direct_agents(event: Statement | SubStatement) -> tuple[Mentioned, ...]:
    target = event.object
    if type(target) is Agent or type(target) is Group:
        return event.actor.mentioned + target.mentioned
    return event.actor.mentioned


def _other_agents(statement: Statement) -> tuple[Mentioned, ...]:
    agents = _of_context(statement.context)
    target = sub_statement_of(statement)
    if target is None:
        return agents
    return agents + _direct_agents(target) + _of_context(target.context)


def _of_context(context: Context | None) -> tuple[Mentioned, ...]:
    if context is None:
        return ()
    agents: tuple[Mentioned, ...] = ()
    for named in (context.instructor, context.team):
        agents += () if named is None else named.mentioned
    for agent in context.context_agents or ():
        agents += agent.agent.mentioned
    for group in context.context_groups or ():
        agents += group.group.mentioned
    return agents
