"""Sums in PostgreSQL equal the definitions of the language in plain Python."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from lrs.analytics.answers import Cell, Table
from lrs.analytics.dimensions import (
    DIMENSIONS,
    TIME_DIMENSIONS,
    Dimension,
    attribute_dimension,
)
from lrs.analytics.evaluation import evaluate
from lrs.analytics.facts import Fact
from lrs.analytics.filters import OPERATORS
from lrs.analytics.measures import MEASURES
from lrs.analytics.periods import FIRST_MOMENT, LAST_MOMENT, Buckets, Granularity
from lrs.analytics.queries import Query, resolve
from lrs.analytics.requests import QueryRequest
from lrs.errors import InvalidQueryError
from lrs.storage import analytics, people_facts
from lrs.storage.people_tables import (
    person_attributes,
    person_identifiers,
    team_members,
    teams,
)
from lrs.storage.tables import activities, agents, credentials, statements, verbs
from lrs.xapi.keys import Ifi, ifi_key, iri_key

# No other test has these stores.
STORE, OTHER_STORE, UNTIL = -1, -2, 100
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
RATED = "http://id.tincanapi.com/verb/rated"
VERBS = [COMPLETED, RATED, "http://example.org/verbs/viewed", "http://example.org/verbs/geöffnet"]
ACTORS = {
    "mailto:ada@example.org": "mbox",
    "https://lms.example.org ada": "account",
    "https://ada.example.org": "openid",
    "ebd31e95054c018b10727ccffd2ef2ec3a016ee9": "mbox_sha1sum",
}
ACTIVITY_TYPES = {
    "https://lms.example.org/course/1": "http://adlnet.gov/expapi/activities/course",
    "https://lms.example.org/course/2": "http://adlnet.gov/expapi/activities/course",
    "https://lms.example.org/forum": None,
}
# Two of the actors are the same person, and one is a person of whom nothing is known.
ADA, GRACE, MERGED = (UUID(int=number) for number in (1, 2, 3))
PEOPLE = {
    "mailto:ada@example.org": ADA,
    "https://lms.example.org ada": ADA,
    "https://ada.example.org": GRACE,
}
ALWAYS, NEVER = date.min, date.max
# What was known of whom from the first day on and before the second, as the stores have it.
ATTRIBUTES = [
    ("department", "Sales", ADA, ALWAYS, date(2026, 3, 29)),
    ("department", "IT", ADA, date(2026, 3, 29), NEVER),
    ("department", "Sales", GRACE, date(2011, 12, 31), date(2026, 10, 25)),
    ("location", "Ärmelkanal", GRACE, ALWAYS, NEVER),
]
TEAMS = {"Alpha": UUID(int=11), "Beta": UUID(int=12), "Empty": UUID(int=13)}
# One who was merged into Ada has been in a team of hers, for a time at once with her.
TEAM_MEMBERS = [
    ("Alpha", ADA, ADA, ALWAYS, date(2018, 11, 4)),
    ("Beta", ADA, ADA, ALWAYS, NEVER),
    ("Beta", MERGED, ADA, date(2026, 3, 1), date(2026, 4, 1)),
    ("Alpha", GRACE, GRACE, date(2026, 3, 8), NEVER),
    ("Empty", ADA, ADA, date(2026, 3, 8), date(2026, 3, 8)),
]
SYSTEMS = {-1: "Moodle", -2: "Moodle", -3: "Degreed"}
PLATFORMS = ["Moodle", "moodle", "Zoom_%", "Ärzte", ""]
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
# Around these the clocks change: Berlin both ways, Havana and São Paulo at midnight, Lord Howe by
# half an hour, Apia by a whole day; then the ends of the calendar.
TURNING_POINTS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC) + timedelta(hours=30),
    datetime(9999, 12, 31, 23, tzinfo=UTC) - timedelta(hours=30),
]


@dataclass(frozen=True)
class Stored:
    """A row of `statements`, told by the texts behind its keys."""

    fact: Fact
    store: int = STORE
    position: int = UNTIL
    voided: bool = False
    credential: int = -1
    other_object: tuple[str, UUID | None] = ("StatementRef", None)

    @property
    def counts(self) -> bool:
        return self.store == STORE and not self.voided and self.position <= UNTIL

    def row(self, number: int) -> dict[str, object]:
        fact = self.fact
        kind, key = self.other_object
        if fact.activity is not None:
            kind, key = "Activity", iri_key(fact.activity)
        return {
            "store": self.store,
            "id": UUID(int=number),
            "position": self.position,
            "stored": fact.stored,
            "timestamp": fact.timestamp,
            "voided": self.voided,
            "voiding": False,
            "credential": self.credential,
            "verb": iri_key(fact.verb),
            "actor": actor_key(fact.actor),
            "object": key,
            "object_type": kind,
            "platform": fact.platform,
            "score_scaled": fact.score_scaled,
            "score_raw": fact.score_raw,
            "score_min": fact.score_min,
            "score_max": fact.score_max,
            "success": fact.success,
            "completion": fact.completion,
            "duration": fact.duration,
        }


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back."""
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        yield connection
        await connection.rollback()
    await engine.dispose()


def actor_key(actor: str | None) -> UUID | None:
    return None if actor is None else ifi_key(Ifi(ACTORS[actor], actor))


async def fill(connection: AsyncConnection, rows: Iterable[Stored]) -> None:
    stores = (STORE, OTHER_STORE)
    dictionaries: dict[sqlalchemy.Table, list[dict[str, object]]] = {
        verbs: [{"key": iri_key(iri), "iri": iri} for iri in VERBS],
        activities: [
            {"key": iri_key(iri), "iri": iri, "type": kind} for iri, kind in ACTIVITY_TYPES.items()
        ],
        agents: [
            {"key": actor_key(ifi), "ifi_type": kind, "ifi": ifi} for ifi, kind in ACTORS.items()
        ],
    }
    for table, entries in dictionaries.items():
        filled = [{"store": store, **entry} for store in stores for entry in entries]
        await connection.execute(table.insert(), filled)
    holders = [
        {"id": number, "store": STORE, "key": f"sums {number}", "secret_mac": b"", "label": "l"}
        | {"system": system, "system_kind": "LMS"}
        for number, system in SYSTEMS.items()
    ]
    await connection.execute(credentials.insert(), holders)
    filled = [stored.row(number) for number, stored in enumerate(rows)]
    if filled:
        await connection.execute(statements.insert(), filled)


async def fill_people(connection: AsyncConnection) -> None:
    """Keep what is known of people; in the other store something else is."""
    known: dict[sqlalchemy.Table, list[dict[str, object]]] = {
        person_identifiers: [
            {"agent": actor_key(actor), "person": person, "own": person}
            | {"ifi_type": ACTORS[actor], "ifi": actor, "source": "api"}
            for actor, person in PEOPLE.items()
        ],
        person_attributes: [
            {"name": name, "value": value, "person": person, "own": person} | validity(first, end)
            for name, value, person, first, end in ATTRIBUTES
        ],
        teams: [{"id": team, "name": name} for name, team in TEAMS.items()],
        team_members: [
            {"team": TEAMS[name], "own": own, "person": person} | validity(first, end)
            for name, own, person, first, end in TEAM_MEMBERS
        ],
    }
    for table, entries in known.items():
        await connection.execute(table.insert(), [{"store": STORE, **each} for each in entries])
    others = [
        {"store": OTHER_STORE, "agent": actor_key(actor), "person": GRACE, "own": GRACE}
        | {"ifi_type": kind, "ifi": actor, "source": "api"}
        for actor, kind in ACTORS.items()
    ]
    await connection.execute(person_identifiers.insert(), others)


def validity(first: date, end: date) -> dict[str, object]:
    return {"valid_from": first, "valid_until": end}


def seen_by(asked: Query, fact: Fact) -> Fact:
    """Return a fact with what was known of its person on its day, in the query's time zone."""
    if fact.actor is None:
        return fact
    person = PEOPLE.get(fact.actor)
    moment = min(max(fact.timestamp, FIRST_MOMENT), LAST_MOMENT)
    day = moment.astimezone(asked.zone).date()
    return replace(
        fact,
        person=str(person or actor_key(fact.actor)),
        attributes={
            name: value
            for name, value, whose, first, end in ATTRIBUTES
            if whose == person and first <= day < end
        },
        teams=sorted(
            {
                name
                for name, _, whose, first, end in TEAM_MEMBERS
                if whose == person and first <= day < end
            }
        ),
    )


def query(**asked: Any) -> Query:
    return resolve(QueryRequest.model_validate({"measures": ["statements.count"]} | asked))


async def plan_of(connection: AsyncConnection, asked: Query) -> str:
    sql = analytics._rendered(asked, UNTIL).compile(dialect=connection.dialect)
    values = sql.construct_params({"store": STORE})
    result = await connection.exec_driver_sql(
        f"EXPLAIN {sql}", tuple(values[name] for name in sql.positiontup or ())
    )
    return "\n".join(result.scalars())


def told(table: Table) -> list[list[object]]:
    return [[_told(cell) for cell in row] for row in table.rows]


def _told(cell: Cell) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat()  # equal moments can have different offsets
    return float(f"{cell:.12g}") if isinstance(cell, float) else cell


async def answered(connection: AsyncConnection, asked: Query) -> Table:
    return await analytics.aggregate(connection, asked, store=STORE, until_position=UNTIL)


def at(moment: str, **properties: Any) -> Stored:
    instant = datetime.fromisoformat(moment)
    return Stored(Fact(timestamp=instant, stored=instant, **{"verb": VERBS[2]} | properties))


# Few, so that moments of statements and of filters meet.
MINUTES = [0, 0, 0, -1, 1, 30, -30, 60, -60, 720, -720, 1440, -1440]
MOMENTS = st.builds(
    lambda turning_point, minutes: turning_point + timedelta(minutes=minutes),
    st.sampled_from(TURNING_POINTS),
    st.sampled_from(MINUTES),
)
ASKED_MOMENTS = st.sampled_from(["2026-03-29", "2018-11-04", "2011-12-31"]) | MOMENTS.map(
    datetime.isoformat
)


@st.composite
def facts(draw: st.DrawFn, system: str | None) -> Fact:
    # Fractions of powers of two: their sums are exact, so ties are ties in both worlds.
    score = draw(st.none() | st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 4.0, 8.0])] * 2))
    activity = draw(st.none() | st.sampled_from([*ACTIVITY_TYPES]))
    return Fact(
        timestamp=draw(MOMENTS),
        stored=draw(MOMENTS),
        verb=draw(st.sampled_from(VERBS)),
        actor=draw(st.none() | st.sampled_from([*ACTORS])),
        activity=activity,
        activity_type=ACTIVITY_TYPES[activity] if activity else None,
        system=system,
        platform=draw(st.none() | st.sampled_from(PLATFORMS)),
        score_scaled=draw(st.none() | st.integers(-4, 4).map(lambda quarters: quarters / 4)),
        score_raw=None if score is None else score[0],
        score_min=None if score is None else 0.0,
        score_max=None if score is None else score[1],
        success=draw(st.none() | st.booleans()),
        completion=draw(st.none() | st.booleans()),
        duration=draw(st.none() | st.integers(0, 1_000).map(lambda eighths: eighths / 8)),
    )


@st.composite
def stored_rows(draw: st.DrawFn) -> Stored:
    credential = draw(st.sampled_from([*SYSTEMS, -99]))
    an_agent = ("Agent", actor_key(next(iter(ACTORS))))
    return Stored(
        draw(facts(SYSTEMS.get(credential))),
        store=draw(st.sampled_from([STORE, STORE, STORE, OTHER_STORE])),
        position=draw(st.sampled_from([1, UNTIL, UNTIL, UNTIL + 1])),
        voided=draw(st.sampled_from([False, False, False, True])),
        credential=credential,
        other_object=draw(st.sampled_from([("StatementRef", None), an_agent])),
    )


OF_PEOPLE = ["Sales", "IT", "Alpha", "Beta", "B", str(ADA), str(GRACE), str(ADA)[:8]]
TEXTS = [*VERBS, *ACTORS, *ACTIVITY_TYPES, *SYSTEMS.values(), *PLATFORMS, "http", "Mood"]
NAMES = [*DIMENSIONS, "person.department", "person.location", "person.none"]


def dimension_of(name: str) -> Dimension:
    return attribute_dimension(name) or DIMENSIONS[name]


@st.composite
def filters(draw: st.DrawFn) -> dict[str, object]:
    every: list[Dimension] = [*map(dimension_of, NAMES), *TIME_DIMENSIONS.values()]
    dimension = draw(st.sampled_from(every))
    operator = draw(st.sampled_from([*OPERATORS[dimension.type].values()]))
    of_people = dimension.name == "team" or dimension.name.startswith("person")
    value = (
        st.sampled_from(OF_PEOPLE if of_people else TEXTS)
        if dimension.type == "text"
        else ASKED_MOMENTS
    )
    values = draw(st.lists(value, min_size=operator.least, max_size=min(operator.most, 3)))
    return {"member": dimension.name, "operator": operator.name, "values": values}


@st.composite
def times(draw: st.DrawFn) -> dict[str, object]:
    return {
        "dimension": draw(st.sampled_from([*TIME_DIMENSIONS])),
        "granularity": draw(st.none() | st.sampled_from([*map(str, Granularity)])),
        "timezone": draw(st.sampled_from(ZONES)),
        draw(st.sampled_from(["from", "to"])): draw(st.none() | ASKED_MOMENTS),
    }


@st.composite
def queries(draw: st.DrawFn) -> Query:
    measures = draw(st.lists(st.sampled_from([*MEASURES]), min_size=1, unique=True))
    dimensions = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    time = draw(st.none() | times())
    names = [*measures, *dimensions]
    if time is not None and time["granularity"] is not None:
        names.append(str(time["dimension"]))
    sorted_by = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    return query(
        measures=measures,
        dimensions=dimensions,
        time=time,
        filters=draw(st.lists(filters(), max_size=2)),
        order=[[name, draw(st.sampled_from(["asc", "desc"]))] for name in sorted_by],
        limit=draw(st.sampled_from([1, 3, 1_000])),
    )


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(stored_rows(), max_size=12), asked=st.lists(queries(), min_size=1, max_size=5))
async def test_sql_says_what_plain_python_says(
    connection: AsyncConnection, rows: list[Stored], asked: list[Query]
) -> None:
    async with connection.begin_nested() as savepoint:
        await fill(connection, rows)
        await fill_people(connection)
        for one in asked:
            table = await answered(connection, one)
            seen = [seen_by(one, stored.fact) for stored in rows if stored.counts]
            expected = evaluate(one, seen)
            assert table.truncated is expected.truncated
            assert told(table) == told(expected)
        await savepoint.rollback()


def test_every_member_of_the_language_has_its_sql() -> None:
    assert {*analytics.MEASURES} == {*MEASURES}
    assert {*people_facts.DIMENSIONS} == {*DIMENSIONS, *TIME_DIMENSIONS}


async def test_without_statements_the_total_is_one_row(connection: AsyncConnection) -> None:
    table = await answered(connection, query(measures=[*MEASURES]))
    assert table.rows == [(0, 0, 0, 0, 0, None, None, None, None)]


async def test_the_hour_that_happens_twice_is_two_buckets(connection: AsyncConnection) -> None:
    await fill(connection, [at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z")])
    asked = query(time={"granularity": "hour", "timezone": "Europe/Berlin"})
    table = await answered(connection, asked)
    assert told(table) == [["2026-10-25T02:00:00+02:00", 1], ["2026-10-25T02:00:00+01:00", 1]]


async def test_a_day_begins_with_the_first_of_two_midnights(connection: AsyncConnection) -> None:
    await fill(connection, [at("2026-11-01T04:10Z"), at("2026-11-01T05:10Z")])
    asked = query(time={"granularity": "day", "timezone": "America/Havana"})
    table = await answered(connection, asked)
    assert told(table) == [["2026-11-01T00:00:00-04:00", 2]]


@pytest.mark.parametrize(("operator", "count"), [("gt", 1), ("gte", 2), ("lt", 1), ("lte", 2)])
async def test_bounds_of_time(connection: AsyncConnection, operator: str, count: int) -> None:
    await fill(connection, [at(f"2026-01-0{day}T12:00Z") for day in (1, 2, 3)])
    bound = {"member": "stored", "operator": operator, "values": ["2026-01-02T12:00:00Z"]}
    assert (await answered(connection, query(filters=[bound]))).rows == [(count,)]


@pytest.mark.parametrize(
    ("member", "beginning"), [("platform", "Z%"), ("verb.id", "http://example_org/")]
)
async def test_beginnings_have_no_wildcards(
    connection: AsyncConnection, member: str, beginning: str
) -> None:
    await fill(connection, [at("2026-01-01T00:00Z", platform="Zoom_%")])
    begins = {"member": member, "operator": "starts_with", "values": [beginning]}
    assert (await answered(connection, query(filters=[begins]))).rows == [(0,)]


async def test_completions_count_by_verb_unless_taken_back(connection: AsyncConnection) -> None:
    rows = [
        at("2026-01-01T00:00Z", verb=COMPLETED),
        at("2026-01-01T00:00Z", verb=COMPLETED, completion=True),
        at("2026-01-01T00:00Z", verb=COMPLETED, completion=False),
        at("2026-01-01T00:00Z", verb=VERBS[2], completion=True),
    ]
    await fill(connection, rows)
    assert (await answered(connection, query(measures=["completions.count"]))).rows == [(2,)]


async def test_absurd_scores_break_no_sum(connection: AsyncConnection) -> None:
    tiny = {"score_raw": 5e-324, "score_min": 0.0, "score_max": 1.7e308}
    huge = {"score_raw": 1.7e308, "score_min": -1.7e308, "score_max": 1.7e308}
    rows = [at("2026-01-01T00:00Z", verb=RATED, **score) for score in (tiny, huge)]
    await fill(connection, rows)
    assert (await answered(connection, query(measures=["rating.avg"]))).rows == [(0.5,)]


async def test_a_zone_that_only_python_knows_is_refused(connection: AsyncConnection) -> None:
    await fill(connection, [at("2026-01-01T00:00Z")])
    content = (files("tzdata.zoneinfo") / "UTC").read_bytes()
    zone = ZoneInfo.from_file(BytesIO(content), key="Mars/Olympus")
    asked = query(time={"granularity": "day"})
    buckets = Buckets(TIME_DIMENSIONS["timestamp"], Granularity.DAY, zone)
    with pytest.raises(InvalidQueryError):
        await answered(connection, replace(asked, buckets=buckets))


@pytest.mark.parametrize("dimension", DIMENSIONS)
async def test_no_query_reads_payloads(connection: AsyncConnection, dimension: str) -> None:
    asked = query(measures=[*MEASURES], dimensions=[dimension])
    assert "payload" not in await plan_of(connection, asked)


async def test_a_count_touches_no_dictionary(connection: AsyncConnection) -> None:
    plan = await plan_of(connection, query())
    assert "statements" in plan
    assert "credentials" not in plan
    assert "activities" not in plan
