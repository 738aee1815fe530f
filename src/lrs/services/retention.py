"""Retention rules, as those who guard the rights of persons make them.

What they say concerns all of a store, so who may see only a part of it can do nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.errors import InvalidRequestError, RetentionConflictError
from lrs.people.attributes import canonical_value
from lrs.services.whole_store import require_whole_store
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.audit import append_record
from lrs.storage.engines import Connection, Database
from lrs.storage.legal_holds import lock_retention
from lrs.storage.retention_rules import (
    RetentionRule,
    RuleTold,
    activate_rule,
    change_rule,
    delete_rule,
    find_rule,
    insert_rule,
    list_rules,
)
from lrs.storage.retention_runs import (
    Count,
    Run,
    RunName,
    cancel_runs,
    counts_of,
    find_run,
    insert_run,
    is_being_tried,
    list_runs,
    was_tried,
)

__all__ = ["Count", "RetentionRule", "RetentionService", "RuleTold", "Run", "RunWithCounts"]

# For how long a try tells what would go.
_GOOD_FOR: Final = timedelta(days=7)
_MOST_RULES: Final = 200


@dataclass(frozen=True, slots=True)
class RunWithCounts:
    """A run, with what it counted by month and system."""

    run: Run
    counts: Sequence[Count]


class RetentionService:
    """Makes, tries and activates rules, and tells of what they took."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rules(self, principal: Principal) -> Sequence[RetentionRule]:
        """Return the rules of the store, the first one made first.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await list_rules(connection, principal.store)

    async def rule(self, principal: Principal, rule: UUID) -> RetentionRule:
        """Return a rule.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await find_rule(connection, principal.store, rule)

    async def make_rule(
        self, caller: Caller, principal: Principal, told: RuleTold
    ) -> RetentionRule:
        """Make a rule, which takes nothing before it was tried and activated.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            InvalidRequestError: it has no condition, or an attribute that the store does not know.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store, identifier = principal.store, uuid7()
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            if len(await list_rules(connection, store)) >= _MOST_RULES:
                raise InvalidRequestError(f"a store has up to {_MOST_RULES} rules")
            checked = await _checked(connection, store, told)
            await insert_rule(connection, store, identifier, checked, caller.name)
            made = await find_rule(connection, store, identifier)
            await append_record(connection, store, _event(caller, Action.RETENTION_RULE_MADE, made))
        return made

    async def change_rule(
        self, caller: Caller, principal: Principal, rule: UUID, told: RuleTold
    ) -> RetentionRule:
        """Replace a rule, which then takes nothing before it was tried and activated again.

        What a run of it is taking at the moment stops.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is no such rule.
            InvalidRequestError: it has no condition, or an attribute that the store does not know.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store = principal.store
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            await find_rule(connection, store, rule)
            checked = await _checked(connection, store, told)
            await change_rule(connection, store, rule, checked, caller.name)
            await cancel_runs(connection, store, rule)
            made = await find_rule(connection, store, rule)
            event = _event(caller, Action.RETENTION_RULE_CHANGED, made)
            await append_record(connection, store, event)
        return made

    async def remove_rule(self, caller: Caller, principal: Principal, rule: UUID) -> None:
        """Remove a rule; what it took is still told.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is no such rule.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store = principal.store
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            found = await find_rule(connection, store, rule)
            await cancel_runs(connection, store, rule)
            await delete_rule(connection, store, rule)
            event = _event(caller, Action.RETENTION_RULE_REMOVED, found)
            await append_record(connection, store, event)

    async def try_rule(self, caller: Caller, principal: Principal, rule: UUID) -> RunWithCounts:
        """Have it counted in the background what a rule would take now.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is no such rule.
            RetentionConflictError: it is being tried already.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        name = RunName(principal.store, uuid7())
        async with self._database.writing() as connection:
            await lock_retention(connection, principal.store)
            found = await find_rule(connection, principal.store, rule)
            if await is_being_tried(connection, principal.store, rule):
                raise RetentionConflictError(f"the rule {rule} is being tried already")
            await insert_run(connection, name, found, is_dry=True, by=caller.name)
            run = await find_run(connection, name)
            event = _event(caller, Action.RETENTION_TRIED, found)
            await append_record(connection, principal.store, event)
        return RunWithCounts(run, ())

    async def activate(self, caller: Caller, principal: Principal, rule: UUID) -> RetentionRule:
        """Have a rule applied from now on, once a day.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is no such rule.
            RetentionConflictError: it was not tried as it is, or that is too long ago.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store = principal.store
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            found = await find_rule(connection, store, rule)
            if not await was_tried(connection, store, found, _GOOD_FOR):
                raise RetentionConflictError(
                    f"try the rule first as it is (version {found.version}), by a dry run that is"
                    f" over and not older than {_GOOD_FOR.days} days"
                )
            await activate_rule(connection, store, rule, active=True)
            made = await find_rule(connection, store, rule)
            await append_record(connection, store, _event(caller, Action.RETENTION_ACTIVATED, made))
        return made

    async def deactivate(self, caller: Caller, principal: Principal, rule: UUID) -> RetentionRule:
        """Have a rule take nothing more; what a run of it is taking at the moment stops.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is no such rule.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store = principal.store
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            await find_rule(connection, store, rule)
            await cancel_runs(connection, store, rule)
            await activate_rule(connection, store, rule, active=False)
            made = await find_rule(connection, store, rule)
            event = _event(caller, Action.RETENTION_DEACTIVATED, made)
            await append_record(connection, store, event)
        return made

    async def runs(
        self,
        principal: Principal,
        rule: UUID | None,
        page: tuple[UUID | None, int],
        *,
        is_dry: bool,
    ) -> Sequence[Run]:
        """Return what rules took, or would have taken, the last time first.

        Args:
            principal: who asks.
            rule: only of this one.
            page: only what is before this run, and how many at most.
            is_dry: whether tries are wanted.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await list_runs(connection, principal.store, rule, page, is_dry=is_dry)

    async def get_run(self, principal: Principal, run: UUID) -> RunWithCounts:
        """Return a run with what it counted.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        name = RunName(principal.store, run)
        async with self._database.primary() as connection:
            found = await find_run(connection, name)
            return RunWithCounts(found, await counts_of(connection, name))


async def _checked(connection: Connection, store: int, told: RuleTold) -> RuleTold:
    """Return a rule with the value of its attribute as values are kept."""
    told.conditions.check()
    if told.conditions.attribute is None:
        return told
    name, value = told.conditions.attribute
    definition = (await definitions_of(connection, store)).get(name)
    if definition is None:
        raise InvalidRequestError(f"this store knows no attribute {name!r}")
    kept = name, canonical_value(definition, value)
    return told._replace(conditions=replace(told.conditions, attribute=kept))


def _event(caller: Caller, action: Action, rule: RetentionRule) -> AuditEvent:
    """Return what is recorded; values of attributes and names of courses are left out."""
    details = {"action": rule.told.action.value, "version": rule.version}
    return AuditEvent(caller, action, str(rule.id), details=details)
