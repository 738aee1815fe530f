"""The texts behind the keys of agents, verbs and activities, each once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
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
from lrs.storage.placing import Placed
from lrs.storage.rows import insert_rows
from lrs.storage.tables import activities, verbs
from lrs.xapi.descriptions import Description, activity_type
from lrs.xapi.formats import merge_definitions, merge_language_maps
from lrs.xapi.keys import Ifi, digest, ifi_key, iri_key

_KEYS = ARRAY(Uuid)


def _digests(table: Table, keys: str) -> Select[tuple[str, UUID, UUID | None]]:
    wanted = func.any(bindparam(keys, type_=_KEYS))
    return select(literal_column(f"'{table.name}'").label("of"), table.c.key, table.c.digest).where(
        table.c.store == bindparam("store"), table.c.key == wanted
    )


_DIGESTS = union_all(_digests(verbs, "verb_keys"), _digests(activities, "activity_keys"))


@dataclass(slots=True)
class _Sighting:
    """What a batch says of one verb or activity: its different texts, oldest first."""

    iri: str
    texts: list[bytes] = field(default_factory=list)
    position: int = 0

    @property
    def digest(self) -> UUID | None:
        return digest(self.texts[-1]) if self.texts else None


async def keep_texts(connection: AsyncConnection, store: int, added: Sequence[Placed]) -> None:
    """Keep the identifiers that new statements name, and what they say of them.

    A row is only written when it is new or what it says changed: none becomes a place where all
    writers wait for each other.
    """
    ifis = {key: ifi for place in added for key, ifi in place.record.mentions.ifis.items()}
    names = (named for place in added for named in place.record.mentions.names)
    await keep_agents(connection, store, ifis, names)
    of_verbs = _sightings((place, place.record.descriptions.verbs) for place in added)
    of_activities = _sightings((place, place.record.descriptions.activities) for place in added)
    keys = {"verb_keys": list(of_verbs), "activity_keys": list(of_activities)}
    rows = await fetch(connection, _DIGESTS, {"store": store, **keys})
    for table, sightings in ((verbs, of_verbs), (activities, of_activities)):
        known = {row["key"]: row["digest"] for row in rows if row["of"] == table.name}
        await _keep_described(connection, table, store, sightings, known)


async def keep_identifiers(
    connection: AsyncConnection, store: int, agent: Ifi | None, activity: str | None
) -> None:
    """Keep the identifiers that a document names, in the order in which statements are kept."""
    if agent is not None:
        await keep_agents(connection, store, {ifi_key(agent): agent})
    if activity is not None:
        columns: dict[str, Sequence[object]] = {"key": [iri_key(activity)], "iri": [activity]}
        await insert_rows(connection, activities, store, columns)


def _sightings(
    described: Iterable[tuple[Placed, tuple[Description, ...]]],
) -> dict[UUID, _Sighting]:
    sightings: dict[UUID, _Sighting] = {}
    for place, descriptions in described:
        for iri, text in descriptions:
            sighting = sightings.setdefault(iri_key(iri), _Sighting(iri))
            if text is not None and (not sighting.texts or sighting.texts[-1] != text):
                sighting.texts.append(text)
                sighting.position = place.position
    return sightings


async def _keep_described(
    connection: AsyncConnection,
    table: Table,
    store: int,
    sightings: dict[UUID, _Sighting],
    known: dict[UUID, UUID | None],
) -> None:
    missing = sorted(sightings.keys() - known.keys())
    if missing:
        iris = [sightings[key].iri for key in missing]
        await insert_rows(connection, table, store, {"key": missing, "iri": iris})
    changed = {
        key: sighting
        for key, sighting in sightings.items()
        if any(digest(text) != known.get(key) for text in sighting.texts)
    }
    if changed:
        await _merge(connection, table, store, changed)


async def _merge(
    connection: AsyncConnection, table: Table, store: int, changed: dict[UUID, _Sighting]
) -> None:
    """Merge what is new into what is known, under a lock on each row, in the order of the keys."""
    query = (
        select(table.c.key, table.c.position, cast(table.c.description, Text).label("description"))
        .where(
            table.c.store == store, table.c.key == func.any(bindparam("keys", list(changed), _KEYS))
        )
        .order_by(table.c.key)
        .with_for_update()
    )
    rows = (await connection.execute(query)).all()
    change = (
        update(table)
        .where(table.c.store == store, table.c.key == bindparam("of_key"))
        .values({name: _sent(name) for name in _changed_columns(table)})
    )
    values = [_change(table, changed[row.key], row) for row in rows]
    await connection.execute(change, values)


def _sent(name: str) -> ColumnElement[object]:
    """Take the merged text as text: SQLAlchemy would write a string as a JSON string."""
    return cast(bindparam(name, type_=Text), JSON) if name == "description" else bindparam(name)


def _changed_columns(table: Table) -> list[str]:
    names = ["digest", "position", "description"]
    return [*names, "type"] if table is activities else names


def _change(
    table: Table, sighting: _Sighting, known: Row[tuple[UUID, int, str | None]]
) -> dict[str, object]:
    merge = merge_definitions if table is activities else merge_language_maps
    before = [] if known.description is None else [known.description.encode()]
    is_newer = sighting.position > known.position
    oldest_first = before + sighting.texts if is_newer else sighting.texts + before
    merged = reduce(merge, oldest_first)
    change: dict[str, object] = {
        "of_key": known.key,
        "digest": sighting.digest,
        "position": max(sighting.position, known.position),
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
