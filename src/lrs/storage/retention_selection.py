"""Finds the statements that a rule takes, in the order of answers, some at a time.

A look goes over a bounded stretch of the store, whether it finds much in it or nothing, and tells
where the next one goes on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics.verb_families import VerbFamily, verbs_of
from lrs.people.retention import AgeBy, Conditions, RetentionAction, StatementFacts
from lrs.storage.driver import fetch
from lrs.storage.people_tables import person_attributes, person_identifiers
from lrs.storage.retention_runs import Run
from lrs.storage.tables import agents, credentials, statements
from lrs.storage.watermark import last_position
from lrs.xapi.keys import iri_key

# Statements that one look goes over.
_STRETCH: Final = 20_000

_KEYS = ARRAY(Uuid)
_END_OF_STRETCH = text(
    """
    SELECT position, id FROM statements
    WHERE store = :store AND position >= :after AND (position, id) > (:after, :after_id)
      AND position <= :until
    ORDER BY position, id OFFSET :skipped LIMIT 1
    """
)
_TEXTS = text(
    """
    SELECT statements.id, CAST(payload AS text) AS payload
    FROM statements
    JOIN statement_payloads AS kept
      ON kept.store = :store AND kept.position = statements.position AND kept.id = statements.id
    WHERE statements.store = :store AND statements.id = ANY (CAST(:ids AS uuid[]))
    """
)

_Condition = ColumnElement[bool]


class TakenStatement(NamedTuple):
    """A statement that a rule takes, if no hold keeps it.

    Attributes:
        month: in which it came, or in which it happened, whichever its age is told by.
    """

    place: tuple[int, UUID]
    system: str
    month: str
    facts: StatementFacts


class Look(NamedTuple):
    """What a look has found.

    Attributes:
        place: after which statement the next one goes on; None if there is nothing more.
    """

    taken: Sequence[TakenStatement]
    place: tuple[int, UUID] | None


def end_of_age(conditions: Conditions, now: datetime, until_position: int) -> int:
    """Return up to which position a rule can take statements.

    Args:
        conditions: of the rule.
        now: from when on their age is told.
        until_position: beyond which nothing is looked at.
    """
    if conditions.days is None or conditions.age_by is not AgeBy.STORED:
        return until_position
    return min(until_position, last_position(now - timedelta(days=conditions.days)))


async def look(
    connection: AsyncConnection, store: int, run: Run, anonymous: str, most: int
) -> Look:
    """Return the next statements that the rule of a run takes.

    Args:
        connection: any.
        store: which one.
        run: how far it is.
        anonymous: the home page of accounts that stand for nobody, and are taken no more.
        most: how many at most.
    """
    after = run.place or (-(2**63), UUID(int=0))
    until = run.until_position or 0
    bounds = {"store": store, "after": after[0], "after_id": after[1], "until": until}
    ends = await fetch(connection, _END_OF_STRETCH, {**bounds, "skipped": _STRETCH})
    end = (ends[0]["position"], ends[0]["id"]) if ends else None
    query = _query(store, run, anonymous).where(*_within(after, end, until))
    rows = (await connection.execute(query.limit(most))).all()
    taken = [_taken(row) for row in rows]
    return Look(taken, taken[-1].place if len(taken) == most else end)


async def texts_of_statements(
    connection: AsyncConnection, store: int, ids: Sequence[UUID]
) -> Sequence[bytes]:
    """Return the JSON texts of statements, in any order."""
    rows = await fetch(connection, _TEXTS, {"store": store, "ids": [*ids]})
    return [row["payload"].encode() for row in rows]


def _within(after: tuple[int, UUID], end: tuple[int, UUID] | None, until: int) -> list[_Condition]:
    of = statements.c
    here = tuple_(of.position, of.id)
    within = [of.position >= after[0], here > tuple_(*after), of.position <= until]
    return within if end is None else [*within, of.position <= end[0], here <= tuple_(*end)]


def _query(store: int, run: Run, anonymous: str) -> Select[Any]:
    of = statements.c
    conditions = run.told.conditions
    moment = of.stored if conditions.age_by is AgeBy.STORED else of.timestamp
    return (
        select(
            of.position,
            of.id,
            func.coalesce(credentials.c.system, literal("")).label("system"),
            func.to_char(func.timezone("UTC", moment), "YYYY-MM").label("month"),
            of.actor,
            of.object,
            of.direct_agents,
            of.other_agents,
            of.activities,
            of.timestamp,
        )
        .outerjoin(credentials, credentials.c.id == of.credential)
        .where(of.store == store, *_asked(conditions, run.requested), _can(run, anonymous))
        .order_by(of.position, of.id)
    )


def _asked(conditions: Conditions, now: datetime) -> list[_Condition]:
    """Return what a statement must be by the conditions of a rule."""
    of = statements.c
    asked: list[_Condition] = []
    if conditions.days is not None and conditions.age_by is AgeBy.TIMESTAMP:
        asked.append(of.timestamp < now - timedelta(days=conditions.days))
    if conditions.systems:
        named = credentials.alias("named")
        of_systems = select(named.c.id).where(
            named.c.store == of.store, named.c.system == any_(_texts(conditions.systems))
        )
        asked.append(of.credential.in_(of_systems))
    families = verbs_of(*map(VerbFamily, conditions.verb_families))
    if conditions.verbs or conditions.verb_families:
        asked.append(of.verb == any_(_iris([*conditions.verbs, *families])))
    if conditions.activities:
        keys = _iris(conditions.activities)
        asked.append(or_(of.object == any_(keys), of.activities.bool_op("&&")(keys)))
    if conditions.attribute:
        asked.append(_has(*conditions.attribute))
    return asked


def _has(name: str, value: str) -> _Condition:
    """Hold a statement against the value that its actor had on its day."""
    of, identifiers, values = statements.c, person_identifiers.c, person_attributes.c
    day = cast(func.timezone("UTC", of.timestamp), Date)
    return exists().where(
        identifiers.store == of.store,
        identifiers.agent == of.actor,
        values.store == of.store,
        values.person == identifiers.person,
        values.name == name,
        values.value == value,
        day >= values.valid_from,
        day < values.valid_until,
    )


def _can(run: Run, anonymous: str) -> _Condition:
    """Hold a statement against what the rule does with it."""
    of, other = statements.c, statements.alias("other")
    if run.told.action is RetentionAction.ERASE:
        # What it has voided would come back. It goes once that is gone.
        voided = exists().where(other.c.store == of.store, other.c.id == of.target)
        return ~and_(of.voiding, voided)
    # A Group without identifier acts by its members.
    members = func.unnest(of.direct_agents).table_valued(column("key", Uuid))
    member = members.render_derived(name="member")
    some = exists(select(member.c.key).where(~_is_anonymous(member.c.key, anonymous)))
    return case((of.actor.is_not(None), ~_is_anonymous(of.actor, anonymous)), else_=some)


def _is_anonymous(key: ColumnElement[UUID], home_page: str) -> _Condition:
    kept = agents.c
    return exists().where(
        kept.store == statements.c.store,
        kept.key == key,
        kept.ifi_type == "account",
        func.starts_with(kept.ifi, f"{home_page} "),
    )


def _texts(values: Sequence[str]) -> ColumnElement[Any]:
    return bindparam(None, [*values], ARRAY(Text))


def _iris(values: Sequence[str]) -> ColumnElement[Any]:
    return bindparam(None, [iri_key(each) for each in values], _KEYS)


def _taken(row: Row[Any]) -> TakenStatement:
    named = [row.actor, row.object, *(row.direct_agents or ()), *(row.other_agents or ())]
    facts = StatementFacts(
        row.system,
        frozenset(each for each in named if each is not None),
        frozenset(each for each in (row.object, *(row.activities or ())) if each is not None),
        row.timestamp,
    )
    return TakenStatement((row.position, row.id), row.system, row.month, facts)
