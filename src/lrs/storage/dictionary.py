"""The texts behind the keys of agents, verbs and activities, each once."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.agents import keep_agents
from lrs.storage.driver import fetch
from lrs.storage.rows import insert_rows
from lrs.storage.tables import activities, verbs
from lrs.xapi.descriptions import Description, Descriptions, activity_type
from lrs.xapi.formats import merge_definitions, merge_language_maps
from lrs.xapi.keys import Ifi, digest, ifi_key, iri_key
from lrs.xapi.records import StatementRecord

_KEYS = ARRAY(Uuid)
_NOTHING = Descriptions((), ())


def _digests(table: Table, keys: str) -> Select[tuple[str, UUID, UUID | None]]:
    wanted = func.any(bindparam(keys, type_=_KEYS))
    return select(literal_column(f"'{table.name}'").label("of"), table.c.key, table.c.digest).where(
        table.c.store == bindparam("store"), table.c.key == wanted
    )


_DIGESTS = union_all(_digests(verbs, "verb_keys"), _digests(activities, "activity_keys"))


# Descriptions and names come again and again; long ones are not worth the memory.
_LONGEST_REMEMBERED = 1_024
_remembered_digest = lru_cache(maxsize=8_192)(digest)


def digest_of(text: bytes) -> UUID:
    """Return the digest of a description or a name."""
    return _remembered_digest(text) if len(text) <= _LONGEST_REMEMBERED else digest(text)


def forget_texts() -> None:
    """Forget which descriptions and names came lately."""
    _remembered_digest.cache_clear()


@dataclass(slots=True)
class Sighting:
    """What a batch says of one verb or activity: its different texts, oldest first.

    Attributes:
        place: of the statement with the last of them, in the batch.
    """

    iri: str
    texts: list[bytes] = field(default_factory=list)
    place: int = 0

    @property
    def digest(self) -> UUID | None:
        """What tells the last text from others; None if there is none."""
        return digest_of(self.texts[-1]) if self.texts else None


Sightings = Mapping[UUID, Sighting]


def sightings(described: Iterable[tuple[Description, ...]], *, defines: bool) -> Sightings:
    """Return what the statements of a batch, in its order, say of verbs or of activities.

    Args:
        described: by each of them.
        defines: whether what they say counts; otherwise they only name them.
    """
    found: dict[UUID, Sighting] = {}
    for place, descriptions in enumerate(described):
        for iri, text in descriptions:
            key = iri_key(iri)
            sighting = found.get(key)
            if sighting is None:
                sighting = found[key] = Sighting(iri)
            if not defines or text is None:
                continue
            if not sighting.texts or sighting.texts[-1] != text:
                sighting.texts.append(text)
                sighting.place = place
    return found


async def keep_descriptions(
    connection: AsyncConnection,
    store: int,
    records: Sequence[StatementRecord],
    position: int,
    taken: AbstractSet[UUID],
    *,
    defines: bool,
) -> None:
    """Keep the verbs and activities that new statements name, and what they say of them.

    A row is only written when it is new or what it says changed: none becomes a place where all
    writers wait for each other.

    Args:
        connection: within the transaction that keeps the statements.
        store: the store to keep them in.
        records: in the order of the batch.
        position: of the first of the batch.
        taken: ids of those that were left out: what they say was kept before.
        defines: whether what they say is kept; otherwise only which ones there are (Comm. 4.2).
    """
    said = [_NOTHING if record.id in taken else record.descriptions for record in records]
    of_verbs = sightings((each.verbs for each in said), defines=defines)
    of_activities = sightings((each.activities for each in said), defines=defines)
    keys = {"verb_keys": list(of_verbs), "activity_keys": list(of_activities)}
    rows = await fetch(connection, _DIGESTS, {"store": store, **keys})
    for table, seen in ((verbs, of_verbs), (activities, of_activities)):
        known = {row["key"]: row["digest"] for row in rows if row["of"] == table.name}
        await _keep_described(connection, table, _Seen(store, seen, position), known)


async def keep_identifiers(
    connection: AsyncConnection, store: int, agent: Ifi | None, activity: str | None
) -> None:
    """Keep the identifiers that a document names, in the order in which statements are kept."""
    if agent is not None:
        await keep_agents(connection, store, {ifi_key(agent): agent})
    if activity is not None:
        columns: dict[str, Sequence[object]] = {"key": [iri_key(activity)], "iri": [activity]}
        await insert_rows(connection, activities, store, columns)


class _Seen(NamedTuple):
    """The sightings of a batch whose first statement has a position."""

    store: int
    sightings: Sightings
    position: int


async def _keep_described(
    connection: AsyncConnection, table: Table, seen: _Seen, known: Mapping[UUID, UUID | None]
) -> None:
    missing = sorted(seen.sightings.keys() - known.keys())
    if missing:
        iris = [seen.sightings[key].iri for key in missing]
        await insert_rows(connection, table, seen.store, {"key": missing, "iri": iris})
    changed = {
        key: sighting
        for key, sighting in seen.sightings.items()
        if any(digest_of(text) != known.get(key) for text in sighting.texts)
    }
    if changed:
        await _merge(connection, table, seen._replace(sightings=changed))


async def _merge(connection: AsyncConnection, table: Table, changed: _Seen) -> None:
    """Merge what is new into what is known, under a lock on each row, in the order of the keys."""
    keys = bindparam("keys", list(changed.sightings), _KEYS)
    query = (
        select(table.c.key, table.c.position, cast(table.c.description, Text).label("description"))
        .where(table.c.store == changed.store, table.c.key == func.any(keys))
        .order_by(table.c.key)
        .with_for_update()
    )
    rows = (await connection.execute(query)).all()
    change = (
        update(table)
        .where(table.c.store == changed.store, table.c.key == bindparam("of_key"))
        .values({name: _sent(name) for name in _changed_columns(table)})
    )
    values = [_change(table, changed, row) for row in rows]
    await connection.execute(change, values)


def _sent(name: str) -> ColumnElement[object]:
    """Take the merged text as text: SQLAlchemy would write a string as a JSON string."""
    return cast(bindparam(name, type_=Text), JSON) if name == "description" else bindparam(name)


def _changed_columns(table: Table) -> list[str]:
    names = ["digest", "position", "description"]
    return [*names, "type"] if table is activities else names


def _change(
    table: Table, changed: _Seen, known: Row[tuple[UUID, int, str | None]]
) -> dict[str, object]:
    sighting = changed.sightings[known.key]
    position = changed.position + sighting.place
    merge = merge_definitions if table is activities else merge_language_maps
    before = [] if known.description is None else [known.description.encode()]
    is_newer = position > known.position
    oldest_first = before + sighting.texts if is_newer else sighting.texts + before
    merged = reduce(merge, oldest_first)
    change: dict[str, object] = {
        "of_key": known.key,
        "digest": sighting.digest,
        "position": max(position, known.position),
        "description": merged.decode(),
    }
    return change | {"type": activity_type(merged)} if table is activities else change


async def find_descriptions(
    connection: AsyncConnection, store: int, verb_iris: Iterable[str], activity_iris: Iterable[str]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the merged displays and definitions of those verbs and activities that have any."""
    displays = await _descriptions(connection, verbs, store, verb_iris)
    return displays, await _descriptions(connection, activities, store, activity_iris)


async def _descriptions(
    connection: AsyncConnection, table: Table, store: int, iris: Iterable[str]
) -> dict[str, bytes]:
    keys = [iri_key(iri) for iri in iris]
    if not keys:
        return {}
    query = select(table.c.iri, cast(table.c.description, Text).label("description")).where(
        table.c.store == store,
        table.c.key == func.any(bindparam("keys", keys, _KEYS)),
        table.c.description.is_not(None),
    )
    return {row.iri: row.description.encode() for row in await connection.execute(query)}
