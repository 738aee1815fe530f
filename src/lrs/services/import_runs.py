"""One list on its way into a store, batch by batch."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.people.attributes import AttributeDefinition
from lrs.people.imports.chains import Leading
from lrs.people.imports.columns import Definitions, ListMapping, Meaning
from lrs.people.imports.findings import Counts, Finding, FindingKind
from lrs.people.imports.leading import Led, changed, keys_elsewhere, led, told_of
from lrs.people.imports.outcomes import Outcome, Outcomes
from lrs.people.imports.planning import Known, PlannedPerson, Planner, findings_of
from lrs.people.tombstones import tombstone_macs
from lrs.services.import_surveys import Numbered, Survey, Tell
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.known_people import (
    find_above,
    find_persons,
    load_known,
    load_values,
    team_names,
)
from lrs.storage.people import lock_people
from lrs.storage.people_imports import (
    add_what_is_new,
    record_values,
    write_plans,
    write_values,
)
from lrs.storage.pseudonyms import refuse_pseudonymous
from lrs.storage.tombstones import find_tombstones

# Persons of one transaction.
USUAL_BATCH = 5_000
# Seconds that a batch may take beyond what transactions usually may.
_EXTRA_SECONDS = 120.0
_ERASED = "is about somebody whose data were erased from this store (DSGVO Art. 17)"


class Stage(StrEnum):
    """What is being done of an import."""

    READING = "reading"
    PEOPLE = "people"
    MANAGERS = "managers"


# Of how many, where that is known.
Progress = Callable[[Stage, int, int | None], None]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a list is taken.

    Attributes:
        is_dry: whether nothing is to be changed, and all is told the same.
        as_of: the day from which holds what the list says of now; None is today, in UTC.
        mapping: the types of attributes that are new.
        batch: persons of one transaction.
    """

    is_dry: bool = False
    as_of: date | None = None
    mapping: ListMapping = ListMapping()  # noqa: RUF009 - it cannot be changed
    batch: int = USUAL_BATCH


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import has done, or would do.

    Attributes:
        as_of: the day of the list.
        definitions: attributes that the store did not know.
        teams: that there were not before.
    """

    is_dry: bool
    as_of: date
    counts: Counts
    definitions: tuple[AttributeDefinition, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportTask:
    """What is to be imported: by whom, into which store, and who is told of it."""

    caller: Caller
    store: int
    is_dry: bool
    planner: Planner
    definitions: Definitions
    tell: Tell
    progress: Progress
    # Of the installation, where anybody was erased from the store.
    server_key: bytes | None = None


class ImportRun:
    """Takes the batches of a list that was surveyed.

    Args:
        database: where the persons are kept.
        task: what is to be done.
        people: how many persons the list tells of.
        counts: of the survey; what becomes of the persons is added.
    """

    def __init__(self, database: Database, task: ImportTask, people: int, counts: Counts) -> None:
        self._database = database
        self._task = task
        self._outcomes = Outcomes(people)
        self._counts = counts
        counts.people = people
        self._id = uuid7()
        self._teams: dict[str, tuple[str, UUID]] = {}
        self._made: dict[UUID, str] = {}
        self._is_recorded = False

    async def take(self, survey: Survey, batch: int) -> ImportReport:
        """Take all of a list, and tell what was done.

        Raises:
            PersonConflictError: somebody else changes persons in an unforeseen way.
            UnavailableError: the database cannot be reached.
        """
        task, done = self._task, 0
        for people in survey.batches(batch):
            await self._take_people(people)
            done += len(people)
            task.progress(Stage.PEOPLE, done, survey.people)
        done = 0
        for leadings in survey.leadings(batch):
            await self._take_managers(leadings)
            done += len(leadings)
            task.progress(Stage.MANAGERS, done, survey.led)
        await self._record_that_nothing_changed()
        definitions = tuple(task.definitions.new)
        as_of = task.planner.as_of
        return ImportReport(task.is_dry, as_of, self._counts, definitions, (*self._made.values(),))

    async def _take_people(self, batch: Sequence[Numbered]) -> None:
        task, store = self._task, self._task.store
        listed = [each.listed for each in batch]
        async with self._opened() as connection:
            if not task.is_dry:
                await lock_people(connection, store)
                await refuse_pseudonymous(connection, store)
            known = await load_known(connection, store, listed, task.planner)
            erased = await find_tombstones(connection, store, self._macs(batch))
            known = self._with_teams(known, team_names(listed))
            plans = self._plan(batch, known, {*erased})
            todo = [each for each in plans if isinstance(each, PlannedPerson) and each.is_any]
            made = self._used_teams(todo)
            if todo and not task.is_dry:
                new = () if self._is_recorded else task.definitions.new
                await add_what_is_new(connection, store, new, made)
                await write_plans(connection, store, todo, task.caller.name)
                await append_record(connection, store, self._event(changed=len(todo)))
                self._is_recorded = True
        self._made |= made
        for numbered, plan in zip(batch, plans, strict=True):
            self._conclude(numbered.number, plan)

    async def _take_managers(self, batch: Sequence[tuple[Leading, str]]) -> None:
        task, store = self._task, self._task.store
        keys = keys_elsewhere((each for each, _ in batch), self._outcomes)
        async with self._opened() as connection:
            if not task.is_dry:
                await lock_people(connection, store)
                await refuse_pseudonymous(connection, store)
            elsewhere = await find_persons(connection, store, keys)
            above = await find_above(connection, store, elsewhere.values())
            people, findings = led(batch, self._outcomes, elsewhere, above)
            ids = [each.id for each in people]
            before = await load_values(connection, store, ids, Meaning.MANAGER)
            changes = [*changed(people, before, task.planner.as_of)]
            if changes and not task.is_dry:
                values = {each.id: (before.get(each.id, ()), now) for each, now in changes}
                known = {each.id for each, _ in changes if not self._is_new(each)}
                told = {person: values[person] for person in known}
                name = Meaning.MANAGER
                await write_values(connection, store, name, values)
                await record_values(connection, store, name, told, task.caller.name)
                await append_record(connection, store, self._event(managers=len(changes)))
                self._is_recorded = True
        self._counts.refused_values += len(findings)
        for finding in findings:
            task.tell(finding)
        for each, _ in changes:
            self._conclude_led(each)

    async def _record_that_nothing_changed(self) -> None:
        if not self._is_recorded and not self._task.is_dry:
            async with self._database.writing() as connection:
                await append_record(connection, self._task.store, self._event(changed=0))

    def _opened(self) -> AbstractAsyncContextManager[Any]:
        """Give a connection, which is a transaction if anything may be written on it."""
        if self._task.is_dry:
            return self._database.primary()
        return self._database.writing(_EXTRA_SECONDS)

    def _plan(
        self, batch: Sequence[Numbered], known: Known, erased: set[bytes]
    ) -> list[PlannedPerson | Finding]:
        plans: list[PlannedPerson | Finding] = []
        rows: dict[UUID, int] = {}
        for each in batch:
            if not erased.isdisjoint(self._macs([each])):
                plans.append(_left_alone(each, _ERASED, FindingKind.REFUSED))
                continue
            plan = _clash(each) or self._task.planner.plan(each.listed, known, uuid7())
            if isinstance(plan, PlannedPerson):
                row = rows.setdefault(plan.id, each.listed.row)
                if row != each.listed.row:
                    plan = _left_alone(each, f"is the person of row {row}, as the store knows")
            plans.append(plan)
        return plans

    def _macs(self, batch: Iterable[Numbered]) -> list[bytes]:
        """Return what stands for all who are told of, should they have been erased."""
        key = self._task.server_key
        if key is None:
            return []
        ifis = (ifi for each in batch for ifi in each.listed.identifiers)
        return [mac for ifi in ifis for mac in tombstone_macs(key, ifi)]

    def _with_teams(self, known: Known, names: Iterable[str]) -> Known:
        """Have teams that are not there yet be known, with the ids that they get."""
        teams = dict(known.teams)
        for name in names:
            if name not in teams:
                teams[name] = self._teams.setdefault(name.lower(), (name, uuid7()))[1]
        return replace(known, teams=teams)

    def _used_teams(self, plans: Iterable[PlannedPerson]) -> dict[UUID, str]:
        used = {team for plan in plans for team in plan.teams} - self._made.keys()
        return {team: name for name, team in self._teams.values() if team in used}

    def _event(self, **counts: int) -> AuditEvent:
        details = {"import": str(self._id), **counts}
        return AuditEvent(self._task.caller, Action.PEOPLE_IMPORTED, details=details)

    def _conclude(self, number: int, plan: PlannedPerson | Finding) -> None:
        counts, tell = self._counts, self._task.tell
        if isinstance(plan, Finding):
            is_refused = plan.kind is FindingKind.REFUSED
            counts.refused += is_refused
            counts.contradicted += not is_refused
            tell(plan)
            return
        outcome = _outcome(plan)
        self._outcomes.say(number, outcome, plan.id)
        counts.created += outcome is Outcome.CREATED
        counts.changed += outcome is Outcome.CHANGED
        counts.unchanged += outcome is Outcome.UNCHANGED
        counts.identifiers += len(plan.new_identifiers)
        counts.joined += len(plan.joined)
        counts.values += len(plan.values) + len(plan.teams)
        counts.names += plan.before is not None and "name" in plan.fields
        for finding in findings_of(plan):
            tell(finding)

    def _conclude_led(self, each: Led) -> None:
        self._counts.values += 1
        if self._outcomes.change(each.number):
            self._counts.changed += 1
            self._counts.unchanged -= 1
        if not self._is_new(each):
            self._task.tell(told_of(each))

    def _is_new(self, each: Led) -> bool:
        return self._outcomes.of(each.number) is Outcome.CREATED


def _clash(each: Numbered) -> Finding | None:
    if not each.has_clash:
        return None
    return _left_alone(each, f"claims an identifier or login that row {each.clash} claims, too")


def _left_alone(each: Numbered, why: str, kind: FindingKind = FindingKind.CONTRADICTED) -> Finding:
    return Finding(kind, each.listed.row, why, each.listed.key)


def _outcome(plan: PlannedPerson) -> Outcome:
    if plan.before is None:
        return Outcome.CREATED
    return Outcome.CHANGED if plan.is_any else Outcome.UNCHANGED
