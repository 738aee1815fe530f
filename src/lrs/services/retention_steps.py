"""One step of a run of a retention rule: some more statements are counted, and maybe go.

A step is one transaction, so one that is killed never happened. Statements that a hold keeps are
counted apart and stay.
"""

import logging
import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from lrs.people.identifiers import sha1_of
from lrs.people.retention import Anonymous, RetentionAction, is_covered
from lrs.storage.engines import Connection
from lrs.storage.legal_holds import active_holds, lock_retention
from lrs.storage.retention_runs import Run, RunName, RunState, advance_run, begin_run, end_run
from lrs.storage.retention_selection import (
    TakenStatement,
    end_of_age,
    look,
    texts_of_statements,
)
from lrs.storage.statement_changes import (
    delete_statements,
    hold_alone,
    rewrite_statements,
)
from lrs.storage.unused_agents import forget_unused_agents
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import texts_of
from lrs.xapi.records import StatementRecord
from lrs.xapi.replacing import Replacing, replace_in_json
from lrs.xapi.rewriting import UnreadableError, rederived

_log = logging.getLogger(__name__)

_SECRET_BYTES: Final = 32


class _Actor(msgspec.Struct, rename="camel"):
    object_type: str = "Agent"
    name: str | None = None


class _Said(msgspec.Struct):
    actor: _Actor


_said = msgspec.json.Decoder(_Said)


@dataclass(frozen=True, slots=True)
class Applying:
    """A run while a step is taken.

    Attributes:
        home_page: of accounts that stand for nobody.
        most: statements that one step takes at most.
    """

    connection: Connection
    name: RunName
    run: Run
    home_page: str
    most: int

    async def begin(self, until_position: int) -> None:
        """Keep up to where the run reaches: to what is old enough now."""
        conditions = self.run.told.conditions
        until = end_of_age(conditions, self.run.requested, until_position)
        is_anonymising = self.run.told.action is RetentionAction.ANONYMISE
        secret = os.urandom(_SECRET_BYTES) if is_anonymising and not self.run.is_dry else None
        await begin_run(self.connection, self.name, until, secret)

    async def go_on(self) -> bool:
        """Take some more statements, and tell whether there may be others."""
        connection, store = self.connection, self.name.store
        await lock_retention(connection, store)
        found = await look(connection, store, self.run, self.home_page, self.most)
        holds = await active_holds(connection, store)
        free = [each for each in found.taken if not is_covered(holds, each.facts)]
        held = len(found.taken) - len(free)
        if free and not self.run.is_dry:
            gone = await self._take([each.place[1] for each in free])
            free = [each for each in free if each.place[1] in gone]
            named = frozenset[UUID]().union(*(each.facts.agents for each in free))
            await forget_unused_agents(connection, store, named)
        place = found.place or self.run.place or (0, UUID(int=0))
        await advance_run(connection, self.name, place, _counted(free), held)
        if found.place is None:
            await end_run(connection, self.name, RunState.FINISHED)
        return found.place is not None

    async def _take(self, ids: Sequence[UUID]) -> Collection[UUID]:
        """Do with statements what the rule says, and return those with which it was done."""
        await hold_alone(self.connection, self.name.store)
        if self.run.told.action is RetentionAction.ERASE:
            await delete_statements(self.connection, self.name.store, ids)
            return ids
        anonymous = Anonymous(self.home_page, self.run.secret or b"")
        texts = await texts_of_statements(self.connection, self.name.store, ids)
        records = [each for text in texts if (each := _readable(text, anonymous)) is not None]
        await rewrite_statements(self.connection, self.name.store, records)
        return {record.id for record in records}


def _readable(text: bytes, anonymous: Anonymous) -> StatementRecord | None:
    try:
        return anonymised(text, anonymous)
    except UnreadableError:
        # One that cannot be read by today's rules keeps no other one from being anonymised.
        _log.warning("a statement could not be read, and was not anonymised")
        return None


def _counted(taken: Sequence[TakenStatement]) -> Counter[tuple[str, str]]:
    return Counter((each.system, each.month) for each in taken)


def anonymised(text: bytes, anonymous: Anonymous) -> StatementRecord:
    """Derive a statement in which nobody stands for who acts, wherever they are named in it.

    Of a Group, that is the Group and all whom it or the object names directly.

    Raises:
        UnreadableError: it is no statement.
    """
    record = rederived(text)
    actor = _said.decode(text).actor
    ifis = _acting(record, is_group=actor.object_type == "Group")
    hashes = [sha1_of(each) for each in ifis if each.type == "mbox"]
    names = [name for key, name in record.mentions.names if record.mentions.ifis[key] in ifis]
    replacing = Replacing(anonymous.of_all([*ifis, *hashes]), texts_of(ifis, names))
    return rederived(replace_in_json(text, replacing))


def _acting(record: StatementRecord, *, is_group: bool) -> list[Ifi]:
    mentions = record.mentions
    direct = mentions.direct if is_group else ()
    keys = [*([record.actor] if record.actor else []), *direct]
    return [mentions.ifis[key] for key in dict.fromkeys(keys)]
