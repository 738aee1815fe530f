"""Keeps what rules would take and have taken: how far a run is, and what it counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import RetentionNotFoundError
from lrs.people.retention import Conditions, RetentionAction
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.legal_holds import LOCK_CLASS
from lrs.storage.retention_rules import RetentionRule, RuleTold

# How often a run may fail before it is given up.
_MOST_FAILURES = 5
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)").bindparams(
    bindparam("lock_class", LOCK_CLASS, Integer)
)
_INSERTION = text(
    """
    INSERT INTO retention_runs
        (store, id, rule, rule_name, rule_version, action, conditions, is_dry, requested_by)
    VALUES (:store, :id, :rule, :name, :version, :action,
            CAST(CAST(:conditions AS text) AS json), :is_dry, :by)
    """
)
_LIST = text(
    """
    SELECT id, rule, rule_name, rule_version, action, CAST(conditions AS text) AS conditions,
           is_dry, state, requested, requested_by, finished, until_position, place, place_id,
           statements, held, secret
    FROM retention_runs
    WHERE store = :store AND is_dry = CAST(:is_dry AS boolean)
      AND (CAST(:rule AS uuid) IS NULL OR rule = :rule)
      AND (CAST(:before AS uuid) IS NULL OR id < :before)
    ORDER BY id DESC
    LIMIT :most
    """
)
_FIND = text(
    """
    SELECT id, rule, rule_name, rule_version, action, CAST(conditions AS text) AS conditions,
           is_dry, state, requested, requested_by, finished, until_position, place, place_id,
           statements, held, secret
    FROM retention_runs
    WHERE store = :store AND id = :id
    """
)
_LOCKED = text(
    """
    SELECT id, rule, rule_name, rule_version, action, CAST(conditions AS text) AS conditions,
           is_dry, state, requested, requested_by, finished, until_position, place, place_id,
           statements, held, secret
    FROM retention_runs
    WHERE store = :store AND id = :id AND finished IS NULL
    FOR UPDATE
    """
)
_UNFINISHED = text(
    "SELECT store, id FROM retention_runs WHERE finished IS NULL ORDER BY requested, id"
)
_COUNTS = text(
    """
    SELECT system, month, statements FROM retention_counts
    WHERE store = :store AND run = :id ORDER BY month, system
    """
)
_BEGINNING = text(
    """
    UPDATE retention_runs
    SET state = 'running', until_position = :until, place = :place,
        place_id = '00000000-0000-0000-0000-000000000000', secret = :secret
    WHERE store = :store AND id = :id
    """
)
_ADVANCE = text(
    """
    UPDATE retention_runs
    SET place = :place, place_id = :place_id, statements = statements + :statements,
        held = held + :held, failures = 0
    WHERE store = :store AND id = :id
    """
)
_ADDITION = text(
    """
    INSERT INTO retention_counts AS kept (store, run, system, month, statements)
    SELECT :store, :id, system, month, count
    FROM unnest(CAST(:systems AS text[]), CAST(:months AS text[]), CAST(:counts AS bigint[]))
        AS new (system, month, count)
    ON CONFLICT (store, run, system, month) DO UPDATE
    SET statements = kept.statements + excluded.statements
    """
)
# Nobody can tell any more whom an anonymous Agent stands for.
_END = text(
    """
    UPDATE retention_runs SET state = :state, finished = now(), secret = NULL
    WHERE store = :store AND id = :id AND finished IS NULL
    """
)
_CANCELLATION = text(
    """
    UPDATE retention_runs SET state = 'cancelled', finished = now(), secret = NULL
    WHERE store = :store AND rule = :rule AND finished IS NULL
    """
)
_FAILURE = text(
    """
    UPDATE retention_runs SET failures = failures + 1
    WHERE store = :store AND id = :id AND finished IS NULL
    RETURNING failures
    """
)
_TRIED = text(
    """
    SELECT EXISTS (
        SELECT FROM retention_runs
        WHERE store = :store AND rule = :rule AND rule_version = :version AND is_dry
          AND state = 'finished' AND finished > now() - CAST(:within AS interval)
    )
    """
)
_IS_TRYING = text(
    """
    SELECT EXISTS (
        SELECT FROM retention_runs
        WHERE store = :store AND rule = :rule AND is_dry AND finished IS NULL
    )
    """
)


class RunState(StrEnum):
    """How far a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class RunName(NamedTuple):
    """A run of a store."""

    store: int
    id: UUID


@dataclass(frozen=True, slots=True)
class Run:
    """A look at what a rule would take, or the taking.

    Attributes:
        told: the rule as it was then.
        place: after which statement it goes on.
        statements: that it took, or would take.
        held: that a legal hold kept from it.
        secret: what anonymous Agents are derived from; None if none are made, or no more.
    """

    id: UUID
    rule: UUID
    rule_version: int
    told: RuleTold
    is_dry: bool
    state: RunState
    requested: datetime
    requested_by: str
    finished: datetime | None
    until_position: int | None
    place: tuple[int, UUID] | None
    statements: int
    held: int
    secret: bytes | None


class Count(NamedTuple):
    """How many statements of a system and a month."""

    system: str
    month: str
    statements: int


async def is_only_one(connection: AsyncConnection) -> bool:
    """Tell whether no other process applies rules until this transaction ends."""
    return bool(await fetch_value(connection, _ONLY_ONE, {}))


async def insert_run(
    connection: AsyncConnection, name: RunName, rule: RetentionRule, *, is_dry: bool, by: str
) -> None:
    """Keep that a rule is to be tried or applied."""
    values = {
        **name._asdict(),
        "rule": rule.id,
        "name": rule.told.name,
        "version": rule.version,
        "action": rule.told.action.value,
        "conditions": json.dumps(rule.told.conditions.as_json()),
        "is_dry": is_dry,
        "by": by,
    }
    await fetch(connection, _INSERTION, values)


async def list_runs(
    connection: AsyncConnection,
    store: int,
    rule: UUID | None,
    page: tuple[UUID | None, int],
    *,
    is_dry: bool,
) -> Sequence[Run]:
    """Return runs, the last one first.

    Args:
        connection: any.
        store: which one.
        rule: only those of this one.
        page: only those before this one, and how many at most.
        is_dry: whether those that only looked are wanted, or the others.
    """
    before, most = page
    values = {"store": store, "rule": rule, "before": before, "most": most, "is_dry": is_dry}
    return [_run(row) for row in await fetch(connection, _LIST, values)]


async def find_run(connection: AsyncConnection, name: RunName) -> Run:
    """Return a run.

    Raises:
        RetentionNotFoundError: there is none.
    """
    rows = await fetch(connection, _FIND, name._asdict())
    if not rows:
        raise RetentionNotFoundError(f"there is no run {name.id}")
    return _run(rows[0])


async def counts_of(connection: AsyncConnection, name: RunName) -> Sequence[Count]:
    """Return what a run counted, by month and system."""
    return [Count(*row) for row in await fetch(connection, _COUNTS, name._asdict())]


async def unfinished_runs(connection: AsyncConnection) -> Sequence[RunName]:
    """Return the runs that are to be made, the first one requested first."""
    return [RunName(*row) for row in await fetch(connection, _UNFINISHED, {})]


async def lock_run(connection: AsyncConnection, name: RunName) -> Run | None:
    """Return a run that is to be made, which nobody else changes; None if it is not any more."""
    rows = await fetch(connection, _LOCKED, name._asdict())
    return _run(rows[0]) if rows else None


async def begin_run(
    connection: AsyncConnection, name: RunName, until: int, secret: bytes | None
) -> None:
    """Keep up to which statement a run reaches."""
    values = {"until": until, "secret": secret, "place": -(2**63)}
    await fetch(connection, _BEGINNING, {**name._asdict(), **values})


async def advance_run(
    connection: AsyncConnection,
    name: RunName,
    place: tuple[int, UUID],
    counted: Mapping[tuple[str, str], int],
    held: int,
) -> None:
    """Keep after which statement a run goes on, and what it has counted more."""
    position, identifier = place
    values = {
        "place": position,
        "place_id": identifier,
        "statements": sum(counted.values()),
        "held": held,
    }
    await fetch(connection, _ADVANCE, {**name._asdict(), **values})
    if counted:
        columns = {
            "systems": [system for system, _ in counted],
            "months": [month for _, month in counted],
            "counts": [*counted.values()],
        }
        await fetch(connection, _ADDITION, {**name._asdict(), **columns})


async def end_run(connection: AsyncConnection, name: RunName, state: RunState) -> None:
    """Keep that a run is over."""
    await fetch(connection, _END, {**name._asdict(), "state": state.value})


async def cancel_runs(connection: AsyncConnection, store: int, rule: UUID) -> None:
    """Stop all runs of a rule where they are."""
    await fetch(connection, _CANCELLATION, {"store": store, "rule": rule})


async def count_run_failure(connection: AsyncConnection, name: RunName) -> bool:
    """Count that a run has failed, and tell whether that was too often."""
    failures = await fetch_value(connection, _FAILURE, name._asdict())
    return failures is not None and failures >= _MOST_FAILURES


async def was_tried(
    connection: AsyncConnection, store: int, rule: RetentionRule, within: object
) -> bool:
    """Tell whether a rule was tried as it is, not longer ago than a timedelta."""
    values = {"store": store, "rule": rule.id, "version": rule.version, "within": within}
    return bool(await fetch_value(connection, _TRIED, values))


async def is_being_tried(connection: AsyncConnection, store: int, rule: UUID) -> bool:
    """Tell whether a rule is being tried."""
    return bool(await fetch_value(connection, _IS_TRYING, {"store": store, "rule": rule}))


def _run(row: asyncpg.Record) -> Run:
    conditions = Conditions.of_json(json.loads(row["conditions"]))
    return Run(
        id=row["id"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        told=RuleTold(row["rule_name"], RetentionAction(row["action"]), conditions),
        is_dry=row["is_dry"],
        state=RunState(row["state"]),
        requested=row["requested"],
        requested_by=row["requested_by"],
        finished=row["finished"],
        until_position=row["until_position"],
        place=None if row["place"] is None else (row["place"], row["place_id"]),
        statements=row["statements"],
        held=row["held"],
        secret=row["secret"],
    )
