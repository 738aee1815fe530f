"""A rule takes what it says and nothing else, whatever happens to who applies it."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from archives import join, key_of, send
from builders import Json, a_statement, activity, agent, group, voiding
from conftest import HOME_PAGE, Tenant, make_tenant
from lrs.analytics.queries import resolve
from lrs.analytics.requests import QueryRequest
from lrs.auth.audit import Caller, WhoKind
from lrs.errors import RetentionConflictError, UnavailableError
from lrs.people.retention import AgeBy, Conditions, RetentionAction
from lrs.services.analytics import AnalyticsService
from lrs.services.folding import FoldingService
from lrs.services.legal_holds import LegalHoldsService, WantedHold
from lrs.services.retaining import RetainingService
from lrs.services.retention import RetentionService, RunWithCounts
from lrs.services.turns import Turns
from lrs.storage.engines import Database
from lrs.storage.legal_holds import is_held
from lrs.storage.retention_rules import RuleTold
from lrs.storage.retention_runs import RunName, RunState
from lrs.xapi.positions import PLACES

CALLER = Caller(WhoKind.SYSTEM, "a test")
PEOPLE = [agent(name) for name in ("ada", "bob", "eve")]
VERBS = [f"http://adlnet.gov/expapi/verbs/{name}" for name in ("completed", "answered", "attended")]
COURSES = [activity(name)["id"] for name in ("one", "two")]
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Kept:
    """A store with statements of two systems, and what is told of each in Python."""

    database: Database
    tenant: Tenant
    facts: dict[str, dict[str, Any]]

    @property
    def number(self) -> int:
        return self.tenant.principal.store

    async def left(self) -> dict[str, str]:
        """Return the texts of the statements that are there."""
        query = text(
            "SELECT CAST(id AS text) AS id, CAST(payload AS text) AS payload"
            " FROM statement_payloads WHERE store = :store"
        )
        async with self.database.primary() as connection:
            rows = await connection.execute(query, {"store": self.number})
            return {row.id: row.payload for row in rows}

    async def known(self) -> set[str]:
        """Return the identifiers of all agents that the store knows, but for authorities."""
        query = text("SELECT ifi FROM agents WHERE store = :store AND ifi NOT LIKE 'http%'")
        async with self.database.primary() as connection:
            return {*(await connection.scalars(query, {"store": self.number})).all()}

    async def known_names(self) -> set[str]:
        query = text("SELECT name FROM agent_names WHERE store = :store AND name LIKE '%Ada%'")
        async with self.database.primary() as connection:
            return {*(await connection.scalars(query, {"store": self.number})).all()}

    async def sums(self) -> dict[str, Any]:
        """Return how many statements there are by verb, from rollups as far as they go."""
        await FoldingService(self.database, "UTC", worth=1).catch_up()
        asked = QueryRequest(measures=["statements.count", "actors.unique"], dimensions=["verb.id"])
        service = AnalyticsService(self.database, Turns("sums", 2, 5), has_rollups=True)
        answer = await service.query(self.tenant.principal, resolve(asked))
        return {str(verb): count for verb, count, _ in answer.table.rows}

    async def apply(self, action: RetentionAction, **conditions: Any) -> RunWithCounts:
        """Make, try and activate a rule, and apply it to the end."""
        rules = RetentionService(self.database)
        principal = self.tenant.principal
        told = RuleTold("a rule", action, Conditions(**conditions))
        rule = await rules.make_rule(CALLER, principal, told)
        with pytest.raises(RetentionConflictError):
            await rules.activate(CALLER, principal, rule.id)
        tried = await rules.try_rule(CALLER, principal, rule.id)
        await self.worker().go_on()
        would = await rules.get_run(principal, tried.run.id)
        assert would.run.state is RunState.FINISHED
        before = await self.left()
        await rules.activate(CALLER, principal, rule.id)
        assert await self.left() == before
        await self.worker().go_on()
        (run,) = await rules.runs(principal, rule.id, (None, 10), is_dry=False)
        applied = await rules.get_run(principal, run.id)
        assert applied.run.state is RunState.FINISHED
        assert applied.run.secret is None
        self.compare(applied, would)
        return applied

    def compare(self, applied: RunWithCounts, would: RunWithCounts) -> None:
        assert applied.counts == would.counts
        assert applied.run.held == would.run.held

    def worker(self) -> RetainingService:
        return RetainingService(self.database, HOME_PAGE, most=7)


@pytest.fixture
async def kept(quiet_database: Database) -> Kept:
    """A store, in a database in which nobody else applies rules."""
    database = quiet_database
    first = await make_tenant(database)
    other = await make_tenant(database, first.principal.store_name)
    renaming = text("UPDATE credentials SET system = 'Video' WHERE id = :id")
    async with database.writing() as connection:
        await connection.execute(renaming, {"id": other.principal.credential})
    facts: dict[str, dict[str, Any]] = {}
    for tenant, system in ((first, "Moodle"), (other, "Video")):
        told = [
            {
                "system": system,
                "actor": PEOPLE[number % 3],
                "verb": VERBS[number % len(VERBS)],
                "course": COURSES[number // 3 % 2],
                "at": NOW - timedelta(days=1 + 37 * (number % 31)),
            }
            for number in range(60)
        ]
        sent = [statement_of(each) for each in told]
        ids = await send(database, tenant, *sent)
        facts |= dict(zip(ids, told, strict=True))
    return Kept(database, first, facts)


def statement_of(told: dict[str, Any]) -> Json:
    return a_statement(
        actor=told["actor"],
        verb={"id": told["verb"]},
        object={"id": told["course"]},
        timestamp=told["at"].isoformat(),
    )


def counted(facts: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    months = Counter((f"{each['at']:%Y-%m}", each["system"]) for each in facts)
    return sorted((system, month, count) for (month, system), count in months.items())


async def test_what_is_erased_is_what_a_count_by_hand_takes(kept: Kept) -> None:
    before = await kept.sums()
    assert before == Counter(each["verb"] for each in kept.facts.values())
    taken = {
        identifier
        for identifier, each in kept.facts.items()
        if each["at"] < NOW - timedelta(days=400)
        and each["system"] == "Video"
        and each["verb"] in VERBS[:2]
        and each["course"] == COURSES[0]
    }
    assert 3 < len(taken) < 60
    run = await kept.apply(
        RetentionAction.ERASE,
        days=400,
        age_by=AgeBy.TIMESTAMP,
        systems=("Video",),
        verbs=(VERBS[0],),
        verb_families=("answered",),
        activities=(COURSES[0],),
    )
    assert {*await kept.left()} == {*kept.facts} - taken
    facts = [kept.facts[each] for each in taken]
    assert sorted((each.system, each.month, each.statements) for each in run.counts) == counted(
        facts
    )
    assert run.run.statements == len(taken)
    left = [each for identifier, each in kept.facts.items() if identifier not in taken]
    assert await kept.sums() == Counter(each["verb"] for each in left)


async def test_age_is_told_by_when_a_statement_came_unless_said_otherwise(kept: Kept) -> None:
    assert (await kept.apply(RetentionAction.ERASE, days=1)).run.statements == 0
    old = [each for each, told in kept.facts.items() if told["system"] == "Video"]
    earlier = [
        text(f"UPDATE {table} SET position = position - :shift WHERE id = ANY (:ids)")  # noqa: S608 - our names
        for table in (
            "statement_payloads",
            "statement_agents",
            "statement_activities",
            "statements",
        )
    ]
    days = timedelta(days=10)
    shift = days // timedelta(microseconds=1) * PLACES
    async with kept.database.writing() as connection:
        for change in earlier:
            await connection.execute(change, {"shift": shift, "ids": [*map(UUID, old)]})
    run = await kept.apply(RetentionAction.ERASE, days=9)
    assert run.run.statements == len(old)
    assert {*await kept.left()} == {*kept.facts} - {*old}


async def test_identifiers_that_nothing_names_any_more_are_forgotten(kept: Kept) -> None:
    people = {each["mbox"] for each in PEOPLE}
    assert await kept.known() == people
    (mentioning,) = await send(
        kept.database, kept.tenant, a_statement(actor=PEOPLE[1], context={"instructor": PEOPLE[0]})
    )
    holding = WantedHold("case", since=NOW)
    await LegalHoldsService(kept.database).make(CALLER, kept.tenant.principal, holding)
    await kept.apply(RetentionAction.ERASE, systems=("Moodle", "Video"))
    assert {*await kept.left()} == {mentioning}
    assert await kept.known() == {PEOPLE[0]["mbox"], PEOPLE[1]["mbox"]}


async def test_what_is_held_stays(kept: Kept) -> None:
    holds = LegalHoldsService(kept.database)
    principal = kept.tenant.principal
    mentions = a_statement(actor=PEOPLE[1], context={"instructor": PEOPLE[0]})
    (mentioning,) = await send(kept.database, kept.tenant, mentions)
    of_person = await holds.make(CALLER, principal, WantedHold("case 1", key_of(PEOPLE[0])))
    year = NOW - timedelta(days=200)
    await holds.make(
        CALLER,
        principal,
        WantedHold("case 2", system="Video", activity=COURSES[1], until=year),
    )
    held = {
        identifier
        for identifier, each in kept.facts.items()
        if each["actor"] == PEOPLE[0]
        or (each["system"] == "Video" and each["course"] == COURSES[1] and each["at"] < year)
    }
    run = await kept.apply(RetentionAction.ERASE, systems=("Moodle", "Video"))
    assert {*await kept.left()} == {*held, mentioning}
    assert run.run.held == len(held) + 1
    async with kept.database.primary() as connection:
        assert await is_held(connection, kept.number, [key_of(PEOPLE[0])])
        # By what they did in the course.
        assert await is_held(connection, kept.number, [key_of(PEOPLE[1])])
        assert not await is_held(connection, kept.number, [uuid4()])
    await holds.release(CALLER, principal, of_person.id)
    await kept.apply(RetentionAction.ERASE, systems=("Moodle", "Video"))
    left = {*await kept.left()}
    assert left == {
        identifier
        for identifier in held
        if kept.facts[identifier]["course"] == COURSES[1]
        and kept.facts[identifier]["system"] == "Video"
        and kept.facts[identifier]["at"] < year
    }


async def test_anonymised_statements_name_their_actors_no_more_and_count_as_before(
    kept: Kept,
) -> None:
    before = await kept.sums()
    mixed = await send(
        kept.database,
        kept.tenant,
        a_statement(actor=PEOPLE[0], context={"instructor": PEOPLE[0], "team": group(*PEOPLE[:2])}),
        a_statement(actor=group(*PEOPLE[:2])),
        a_statement(
            actor=PEOPLE[0] | {"name": "Ada Lovelace"}, result={"response": "I am Ada Lovelace"}
        ),
    )
    run = await kept.apply(RetentionAction.ANONYMISE, systems=("Moodle",))
    assert run.run.statements == 60 + len(mixed)
    left = await kept.left()
    moodle = {each for each, told in kept.facts.items() if told["system"] == "Moodle"} | {*mixed}
    of_ada = {each for each in moodle if each in mixed or kept.facts[each]["actor"] == PEOPLE[0]}
    for identifier in of_ada:
        assert "ada@example.org" not in left[identifier]
        assert "Lovelace" not in left[identifier]
    for identifier in {*kept.facts} - moodle:
        assert json.loads(left[identifier])["actor"] == kept.facts[identifier]["actor"]
    # One for each identifier, the same in all statements of the run.
    actors = {json.dumps(json.loads(left[each])["actor"]) for each in {*kept.facts} & moodle}
    assert len(actors) == 3
    assert json.loads(left[mixed[0]])["context"]["team"]["member"][1] == PEOPLE[1]
    assert "example.org/activities" not in left[mixed[1]].partition('"object"')[0]
    assert "bob@example.org" not in left[mixed[1]]
    after = await kept.sums()
    assert {verb: after[verb] for verb in VERBS} == before
    # Nobody is left of whom to take anything.
    again = await kept.apply(RetentionAction.ANONYMISE, systems=("Moodle",))
    assert again.run.statements == 0
    # They still act in the other system; then only a member of a team is left.
    assert await kept.known() == {each["mbox"] for each in PEOPLE}
    await kept.apply(RetentionAction.ANONYMISE, systems=("Video",))
    assert await kept.known() == {PEOPLE[1]["mbox"]}
    assert await kept.known_names() == set()
    assert await kept.sums() == after


async def test_one_that_is_killed_again_and_again_takes_the_same(kept: Kept) -> None:
    rules = RetentionService(kept.database)
    principal = kept.tenant.principal
    told = RuleTold("a rule", RetentionAction.ERASE, Conditions(verbs=(VERBS[0],)))
    rule = await rules.make_rule(CALLER, principal, told)
    await rules.try_rule(CALLER, principal, rule.id)
    await kept.worker().go_on()
    await rules.activate(CALLER, principal, rule.id)
    await kept.worker().begin_due()
    (run,) = await rules.runs(principal, rule.id, (None, 1), is_dry=False)
    name, kills = RunName(kept.number, run.id), 0
    while (await rules.get_run(principal, run.id)).run.finished is None:
        task = asyncio.create_task(kept.worker().step(name))
        for _ in range(kills % 23):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError, UnavailableError):
            await task
        kills += 1
        await kept.worker().step(name)
    taken = [each for each in kept.facts.values() if each["verb"] == VERBS[0]]
    found = await rules.get_run(principal, run.id)
    assert kills > 3
    assert found.run.statements == len(taken)
    assert len(await kept.left()) == len(kept.facts) - len(taken)
    # It was applied today: not again before tomorrow.
    await kept.worker().go_on()
    assert len(await rules.runs(principal, rule.id, (None, 10), is_dry=False)) == 1


async def test_statements_that_come_meanwhile_are_kept_and_sums_stay_exact(kept: Kept) -> None:
    rules = RetentionService(kept.database)
    principal = kept.tenant.principal
    told = RuleTold("a rule", RetentionAction.ANONYMISE, Conditions(verbs=(VERBS[0],)))
    rule = await rules.make_rule(CALLER, principal, told)
    await rules.try_rule(CALLER, principal, rule.id)
    await kept.worker().go_on()
    await rules.activate(CALLER, principal, rule.id)

    async def ingest() -> list[str]:
        sent = [statement_of(each) for each in [*kept.facts.values()][:5]]
        return [each for _ in range(20) for each in await send(kept.database, kept.tenant, *sent)]

    ids, _, _ = await asyncio.gather(ingest(), kept.worker().go_on(), kept.worker().go_on())
    assert {*await kept.left()} == {*kept.facts, *ids}
    expected = Counter(each["verb"] for each in kept.facts.values())
    for each in [*kept.facts.values()][:5]:
        expected[each["verb"]] += 20
    assert await kept.sums() == expected


async def test_what_was_voided_does_not_come_back(kept: Kept) -> None:
    victim = next(iter(kept.facts))
    voided_by = await send(kept.database, kept.tenant, voiding(victim, actor=PEOPLE[1]))
    void = "http://adlnet.gov/expapi/verbs/voided"
    run = await kept.apply(RetentionAction.ERASE, verbs=(void,))
    assert run.run.statements == 0
    assert voided_by[0] in await kept.left()
    assert await kept.sums() == Counter(
        {**Counter(each["verb"] for each in kept.facts.values()), void: 1}
    ) - Counter([kept.facts[victim]["verb"]])


async def test_an_attribute_counts_on_the_day_of_the_statement(kept: Kept) -> None:
    person = await join(kept.database, kept.number, PEOPLE[2])
    change = (NOW - timedelta(days=500)).date()
    values = (("sales", None, change), ("research", change, None))
    definition = text(
        "INSERT INTO attribute_definitions VALUES (:store, 'department', 'text', 'A', 'D', false)"
    )
    insertion = text(
        "INSERT INTO person_attributes (store, own, person, name, value, valid_from, valid_until)"
        " VALUES (:store, :person, :person, 'department', :value,"
        " coalesce(CAST(:since AS date), '-infinity'), coalesce(CAST(:until AS date), 'infinity'))"
    )
    async with kept.database.writing() as connection:
        await connection.execute(definition, {"store": kept.number})
        for value, since, until in values:
            told = {"value": value, "since": since, "until": until}
            await connection.execute(insertion, {"store": kept.number, "person": person, **told})
    run = await kept.apply(RetentionAction.ERASE, attribute=("department", "sales"))
    taken = [
        each
        for each in kept.facts.values()
        if each["actor"] == PEOPLE[2] and each["at"].date() < change
    ]
    assert taken
    assert run.run.statements == len(taken)
