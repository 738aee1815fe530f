"""Keeps the retention rules of stores."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import RetentionNotFoundError
from lrs.people.retention import Conditions, RetentionAction
from lrs.storage.driver import fetch

_LIST = text(
    """
    SELECT id, name, action, CAST(conditions AS text) AS conditions, version, created, changed,
           changed_by, active_since, applied
    FROM retention_rules
    WHERE store = :store AND (CAST(:id AS uuid) IS NULL OR id = :id)
    ORDER BY created, id
    """
)
_INSERTION = text(
    """
    INSERT INTO retention_rules (store, id, name, action, conditions, changed_by)
    VALUES (:store, :id, :name, :action, CAST(CAST(:conditions AS text) AS json), :by)
    """
)
# Whoever has changed what goes has to try it first.
_CHANGE = text(
    """
    UPDATE retention_rules
    SET name = :name, action = :action, conditions = CAST(CAST(:conditions AS text) AS json),
        version = version + 1, changed = now(), changed_by = :by, active_since = NULL
    WHERE store = :store AND id = :id
    """
)
_DELETION = text("DELETE FROM retention_rules WHERE store = :store AND id = :id")
_ACTIVATION = text(
    """
    UPDATE retention_rules
    SET active_since = CASE WHEN CAST(:active AS boolean) THEN coalesce(active_since, now()) END
    WHERE store = :store AND id = :id
    """
)
# Rules that were not applied for a day, each of a store that nobody is deleting.
_DUE = text(
    """
    UPDATE retention_rules SET applied = now()
    FROM stores
    WHERE stores.id = store AND deleting IS NULL AND active_since IS NOT NULL
      AND (applied IS NULL OR applied <= now() - CAST(:every AS interval))
      AND NOT EXISTS (
          SELECT FROM retention_runs AS run
          WHERE run.store = retention_rules.store AND run.rule = retention_rules.id
            AND NOT run.is_dry AND run.finished IS NULL
      )
    RETURNING store, retention_rules.id
    """
)


class RuleTold(NamedTuple):
    """What somebody says of a rule."""

    name: str
    action: RetentionAction
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A rule.

    Attributes:
        version: grows with each change.
        active_since: since when it is applied; None if it is not.
        applied: when it was applied last.
    """

    id: UUID
    told: RuleTold
    version: int
    created: datetime
    changed: datetime
    changed_by: str
    active_since: datetime | None
    applied: datetime | None


async def list_rules(connection: AsyncConnection, store: int) -> Sequence[RetentionRule]:
    """Return the rules of a store, the first one made first."""
    return [_rule(row) for row in await fetch(connection, _LIST, {"store": store, "id": None})]


async def find_rule(connection: AsyncConnection, store: int, rule: UUID) -> RetentionRule:
    """Return a rule.

    Raises:
        RetentionNotFoundError: there is none.
    """
    rows = await fetch(connection, _LIST, {"store": store, "id": rule})
    if not rows:
        raise RetentionNotFoundError(f"there is no retention rule {rule}")
    return _rule(rows[0])


async def insert_rule(
    connection: AsyncConnection, store: int, rule: UUID, told: RuleTold, by: str
) -> None:
    """Keep a new rule, which is not applied yet."""
    await fetch(connection, _INSERTION, _values(store, rule, told, by))


async def change_rule(
    connection: AsyncConnection, store: int, rule: UUID, told: RuleTold, by: str
) -> None:
    """Keep a rule in the place of one, which is not applied any more."""
    await fetch(connection, _CHANGE, _values(store, rule, told, by))


async def delete_rule(connection: AsyncConnection, store: int, rule: UUID) -> None:
    """Forget a rule; what it has taken is still told by its runs."""
    await fetch(connection, _DELETION, {"store": store, "id": rule})


async def activate_rule(
    connection: AsyncConnection, store: int, rule: UUID, *, active: bool
) -> None:
    """Have a rule applied from now on, or no more."""
    await fetch(connection, _ACTIVATION, {"store": store, "id": rule, "active": active})


async def take_due_rules(
    connection: AsyncConnection, every: object
) -> Sequence[tuple[int, RetentionRule]]:
    """Return the rules that are to be applied now, each with its store; it counts as done.

    Args:
        connection: within a writing transaction of the one process that applies rules.
        every: a timedelta, from one time to the next.
    """
    due = await fetch(connection, _DUE, {"every": every})
    return [(row["store"], await find_rule(connection, row["store"], row["id"])) for row in due]


def _values(store: int, rule: UUID, told: RuleTold, by: str) -> dict[str, object]:
    return {
        "store": store,
        "id": rule,
        "name": told.name,
        "action": told.action.value,
        "conditions": json.dumps(told.conditions.as_json()),
        "by": by,
    }


def _rule(row: asyncpg.Record) -> RetentionRule:
    told = RuleTold(
        row["name"],
        RetentionAction(row["action"]),
        Conditions.of_json(json.loads(row["conditions"])),
    )
    left = ("version", "created", "changed", "changed_by", "active_since", "applied")
    return RetentionRule(row["id"], told, *(row[name] for name in left))
