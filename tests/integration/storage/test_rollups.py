"""What comes from rollups and the tail equals what comes from the statements, at every moment."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics.answers import Table
from lrs.analytics.queries import Query, resolve
from lrs.analytics.requests import QueryRequest
from lrs.storage import rollup_sums, rollups
from lrs.storage.analytics import aggregate
from lrs.storage.engines import Database
from lrs.storage.rollup_sums import Answered, aggregate_folded
from lrs.storage.rollups import begin_anew, fold, stores_behind, take_out
from lrs.storage.tables import (
    activities,
    agents,
    credentials,
    statements,
    stores,
    verbs,
)
from lrs.xapi.keys import Ifi, ifi_key, iri_key
from lrs.xapi.positions import stored_at

ZONE = "Europe/Berlin"
MICROSECOND = 1_024
VERBS = [
    "http://adlnet.gov/expapi/verbs/completed",
    "http://id.tincanapi.com/verb/rated",
    "http://example.org/verbs/viewed",
]
ACTORS = [f"mailto:{name}@example.org" for name in ("ada", "bob", "eve")]
COURSE = "http://adlnet.gov/expapi/activities/course"
ACTIVITIES = {"http://example.org/1": COURSE, "http://example.org/2": COURSE, "http://x.org": None}
SYSTEMS = {-11: "Moodle", -12: "Degreed"}
# Around midnight, and around a change of the clocks, in two weeks and two months.
MOMENTS = [
    datetime(2026, 3, 28, 22, 59, tzinfo=UTC),
    datetime(2026, 3, 28, 23, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 21, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    datetime(2026, 4, 1, 12, 0, tzinfo=UTC),
]
_FRESH_STORES = count(-1_000, -1)

_EVERY = ["statements.count", "actors.unique", "activities.unique", "completions.count",
          "success.rate", "score.scaled.avg", "duration.sum", "rating.avg"]  # fmt: skip
_SUMS = [name for name in _EVERY if not name.endswith(".unique")]
_DAILY = {"granularity": "day", "timezone": ZONE}
_IS_COURSE = {"member": "activity.type", "operator": "equals", "values": [COURSE]}
_IS_NOT_RATED = {"member": "verb.id", "operator": "not_equals", "values": [VERBS[1]]}
QUESTIONS: list[dict[str, Any]] = [
    {"measures": _EVERY},
    {"measures": _EVERY, "dimensions": ["verb.id"]},
    {"measures": _EVERY, "dimensions": ["system", "verb.id"], "filters": [_IS_NOT_RATED]},
    {"measures": _EVERY, "dimensions": ["system"], "time": _DAILY | {"granularity": "week"}},
    {"measures": _EVERY, "time": _DAILY | {"from": "2026-03-29", "to": "2026-04-01"}},
    {"measures": _EVERY, "time": _DAILY | {"granularity": "month"}},
    {"measures": ["actors.unique"], "time": _DAILY},
    {"measures": _SUMS, "dimensions": ["verb.id"], "time": _DAILY},
    {"measures": [*_SUMS, "actors.unique"], "dimensions": ["activity.id", "activity.type"]},
    {"measures": [*_SUMS, "actors.unique"], "filters": [_IS_COURSE]},
    {"measures": _SUMS, "dimensions": ["activity.id", "verb.id"]},
    {"measures": _SUMS, "dimensions": ["activity.type"], "time": _DAILY},
    {"measures": _SUMS, "dimensions": ["activity.id"], "limit": 2},
]


def query(**asked: Any) -> Query:
    return resolve(QueryRequest.model_validate(asked))


async def wait_for_the_folder(connection: AsyncConnection) -> None:
    """Take the folder's lock: an app of other tests may be folding just now."""
    lock = text("SELECT pg_advisory_xact_lock(:lock_class, 0)")
    await connection.execute(lock, {"lock_class": rollups.LOCK_CLASS})


@dataclass
class Store:
    """A store of one test's own, to which statements come as the service would write them."""

    database: Database
    number: int = field(default_factory=lambda: next(_FRESH_STORES))
    position: int = MICROSECOND
    ids: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(8)])
    kept: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    async def add(self, *facts: dict[str, Any]) -> None:
        """Store statements in one transaction, under one position but for their places."""
        self.position = (self.position // MICROSECOND + 2) * MICROSECOND
        rows = [self._row(place, fact) for place, fact in enumerate(facts)]
        rows = list({row["id"]: row for row in rows if row["id"] not in self.kept}.values())
        async with self.database.writing() as connection:
            for row in rows:
                self.kept[row["id"]] = row
                await self._insert(connection, row)
            for row in rows:
                await self._void(connection, row)
        self.position += len(facts)

    def _row(self, place: int, fact: dict[str, Any]) -> dict[str, Any]:
        position = self.position + place
        return {
            "store": self.number,
            "id": uuid4(),
            "position": position,
            "stored": stored_at(position),
            "timestamp": MOMENTS[0],
            "voiding": False,
            "voided": False,
            "target": None,
            "credential": -11,
            "verb": iri_key(VERBS[0]),
            "actor": None,
            "object": None,
            "object_type": "StatementRef",
        } | fact

    async def _insert(self, connection: AsyncConnection, row: dict[str, Any]) -> None:
        await connection.execute(insert(statements), row)

    async def _void(self, connection: AsyncConnection, row: dict[str, Any]) -> None:
        """Void what a new statement voids, and the new one if it was voided before it came."""
        victims = [row["target"]] if row["voiding"] else []
        if any(other["voiding"] and other["target"] == row["id"] for other in self.kept.values()):
            victims.append(row["id"])
        for victim in victims:
            if victim in self.kept and not self.kept[victim]["voiding"]:
                self.kept[victim]["voided"] = True
                same = (statements.c.store == self.number) & (statements.c.id == victim)
                await connection.execute(update(statements).where(same).values(voided=True))

    async def void(self, target: UUID) -> None:
        verb = iri_key("http://adlnet.gov/expapi/verbs/voided")
        await self.add({"voiding": True, "target": target, "verb": verb})

    async def erase(self, target: UUID) -> None:
        """Delete a statement and those that void it, as if they had never come."""
        gone = [
            row["id"]
            for row in self.kept.values()
            if row["id"] == target or (row["voiding"] and row["target"] == target)
        ]
        async with self.database.writing() as connection:
            await take_out(connection, self.number, gone)
            same = (statements.c.store == self.number) & statements.c.id.in_(gone)
            await connection.execute(delete(statements).where(same))
        self.kept = {id_: row for id_, row in self.kept.items() if id_ not in gone}

    async def fold(self, until: int | None = None, step: int = 100) -> bool:
        async with self.database.writing() as connection:
            await wait_for_the_folder(connection)
            return await fold(connection, self.number, until or self.position, ZONE, step)

    async def fold_all(self) -> None:
        while await self.fold():
            pass

    async def anew(self) -> None:
        async with self.database.writing() as connection:
            await begin_anew(connection, ZONE, self.number)

    async def folded(self, asked: Query, until: int | None = None) -> Answered | None:
        async with self.database.reading() as connection:
            return await aggregate_folded(
                connection, asked, store=self.number, until_position=until or self.position
            )

    async def raw(self, asked: Query, until: int | None = None) -> Table:
        async with self.database.reading() as connection:
            return await aggregate(
                connection, asked, store=self.number, until_position=until or self.position
            )

    async def check(self, asked: Query, until: int | None = None) -> bool:
        """Compare the two, and tell whether there was a rollup."""
        answered = await self.folded(asked, until)
        if answered is not None:
            assert answered.table == await self.raw(asked, answered.position)
        return answered is not None


@pytest.fixture(scope="session")
async def texts(database: Database) -> AsyncIterator[Database]:
    """The systems, which no store owns."""
    holders = [
        {"id": number, "store": -11, "key": f"rollups {number}", "secret_mac": b"", "label": "l",
         "system": system, "system_kind": "LMS"}
        for number, system in SYSTEMS.items()
    ]  # fmt: skip
    async with database.writing() as connection:
        await connection.execute(insert(credentials), holders)
    yield database
    async with database.writing() as connection:
        await connection.execute(delete(credentials).where(credentials.c.store == -11))


async def made(database: Database) -> Store:
    """Make a store whose keys have their texts."""
    store = Store(database)
    verb_rows = [{"key": iri_key(iri), "iri": iri} for iri in VERBS]
    activity_rows = [
        {"key": iri_key(iri), "iri": iri, "type": kind} for iri, kind in ACTIVITIES.items()
    ]
    agent_rows = [
        {"key": ifi_key(Ifi("mbox", ifi)), "ifi_type": "mbox", "ifi": ifi} for ifi in ACTORS
    ]
    async with database.writing() as connection:
        for table, rows in ((verbs, verb_rows), (activities, activity_rows), (agents, agent_rows)):
            await connection.execute(insert(table), [{"store": store.number} | row for row in rows])
    return store


@pytest.fixture
async def store(texts: Database) -> Store:
    return await made(texts)


def viewed(actor: str = ACTORS[0], moment: datetime = MOMENTS[0], **more: Any) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "actor": ifi_key(Ifi("mbox", actor)), "verb": iri_key(VERBS[2]), "timestamp": moment,
        "object": iri_key("http://example.org/1"), "object_type": "Activity",
    }  # fmt: skip
    return fact | more


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    activity = draw(st.none() | st.sampled_from([*ACTIVITIES]))
    actor = draw(st.none() | st.sampled_from(ACTORS))
    # No tenth has an exact double: sums that hang on their order would differ.
    tenths = st.none() | st.integers(-10, 10).map(lambda tenth: tenth / 10)
    score = draw(st.sampled_from([(None, None, None), (1.0, 0.0, 3.0), (2.0, 2.0, 2.0)]))
    return {
        "which": draw(st.none() | st.integers(0, 7)),
        "refers_to": draw(st.none() | st.integers(0, 7)) if activity is None else None,
        "timestamp": draw(st.sampled_from(MOMENTS)),
        "credential": draw(st.sampled_from([-11, -11, -12, -99])),
        "verb": iri_key(draw(st.sampled_from(VERBS))),
        "actor": actor and ifi_key(Ifi("mbox", actor)),
        "object": activity and iri_key(activity),
        "object_type": "Activity" if activity else "StatementRef",
        "score_scaled": draw(tenths),
        "score_raw": score[0],
        "score_min": score[1],
        "score_max": score[2],
        "success": draw(st.none() | st.booleans()),
        "completion": draw(st.none() | st.booleans()),
        "duration": draw(tenths),
    }


async def act(store: Store, action: tuple[Any, ...]) -> None:
    match action:
        case ("add", given_facts):
            await store.add(*(identified(store, fact) for fact in given_facts))
        case ("void", which):
            await store.void(store.ids[which])
        case ("fold", share, step):
            # Half a microsecond is no watermark.
            until = int(store.position * share) // MICROSECOND * MICROSECOND + MICROSECOND - 1
            await store.fold(until, step)
        case ("erase", which):
            await store.erase(store.ids[which])
        case _:
            await store.anew()


def identified(store: Store, fact: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in fact.items() if name not in {"which", "refers_to"}}
    if fact["which"] is not None:
        row["id"] = store.ids[fact["which"]]
    if fact["refers_to"] is not None:
        row["target"] = store.ids[fact["refers_to"]]
    return row


WHICH = st.integers(0, 7)
ACTIONS = st.one_of(
    st.tuples(st.just("add"), st.lists(facts(), min_size=1, max_size=6)),
    st.tuples(st.just("add"), st.lists(facts(), min_size=1, max_size=6)),
    st.tuples(st.just("void"), WHICH),
    st.tuples(st.just("void"), WHICH),
    st.tuples(st.just("fold"), st.sampled_from([0.5, 0.9, 1.0, 1.0]), st.sampled_from([1, 3, 99])),
    st.tuples(st.just("fold"), st.just(1.0), st.just(99)),
    st.tuples(st.just("erase"), WHICH),
    st.tuples(st.just("anew")),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    actions=st.lists(
        st.tuples(ACTIONS, st.sampled_from(QUESTIONS), st.sampled_from([0.5, 1.0, 1.0])),
        min_size=3,
        max_size=12,
    )
)
async def test_rollups_and_their_tail_say_what_statements_say(
    texts: Database, actions: list[tuple[tuple[Any, ...], dict[str, Any], float]]
) -> None:
    store, other = await made(texts), await made(texts)
    await other.add(viewed())
    await other.fold_all()
    for action, question, share in actions:
        await act(store, action)
        await store.check(query(**question), int(store.position * share))
    await store.fold_all()
    for question in QUESTIONS:
        assert await store.check(query(**question))
    assert await other.check(query(**QUESTIONS[0]))


DAILY = query(measures=["statements.count", "actors.unique"], time=_DAILY)


async def test_nothing_is_answered_from_rollups_before_the_first_fold(store: Store) -> None:
    await store.add(viewed())
    assert await store.folded(DAILY) is None


@pytest.mark.parametrize(
    "time",
    [
        {"granularity": "day", "timezone": "UTC"},
        _DAILY | {"from": "2026-03-29T10:00:00Z"},
        _DAILY | {"to": "2026-03-29T00:00:00Z"},
    ],
)
async def test_other_days_are_not_answered_from_rollups(store: Store, time: dict[str, str]) -> None:
    await store.add(viewed())
    await store.fold_all()
    assert await store.folded(query(measures=["statements.count"], time=time)) is None
    assert await store.folded(DAILY) is not None


async def test_whole_days_of_another_zone_hang_on_no_zone_without_buckets(store: Store) -> None:
    await store.add(viewed(), viewed(moment=MOMENTS[4]))
    await store.fold_all()
    asked = query(measures=["statements.count"], time={"from": "2026-03-28T23:00:00Z"})
    answered = await store.folded(asked)
    assert answered is not None
    assert answered.table.rows == [(1,)]


async def test_a_long_tail_is_not_worth_a_rollup(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup_sums, "LONGEST_TAIL", 2)
    await store.add(viewed())
    await store.fold_all()
    await store.add(viewed(), viewed())
    assert await store.folded(DAILY) is not None
    await store.add(viewed())
    assert await store.folded(DAILY) is None


async def test_with_much_to_take_back_statements_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup_sums, "_TAKEN_BACK", rollup_sums._TAKEN_BACK.limit(2))
    monkeypatch.setattr(rollup_sums, "MOST_TAKEN_BACK", 1)
    await store.add(*(viewed(id=each) for each in store.ids))
    await store.fold_all()
    await store.void(store.ids[0])
    assert await store.folded(DAILY) is not None
    await store.void(store.ids[1])
    assert await store.folded(DAILY) is None


async def test_an_answer_reaches_as_far_as_somebody_folded_meanwhile(store: Store) -> None:
    await store.add(viewed())
    before = store.position
    await store.add(viewed(ACTORS[1]))
    await store.fold_all()
    answered = await store.folded(query(measures=["statements.count"]), before)
    assert answered == ((await store.raw(query(measures=["statements.count"]))), store.position)


async def test_what_was_stored_at_one_moment_is_folded_together(store: Store) -> None:
    await store.add(viewed(), viewed(), viewed())
    moment = store.position | (MICROSECOND - 1)
    await store.add(viewed())
    assert await store.fold(store.position | (MICROSECOND - 1), step=2)
    answered = await store.folded(query(measures=["statements.count"]), MICROSECOND)
    assert answered is not None
    assert answered.position == moment
    assert answered.table.rows == [(3,)]


async def test_an_actor_stays_where_another_statement_names_it(store: Store) -> None:
    first, second, third = store.ids[:3]
    await store.add(
        viewed(id=first), viewed(id=second), viewed(id=third, moment=MOMENTS[4]), viewed(ACTORS[1])
    )
    await store.fold_all()
    for victim, days in ((first, [2, 1]), (third, [2]), (second, [1])):
        await store.void(victim)
        for _ in range(2):  # from the tail, then folded
            answered = await store.folded(DAILY)
            assert answered is not None
            assert [row[-1] for row in answered.table.rows] == days
            await store.fold_all()


async def test_what_is_voided_twice_is_taken_back_once(store: Store) -> None:
    await store.add(viewed(id=store.ids[0]), viewed(), viewed())
    await store.fold_all()
    for _ in range(2):
        await store.void(store.ids[0])
        assert await store.check(DAILY)
        await store.fold_all()
        assert await store.check(DAILY)


async def test_what_voids_does_so_before_it_is_counted_itself(store: Store) -> None:
    await store.add(viewed(id=store.ids[0]), viewed(ACTORS[1]))
    await store.fold_all()
    before = store.position
    await store.void(store.ids[0])
    answered = await store.folded(query(measures=["actors.unique"]), before)
    assert answered == (await store.raw(query(measures=["actors.unique"]), before), before)
    assert answered.table.rows == [(1,)]


async def test_two_never_fold_at_once(store: Store) -> None:
    await store.add(viewed())
    async with store.database.writing() as first:
        await wait_for_the_folder(first)
        await fold(first, store.number, store.position, ZONE)
        async with store.database.writing() as second:
            assert await fold(second, store.number, store.position, ZONE) is False
            assert await store.folded(DAILY) is None
    answered = await store.folded(DAILY)
    assert answered is not None
    assert [row[1:] for row in answered.table.rows] == [(1, 1)]


async def test_a_fold_that_fails_has_never_begun(store: Store) -> None:
    await store.add(viewed())
    with suppress(RuntimeError):
        async with store.database.writing() as connection:
            await wait_for_the_folder(connection)
            await fold(connection, store.number, store.position, ZONE)
            raise RuntimeError
    assert await store.folded(DAILY) is None
    await store.fold_all()
    assert await store.check(DAILY)


async def test_rollups_of_another_zone_are_made_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "_DELETED_AT_ONCE", 1)
    await store.add(viewed(), viewed(ACTORS[1], MOMENTS[4]))
    async with store.database.writing() as connection:
        await wait_for_the_folder(connection)
        while await fold(connection, store.number, store.position, "UTC"):
            pass
    assert await store.folded(DAILY) is None
    await store.anew()
    assert await store.folded(query(measures=["statements.count"])) is None
    await store.fold_all()
    assert await store.check(DAILY)


async def registered(database: Database) -> int:
    """Make a store that a folder finds, and return its number."""
    new = insert(stores).values(name=f"rollups {uuid4()}").returning(stores.c.id)
    async with database.writing() as connection:
        return int((await connection.execute(new)).scalar_one())


async def test_only_stores_with_something_to_fold_are_behind(texts: Database) -> None:
    empty, folded, behind = [Store(texts, await registered(texts)) for _ in range(3)]
    await folded.add(viewed())
    await behind.add(viewed())
    await folded.fold_all()
    async with texts.primary() as connection:
        found = set(await stores_behind(connection))
    assert found & {empty.number, folded.number, behind.number} == {behind.number}


@pytest.mark.parametrize(
    ("worth", "patience", "expected"),
    [(2, timedelta(hours=1), True), (3, timedelta(hours=1), False), (3, timedelta(), True)],
)
async def test_few_statements_wait_for_others(
    texts: Database, worth: int, patience: timedelta, *, expected: bool
) -> None:
    store = Store(texts, await registered(texts), round(time() * 1_000_000) * MICROSECOND)
    await store.add(viewed())
    await store.fold_all()
    await store.add(viewed(), viewed())
    async with texts.primary() as connection:
        found = await stores_behind(connection, worth, patience)
    assert (store.number in found) is expected


async def test_emptying_spares_other_stores(store: Store) -> None:
    other = await made(store.database)
    for each in (store, other):
        await each.add(viewed())
        await each.fold_all()
    await store.anew()
    await store.fold()
    assert await other.check(DAILY)
    answered = await other.folded(DAILY)
    assert answered is not None
    assert len(answered.table.rows) == 1
