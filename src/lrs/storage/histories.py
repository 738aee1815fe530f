"""Lists what a person did, page by page, newest first: the same work on every page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics.activity_kinds import COURSE_TYPES
from lrs.auth.restrictions import Restriction
from lrs.people.histories import Deed, Described, HistoryFilter, System
from lrs.storage.driver import fetch
from lrs.storage.history_walks import STORE, WANTED, acted, shape_of, walk_query, walk_values
from lrs.storage.tables import (
    activities,
    agent_names,
    credentials,
    statement_payloads,
    statements,
    verbs,
)
from lrs.xapi.queries import Cursor
from lrs.xapi.records import Measures

# At least so many rows of each identifier are met. Where a page is all that is wanted, its rows are
# shared out several times, since some identifiers are used more often than others.
_LEAST, _SHARES = 8, 4
# With filters so many rows are met at first; more each time that they were met in vain.
_TRIED, _GROWTH = 1_024, 8
# A page ends, with whatever it holds by then, when so many rows were met or a query more.
MOST_MET: Final = 65_536
# Longer texts and names are not read: what they would tell stands in columns and dictionaries.
_LONGEST_TEXT, _LONGEST_NAMES = 32_768, 8_192
# Of the activities that a statement names so many are looked at for its course.
MOST_NAMED: Final = 32
# So many of the newest statements of each identifier are asked for the name of the person.
_NEWEST: Final = 5
_UNKNOWN: Final = System("", "other", "", "")


class Walked(NamedTuple):
    """Whose statements are walked over, and which part of them.

    Attributes:
        keys: of all identifiers of the person.
        until_position: no statement beyond this one is shown.
        restriction: what of them may be seen.
    """

    store: int
    keys: Sequence[UUID]
    until_position: int
    restriction: Restriction


class DeedsPage(NamedTuple):
    """Some statements of a person, newest first; without a cursor, no more are known.

    A page that has a cursor may be shorter than its limit, and empty.
    """

    deeds: Sequence[Deed]
    cursor: Cursor | None


async def list_deeds(
    connection: AsyncConnection,
    walked: Walked,
    wanted: HistoryFilter,
    after: Cursor | None,
    limit: int,
) -> DeedsPage:
    """Return the next page of what a person did; it never waits for what is seldom found.

    Args:
        connection: any reading one.
        walked: whose statements.
        wanted: the filters.
        after: the cursor of the page before.
        limit: the most statements to return, at least 1.
    """
    found, cursor = await _walk(connection, walked, wanted, after, limit)
    return DeedsPage(await _deeds(connection, walked.store, found), cursor)


async def _walk(
    connection: AsyncConnection,
    walked: Walked,
    wanted: HistoryFilter,
    after: Cursor | None,
    limit: int,
) -> tuple[list[Cursor], Cursor | None]:
    """Meet rows until a page is full, there are no more, or enough were met."""
    keys = [*walked.keys]
    values = walk_values(walked.store, keys, wanted, walked.restriction)
    is_filtered = wanted != HistoryFilter()
    found: list[Cursor] = []
    place, met, size = after, 0, 1
    while met < MOST_MET:
        lacking = limit + 1 - len(found)
        each = _of_each(_TRIED if is_filtered else lacking * _SHARES, len(keys), size)
        query = walk_query(shape_of(wanted, walked.restriction, place, each))
        here = {
            "last": walked.until_position,
            "after": place and place.position,
            "after_id": place and place.id,
            "count": lacking,
        }
        rows = await fetch(connection, query, {**values, **here})
        found += [Cursor(row["position"], row["id"]) for row in rows if row["fits"]]
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        if not rows or not (rows[-1]["is_end"] or len(rows) == lacking):
            return found, None
        place = Cursor(rows[-1]["position"], rows[-1]["id"])
        met += each * len(keys)
        size *= _GROWTH
    return found, place


def _of_each(rows: int, keys: int, size: int) -> int:
    """Share rows out among identifiers; few different numbers, since they stand in the text."""
    share = max(_LEAST, rows * size // max(1, keys))
    return 1 << (min(share, MOST_MET) - 1).bit_length()


_listed = (
    func.unnest(
        bindparam("positions", type_=ARRAY(BigInteger)), bindparam("ids", type_=ARRAY(Uuid))
    )
    .table_valued(column("position", BigInteger), column("id", Uuid))
    .render_derived(name="listed")
)
_MEASURES = (
    "score_scaled",
    "score_raw",
    "score_min",
    "score_max",
    "success",
    "completion",
    "duration",
)
_of = statements.c
_kept = (
    select(
        *(_of[name] for name in ("timestamp", "stored", "verb", "object", "object_type")),
        *(_of[name] for name in ("credential", *_MEASURES)),
        _of.activities[1:MOST_NAMED].label("activities"),
    )
    .where(_of.store == STORE, _of.id == _listed.c.id)
    .offset(literal_column("0"))
    .lateral("kept")
)
_text = cast(statement_payloads.c.payload, Text)
_payloads = (
    select(case((func.octet_length(_text) <= _LONGEST_TEXT, _text)).label("payload"))
    .where(
        statement_payloads.c.store == STORE,
        statement_payloads.c.position == _listed.c.position,
        statement_payloads.c.id == _listed.c.id,
    )
    .offset(literal_column("0"))
    .lateral("payloads")
)
_DEEDS = (
    select(_listed.c.position, _listed.c.id, *_kept.c, _payloads.c.payload)
    .select_from(_listed)
    .join(_kept, true())
    .join(_payloads, true())
)


def _names(text: ColumnElement[Any]) -> ColumnElement[Any]:
    short = func.octet_length(cast(text, Text)) <= _LONGEST_NAMES
    return case((short, cast(text, Text))).label("names")


def _entries_of(table: Any, names: ColumnElement[Any], kind: Any, keys: str) -> Select[Any]:  # noqa: ANN401 - a table and a column or NULL
    return select(table.c.key, table.c.iri, _names(names), kind.label("type")).where(
        table.c.store == STORE, table.c.key == any_(bindparam(keys, type_=ARRAY(Uuid)))
    )


_name = activities.c.description.op("->", return_type=JSON)(literal_column("'name'"))
_VERBS = _entries_of(verbs, verbs.c.description, cast(null(), Text), "verbs")
ACTIVITIES = _entries_of(activities, _name, activities.c.type, "activities")
_DICTIONARY = union_all(_VERBS, ACTIVITIES)
_SYSTEMS = select(
    credentials.c.id,
    credentials.c.system,
    credentials.c.system_kind,
    credentials.c.label,
    credentials.c.key,
).where(
    credentials.c.store == STORE,
    credentials.c.id == any_(bindparam("credentials", type_=ARRAY(Integer))),
)


async def _deeds(
    connection: AsyncConnection, store: int, places: Sequence[Cursor]
) -> Sequence[Deed]:
    """Return the statements at these places, with what the store knows of what they name."""
    if not places:
        return ()
    values: dict[str, Any] = {
        "store": store,
        "positions": [place.position for place in places],
        "ids": [place.id for place in places],
    }
    rows = {row["id"]: row for row in await fetch(connection, _DEEDS, values)}
    of_verbs = {row["verb"] for row in rows.values()}
    named = {key for row in rows.values() for key in _activities_of(row)}
    keys = {"verbs": [*of_verbs], "activities": [*named]}
    entries = await fetch(connection, _DICTIONARY, {"store": store, **keys})
    known = {row["key"]: described(row) for row in entries}
    systems = await find_systems(connection, store, {row["credential"] for row in rows.values()})
    return [_deed(rows[place.id], known, systems) for place in places if place.id in rows]


def _activities_of(row: asyncpg.Record) -> list[UUID]:
    """Return the activities of which one may be its course, the nearest first."""
    own = [row["object"]] if row["object_type"] == "Activity" else []
    return [*own, *(row["activities"] or ())]


def described(row: asyncpg.Record) -> Described:
    """Return what the store knows of a verb or an activity."""
    names: str | None = row["names"]
    return Described(row["iri"], None if names is None else names.encode(), row["type"])


async def find_systems(
    connection: AsyncConnection, store: int, numbers: Collection[int]
) -> Mapping[int, System]:
    """Return which tools hold these credentials."""
    rows = await fetch(connection, _SYSTEMS, {"store": store, "credentials": [*numbers]})
    return {
        row["id"]: System(row["system"], row["system_kind"], row["label"], row["key"])
        for row in rows
    }


def _deed(
    row: asyncpg.Record, known: Mapping[UUID, Described], systems: Mapping[int, System]
) -> Deed:
    near = [known[key] for key in _activities_of(row) if key in known]
    is_activity = row["object_type"] == "Activity"
    payload: str | None = row["payload"]
    return Deed(
        id=row["id"],
        timestamp=row["timestamp"],
        stored=row["stored"],
        verb=known.get(row["verb"], Described("")),
        object_type=row["object_type"],
        object=known.get(row["object"]) if is_activity else None,
        course=next((each for each in near if each.type in COURSE_TYPES), None),
        result=Measures(**{name: row[name] for name in _MEASURES}),
        payload=None if payload is None else payload.encode(),
        system=systems.get(row["credential"], _UNKNOWN),
    )


_newest = (
    select(_of.position, _of.id)
    .where(*acted(), ~_of.voided)
    .order_by(_of.position.desc())
    .limit(literal_column(str(_NEWEST)))
    .lateral("newest")
)
_payload = statement_payloads.c.payload
_actor = _payload.op("->", return_type=JSON)(literal_column("'actor'"))
_actor_name = _actor.op("->>", return_type=Text)(literal_column("'name'"))
_said = (
    select(_actor_name.label("name"))
    .where(
        statement_payloads.c.store == STORE,
        statement_payloads.c.position == _newest.c.position,
        statement_payloads.c.id == _newest.c.id,
    )
    .offset(literal_column("0"))
    .lateral("said")
)
_NEWEST_NAMES = (
    select(_said.c.name)
    .select_from(WANTED)
    .join(_newest, true())
    .join(_said, true())
    .where(_said.c.name.is_not(None))
    .order_by(_newest.c.position.desc())
)
_any_name = (
    select(agent_names.c.name)
    .where(agent_names.c.store == STORE, agent_names.c.agent == WANTED.c.key)
    .order_by(agent_names.c.digest)
    .limit(literal_column("1"))
    .lateral("any_name")
)
_ANY_NAMES = select(_any_name.c.name).select_from(WANTED).join(_any_name, true())


async def names_in_statements(connection: AsyncConnection, walked: Walked) -> Iterable[str]:
    """Return what the newest statements call a person, the newest first; else any names."""
    values = {"store": walked.store, "keys": [*walked.keys], "last": walked.until_position}
    rows = await fetch(connection, _NEWEST_NAMES, values)
    if not rows:
        rows = await fetch(connection, _ANY_NAMES, values)
    return [row["name"] for row in rows]
