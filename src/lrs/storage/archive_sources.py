"""Reads what goes into the archive of a person, by the place after which it goes on.

Everything is read in an order that does not change, up to a bound: a look costs as much as what it
finds, however much the person has done and however often it begins again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.restrictions import Restriction
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.restrictions import held, names_of, restriction_values
from lrs.storage.tables import statement_agents, statement_payloads, statements

# Statements that one look finds, and bytes of them unless one has more.
_LOOK: Final = 1_000
_MOST_BYTES: Final = 2 * 1024 * 1024
# Documents of one look, and bytes of them unless one has more.
_DOCUMENTS: Final = 100
# Records of the audit log that one look goes over.
RECORDS: Final = 20_000

_STORE: BindParameter[int] = bindparam("store", type_=Integer)
_AFTER = bindparam("after", type_=BigInteger)
_AFTER_ID = bindparam("after_id", type_=Uuid)
_UNTIL = bindparam("until", type_=BigInteger)
_wanted = (
    func.unnest(bindparam("keys", type_=ARRAY(Uuid)))
    .table_valued(column("key", Uuid))
    .render_derived(name="wanted")
)


class Place(NamedTuple):
    """After which statement it goes on."""

    position: int
    id: UUID


# Before all statements.
BEGINNING: Final = Place(-(2**63), UUID(int=0))


class FoundStatement(NamedTuple):
    """A statement of a person.

    Attributes:
        payload: the JSON text as it is kept; None of one that must not be seen.
    """

    place: Place
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document of a person, with what it is found by."""

    key: UUID
    kind: str
    activity: str | None
    agent: UUID
    registration: UUID | None
    id: str
    content: bytes
    content_type: str
    updated: datetime


def _arms() -> list[Select[Any]]:
    """Return where a person is met: as actor, and as anybody else that a statement names."""
    mentions = statement_agents.c
    keys = func.uuid_hash(_wanted.c.key)
    actor = select(statements.c.position, statements.c.id).where(
        statements.c.store == _STORE,
        func.uuid_hash(statements.c.actor) == keys,
        statements.c.actor.is_not(None),
        statements.c.actor == _wanted.c.key,
        statements.c.position <= _UNTIL,
    )
    mentioned = select(mentions.position, mentions.id).where(
        mentions.store == _STORE,
        func.uuid_hash(mentions.agent) == keys,
        mentions.agent == _wanted.c.key,
        mentions.via.is_(None),
        mentions.position <= _UNTIL,
    )
    return [actor, mentioned.where(mentions.direct), mentioned.where(not_(mentions.direct))]


def _beyond(arm: Select[Any]) -> Select[Any]:
    position, identifier = (each for each in arm.selected_columns)
    further = arm.where(
        position >= _AFTER, tuple_(position, identifier) > tuple_(_AFTER, _AFTER_ID)
    )
    return further.order_by(position, identifier).limit(_number(_LOOK))


def _number(number: int) -> ColumnElement[int]:
    # As a parameter it would keep PostgreSQL from knowing that few rows are wanted.
    return literal_column(str(number), Integer)


def _met(arms: Collection[Select[Any]]) -> Select[Any]:
    met = union_all(*arms).lateral("met")
    return select(met.c.position, met.c.id).distinct().select_from(_wanted).join(met, true())


@cache
def _page(restricted: tuple[str, ...]) -> Select[Any]:
    met = _met([_beyond(arm) for arm in _arms()])
    place = met.selected_columns.position, met.selected_columns.id
    found = met.order_by(*place).limit(_number(_LOOK)).cte("found")
    payload = cast(statement_payloads.c.payload, Text)
    order = (found.c.position, found.c.id)
    is_seen = and_(true(), *held(restricted))
    sized = (
        select(
            *order,
            case((is_seen, payload)).label("payload"),
            func.sum(func.octet_length(payload)).over(order_by=order).label("size"),
            func.row_number().over(order_by=order).label("number"),
        )
        .join_from(
            found,
            statement_payloads,
            and_(
                statement_payloads.c.store == _STORE,
                statement_payloads.c.position == found.c.position,
                statement_payloads.c.id == found.c.id,
            ),
        )
        .join(statements, and_(statements.c.store == _STORE, statements.c.id == found.c.id))
        .subquery("sized")
    )
    fits = or_(sized.c.size <= _number(_MOST_BYTES), sized.c.number == 1)
    return (
        select(sized.c.position, sized.c.id, sized.c.payload)
        .where(fits)
        .order_by(sized.c.position, sized.c.id)
    )


_COUNT = select(func.count()).select_from(_met(_arms()).subquery("all_met"))
_NEXT_DATA = text(
    """
    SELECT brought.sha2 FROM archive_attachments AS brought
    WHERE brought.store = :store AND brought.archive = :id AND brought.sha2 > :after
    ORDER BY brought.sha2 LIMIT 1
    """
)
_COUNT_DOCUMENTS = text(
    """
    SELECT count(*) FROM documents
    WHERE store = :store AND agent = ANY (:keys)
    """
)
_DOCUMENTS_PAGE = text(
    """
    SELECT key, kind, activity, agent, registration, id, content, content_type, updated
    FROM (
        SELECT found.key, kind, activities.iri AS activity, agent, registration, id, content,
               content_type, updated, sum(size) OVER (ORDER BY found.key) AS sum,
               row_number() OVER (ORDER BY found.key) AS number
        FROM (
            SELECT * FROM documents
            WHERE store = :store AND agent = ANY (:keys) AND key > :after
            ORDER BY key LIMIT :most
        ) AS found
        LEFT JOIN activities ON activities.store = :store AND activities.key = found.activity
    ) AS counted
    WHERE sum <= :bytes OR number = 1
    ORDER BY key
    """
)
_RECIPIENTS = text(
    """
    SELECT number, at, who_kind, who, action,
           coalesce(credentials.label || ' (' || credentials.system || ')', users.name,
                    token_users.name) AS name
    FROM audit_records
    LEFT JOIN credentials
        ON who_kind IN ('credential', 'issuer') AND credentials.key = who
    LEFT JOIN users ON who_kind = 'user' AND CAST(users.id AS text) = who
    LEFT JOIN api_tokens ON who_kind = 'token' AND CAST(api_tokens.id AS text) = who
    LEFT JOIN users AS token_users ON token_users.id = api_tokens.user
    WHERE audit_records.store = :store AND number > :after AND number <= :until
      AND target = ANY (:targets) AND outcome = 'done'
    ORDER BY number
    """
)


_MERGED = text("SELECT id FROM people WHERE store = :store AND merged_into = :person")
_FROZEN = text("SELECT frozen FROM stores WHERE id = :store")


async def find_statements_of(
    connection: AsyncConnection,
    store: int,
    keys: Collection[UUID],
    reach: tuple[Place, int],
    hidden: Collection[UUID] = (),
) -> Sequence[FoundStatement]:
    """Return the next statements that name one of these identifiers in any place.

    Args:
        connection: any.
        store: which one.
        keys: of the identifiers of a person.
        reach: after which statement, and up to which position.
        hidden: keys of those whom a statement must not name to be seen.
    """
    after, until = reach
    restriction = Restriction(frozen=frozenset(hidden) if hidden else None)
    values = {
        **restriction_values(restriction),
        "store": store,
        "keys": [*keys],
        "after": after.position,
        "after_id": after.id,
        "until": until,
    }
    rows = await fetch(connection, _page(names_of(restriction)), values)
    return [FoundStatement(Place(row[0], row[1]), row[2] and row[2].encode()) for row in rows]


async def count_statements_of(
    connection: AsyncConnection, store: int, keys: Collection[UUID], until: int
) -> int:
    """Count the statements that name one of these identifiers in any place."""
    values = {"store": store, "keys": [*keys], "until": until}
    return int(await fetch_value(connection, _COUNT, values))


async def next_attachment(
    connection: AsyncConnection, store: int, archive: UUID, after: str
) -> str | None:
    """Return the hash of the next data that statements of an archive brought; None if no more."""
    values = {"store": store, "id": archive, "after": after}
    found: str | None = await fetch_value(connection, _NEXT_DATA, values)
    return found


async def count_documents_of(
    connection: AsyncConnection, store: int, keys: Collection[UUID]
) -> int:
    """Count the documents about one of these identifiers."""
    values = {"store": store, "keys": [*keys]}
    return int(await fetch_value(connection, _COUNT_DOCUMENTS, values))


async def find_documents_of(
    connection: AsyncConnection, store: int, keys: Collection[UUID], after: UUID
) -> Sequence[FoundDocument]:
    """Return the next documents about one of these identifiers, in the order of their keys."""
    values = {
        "store": store,
        "keys": [*keys],
        "after": after,
        "most": _DOCUMENTS,
        "bytes": _MOST_BYTES,
    }
    return [FoundDocument(**row) for row in await fetch(connection, _DOCUMENTS_PAGE, values)]


class Reading(NamedTuple):
    """That somebody used a right on what is kept of a person, mostly to read it.

    Attributes:
        who: the key of a credential, the id of a user or a token; None once it is erased.
        name: what people call that one, if it is known.
    """

    number: int
    at: datetime
    who_kind: str
    who: str | None
    action: str
    name: str | None


async def find_readings(
    connection: AsyncConnection, store: int, targets: Collection[UUID], after: int
) -> Sequence[Reading]:
    """Return who did something with a person, of the next `RECORDS` records of the audit log.

    Args:
        connection: any.
        store: which one.
        targets: by which the person may be named in the log.
        after: records with larger numbers.
    """
    values = {
        "store": store,
        "targets": [str(each) for each in targets],
        "after": after,
        "until": after + RECORDS,
    }
    return [Reading(*row) for row in await fetch(connection, _RECIPIENTS, values)]


async def names_in_log(
    connection: AsyncConnection, store: int, person: UUID, keys: Collection[UUID]
) -> frozenset[UUID]:
    """Return all that a person may be named by in the audit log."""
    rows = await fetch(connection, _MERGED, {"store": store, "person": person})
    return frozenset({person, *keys, *(row["id"] for row in rows)})


async def frozen_of(connection: AsyncConnection, store: int) -> frozenset[UUID]:
    """Return the keys of those whose data a store may only keep."""
    return frozenset(await fetch_value(connection, _FROZEN, {"store": store}) or ())
