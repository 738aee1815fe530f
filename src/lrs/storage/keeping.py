"""Keeps statements: each exactly once, placed, found by every filter, connected with others.

One call of one function does it all (`keep_statements.sql`), since each way to the database and
back costs more than PostgreSQL needs to write a statement. Each connection makes the function for
itself, in its temporary schema: so that two versions of the service can run on one database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy import AdaptedConnection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lrs.storage.dictionary import Sightings, digest_of, sightings
from lrs.storage.driver import fetch_text
from lrs.storage.rows import Columns, array_text, insert_rows
from lrs.storage.stores import being_deleted
from lrs.storage.tables import statement_payloads
from lrs.storage.usage import add_bytes
from lrs.storage.watermark import LOCK_CLASS
from lrs.xapi.completion import finish
from lrs.xapi.positions import stored_at
from lrs.xapi.records import StatementRecord
from lrs.xapi.timestamps import written

# A statement is found through at most this many references in a row.
MAX_CHAIN: Final = 100
# Bytes of JSON text that one call, or one part of a large batch, may have.
_MOST_BYTES: Final = 8 * 1024 * 1024
_FUNCTION: Final = files("lrs.storage").joinpath("keep_statements.sql").read_text()

_OF_RECORD = (
    "timestamp", "voiding", "target", "verb", "actor", "object", "object_type", "registration",
)  # fmt: skip
_OF_MEASURES = (
    "score_scaled", "score_raw", "score_min", "score_max", "success", "completion", "duration",
)  # fmt: skip


# The position of a statement, and the statement.
_Placed: TypeAlias = tuple[int, StatementRecord]


class NeedsTheStoreAloneError(Exception):
    """The other end of a reference may be on its way in a transaction that cannot be seen yet."""


class TakenError(Exception):
    """An id is taken, and nothing was to be kept unless everything is new."""


class DescribedAnewError(Exception):
    """A verb or an activity is new, or described otherwise than before; nothing was kept."""


class NeedsMacsError(Exception):
    """People were erased from the store, and it was not told whom the statements name."""


class NamesErasedError(Exception):
    """Somebody is named who was erased; nothing was kept."""


_REFUSALS: Final[Mapping[str, Callable[[], Exception]]] = {
    "LR001": NeedsTheStoreAloneError,
    "LR002": TakenError,
    "LR003": DescribedAnewError,
    "LR004": being_deleted,
    "LR005": NeedsMacsError,
    "LR006": NamesErasedError,
}


class Conditions(NamedTuple):
    """Under which statements are kept.

    Attributes:
        alone: all other writers of the store are kept out meanwhile.
        all_or_nothing: nothing is kept unless all are new.
        described_before: nothing is kept unless all that they say of verbs and activities is.
        defines: whether what they say of them counts, and not only which ones they name.
    """

    alone: bool = False
    all_or_nothing: bool = False
    described_before: bool = False
    defines: bool = True


class Kept(NamedTuple):
    """What was kept.

    Attributes:
        first_position: of the first statement; the others follow by one each.
        taken: ids of those that were left out, since there is a statement with this id.
    """

    first_position: int
    taken: frozenset[UUID]


def make_function(engine: AsyncEngine) -> None:
    """Let each new connection of an engine know the function that keeps statements."""

    @event.listens_for(engine.sync_engine, "connect")
    def _make(connection: AdaptedConnection, _: object) -> None:
        connection.run_async(lambda driver: driver.execute(_FUNCTION))


async def keep_statements(
    connection: AsyncConnection,
    store: int,
    credential: int,
    records: Sequence[StatementRecord],
    conditions: Conditions,
    macs: Sequence[bytes] | None = None,
) -> Kept:
    """Keep the statements whose ids are not taken yet; of a large batch all but the texts.

    Args:
        connection: within a writing transaction that has kept none yet, or one on which each
            statement stands alone: then this is a transaction of its own. While it lasts, lists
            end where it began, so it should not be long ago.
        store: the store to keep them in.
        credential: who brought them.
        records: with distinct ids, at least one, in the order of the batch.
        conditions: under which they are kept.
        macs: what stands in tombstones for the agents that they name; None if it is not known
            that there are any.

    Raises:
        NeedsMacsError: there are tombstones.
        NamesErasedError: one is of somebody who is named.
        NeedsTheStoreAloneError: a target is not there, or one of them was awaited, and there are
            other writers.
        TakenError: an id is taken, and it was all or nothing.
        DescribedAnewError: they have to say something new of a verb or an activity.
        UnauthenticatedError: the store is being deleted.
    """
    values = (
        LOCK_CLASS,
        store,
        credential,
        conditions.alone,
        conditions.all_or_nothing,
        *_columns(records),
        MAX_CHAIN,
        *_agents(records),
        *_descriptions(records if conditions.described_before else (), defines=conditions.defines),
        macs,
    )
    try:
        (row,) = await fetch_text(connection, _call(len(values)), values)
    except asyncpg.PostgresError as error:
        refusal = _REFUSALS.get(error.sqlstate or "")
        if refusal is None:
            raise
        raise refusal() from error
    return Kept(row["first_position"], frozenset(row["taken"]))


def _payloads(records: Sequence[StatementRecord]) -> list[str] | None:
    if is_large(records):
        return None
    return [record.completed.text.decode() for record in records]


def is_large(records: Sequence[StatementRecord]) -> bool:
    """Tell whether the texts of statements are too much to be sent at once."""
    return sum(len(record.completed.received) for record in records) > _MOST_BYTES


async def keep_payloads(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord], kept: Kept
) -> None:
    """Keep the texts of a large batch, of which `keep_statements` has kept all the rest.

    Args:
        connection: within the same transaction.
        store: the store to keep them in.
        records: in the order of the batch.
        kept: what was kept of them.
    """
    placed = [
        (kept.first_position + place, record)
        for place, record in enumerate(records)
        if record.id not in kept.taken
    ]
    for part in _parts(placed):
        texts = [
            finish(record.completed, written(stored_at(position))) for position, record in part
        ]
        columns: Columns = {
            "position": [position for position, _ in part],
            "id": [record.id for _, record in part],
            "payload": [text.decode() for text in texts],
        }
        await insert_rows(connection, statement_payloads, store, columns)
        await add_bytes(connection, store, sum(map(len, texts)))


def _parts(placed: Iterable[_Placed]) -> Iterator[list[_Placed]]:
    part: list[_Placed] = []
    size = 0
    for position, record in placed:
        part.append((position, record))
        size += len(record.completed.received)
        if size > _MOST_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


@cache
def _call(count: int) -> str:
    places = ", ".join(f"${number}" for number in range(1, count + 1))
    return f"SELECT * FROM pg_temp.keep_statements({places})"  # noqa: S608 - only numbers of values


def _columns(records: Sequence[StatementRecord]) -> list[object]:
    """Return one array for each column, its values in the order of the ids."""
    order = sorted(range(len(records)), key=lambda place: records[place].id.int)
    by_id = [records[place] for place in order]
    measures = [record.measures for record in by_id]
    return [
        [record.id for record in by_id],
        order,
        *(_column([getattr(record, name) for record in by_id]) for name in _OF_RECORD),
        _column([_besides(record.actor, record.mentions.direct) for record in by_id]),
        _column([array_text(record.mentions.others) for record in by_id]),
        _column([_besides(record.object, record.mentions.activities) for record in by_id]),
        *(_column([getattr(measure, name) for measure in measures]) for name in _OF_MEASURES),
        _column([record.platform for record in by_id]),
        _column([record.language for record in by_id]),
        _column([record.brought.signature for record in by_id]),
        _payloads(by_id),
        any(record.target is not None for record in by_id),
    ]


def _column(values: list[object]) -> list[object] | None:
    """Leave out a column in which nothing stands; its values are NULL then."""
    return values if any(value is not None for value in values) else None


def _besides(known: UUID | None, keys: Sequence[UUID]) -> str | None:
    """Write the keys that have no column of their own."""
    return array_text(key for key in keys if key != known)


def _agents(records: Sequence[StatementRecord]) -> list[object]:
    ifis = {key: ifi for record in records for key, ifi in record.mentions.ifis.items()}
    named = {named for record in records for named in record.mentions.names}
    keys = sorted(ifis, key=_number)
    names = sorted((agent.int, digest_of(name.encode()), agent, name) for agent, name in named)
    return [
        keys,
        [ifis[key].type for key in keys],
        [ifis[key].value for key in keys],
        [agent for _, _, agent, _ in names],
        [hashed for _, hashed, _, _ in names],
        [name for _, _, _, name in names],
    ]


def _descriptions(records: Sequence[StatementRecord], *, defines: bool) -> list[object]:
    verbs = sightings((each.descriptions.verbs for each in records), defines=defines)
    activities = sightings((each.descriptions.activities for each in records), defines=defines)
    return [*_digests(verbs), *_digests(activities)]


def _digests(seen: Sightings) -> tuple[list[UUID], list[UUID | None]]:
    if any(len(sighting.texts) > 1 for sighting in seen.values()):
        raise DescribedAnewError
    return list(seen), [sighting.digest for sighting in seen.values()]


def _number(key: UUID) -> int:
    return key.int
