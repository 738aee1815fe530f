"""The Statement Resource: one request is one method is one transaction (Comm. 2.1)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lrs.auth.authority import Authority, authority_of
from lrs.auth.principals import Principal
from lrs.errors import (
    InvalidRequestError,
    InvalidStatementError,
    StatementConflictError,
    StatementNotFoundError,
    TooLargeError,
    Violation,
)
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.engines import Database
from lrs.storage.placing import Placed, place
from lrs.storage.references import NeedsTheStoreAloneError, follow
from lrs.storage.statement_lists import list_statements
from lrs.storage.statements import find_statements, insert_statements
from lrs.xapi.attachment_data import check_data_is_elsewhere
from lrs.xapi.comparison import match
from lrs.xapi.completion import complete, without_stored
from lrs.xapi.findings import MAX_VIOLATIONS
from lrs.xapi.json_text import split
from lrs.xapi.queries import Cursor, StatementFilter
from lrs.xapi.records import KeptStatement, StatementRecord, record
from lrs.xapi.statements import read_statement
from lrs.xapi.versions import Version

# Others get their turn after so many statements of a batch were read.
_READ_AT_ONCE = 50
_IDS = "Comm. 2.1.2"


@dataclass(frozen=True, slots=True)
class StatementLimits:
    """How much one request may bring or take.

    Attributes:
        batch: statements in one POST.
        statement_bytes: size of one statement.
        page: statements on a page that names no limit.
        max_page: statements on any page.
    """

    batch: int
    statement_bytes: int
    page: int
    max_page: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch.

    Attributes:
        ids: of all its statements, in its order.
        new: how many of them were not there before.
    """

    ids: Sequence[UUID]
    new: int


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A part of an answer.

    Attributes:
        cursor: where to go on; None if nothing more is there.
        consistent_through: nothing that belongs before this moment can still appear.
    """

    statements: Sequence[KeptStatement]
    cursor: Cursor | None
    consistent_through: datetime


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes records of the statements of one request."""

    version: Version
    authority: Authority
    new_id: Callable[[], UUID]

    def read(self, raw: bytes, path: str, identifier: UUID | None = None) -> StatementRecord:
        """Read one statement; `identifier` is the id of one that brings none."""
        statement = read_statement(raw, self.version, path)
        check_data_is_elsewhere(statement, path)
        sent = UUID(statement.id) if statement.id is not None else None
        chosen = sent or identifier or self.new_id()
        completed = complete(raw, chosen, self.authority.text, self.version)
        return record(chosen, statement, raw, completed, self.authority.ifi)


class StatementsService:
    """Stores, gets and lists statements for a principal, in the principal's store only."""

    def __init__(
        self,
        database: Database,
        limits: StatementLimits,
        home_page: str,
        new_id: Callable[[], UUID],
    ) -> None:
        self._database = database
        self._limits = limits
        self._home_page = home_page
        self._new_id = new_id

    async def store(self, principal: Principal, body: bytes, version: Version) -> Stored:
        """Store one statement or a batch, as a whole or not at all (POST, Comm. 2.1.2).

        Raises:
            InvalidRequestError: the body is no JSON.
            InvalidStatementError: a statement breaks the data model; all violations are named.
            StatementConflictError: an id is taken by another statement.
            TooLargeError: the batch or a statement is over its limit.
            UnavailableError: the database cannot be reached.
        """
        received, is_batch = split(body)
        self._check_sizes(received)
        reader = self._reader(principal, version)
        records = await _read_all(received, reader, is_batch=is_batch)
        _check_distinct(records)
        return await self._keep(principal, records, version)

    async def put(
        self, principal: Principal, identifier: UUID, body: bytes, version: Version
    ) -> Stored:
        """Store one statement under an id (PUT, Comm. 2.1.1).

        Raises:
            InvalidRequestError: the body is no JSON, an array, or has another id.
            InvalidStatementError: the statement breaks the data model.
            StatementConflictError: the id is taken by another statement.
            TooLargeError: the statement is over its limit.
            UnavailableError: the database cannot be reached.
        """
        received, is_batch = split(body)
        if is_batch:
            raise InvalidRequestError("PUT takes one statement, not an array (Comm. 2.1.1)")
        self._check_sizes(received)
        kept = self._reader(principal, version).read(received[0], "", identifier)
        if kept.id != identifier:
            raise InvalidRequestError(
                f"the statement's id {kept.id} differs from statementId (Comm. 2.1.1)"
            )
        return await self._keep(principal, [kept], version)

    async def get(self, principal: Principal, identifier: UUID) -> KeptStatement:
        """Return a statement that is not voided; it is there from the moment it was answered.

        Raises:
            StatementNotFoundError: there is none with this id, or it is voided.
            UnavailableError: the database cannot be reached.
        """
        found = await self._find(principal, identifier)
        if found is None or found.voided:
            raise StatementNotFoundError(f"there is no statement {identifier}")
        return found

    async def get_voided(self, principal: Principal, identifier: UUID) -> KeptStatement:
        """Return a voided statement (Comm. 2.1.3).

        Raises:
            StatementNotFoundError: there is none with this id, or it is not voided.
            UnavailableError: the database cannot be reached.
        """
        found = await self._find(principal, identifier)
        if found is None or not found.voided:
            raise StatementNotFoundError(f"there is no voided statement {identifier}")
        return found

    async def query(
        self,
        principal: Principal,
        wanted: StatementFilter,
        limit: int = 0,
        after: Cursor | None = None,
    ) -> StatementPage:
        """Return a page of statements (GET, Comm. 2.1.3).

        Args:
            principal: who asks.
            wanted: filters and order.
            limit: the most statements to return; 0 leaves it to the LRS.
            after: the cursor of the page before.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        size = min(limit or self._limits.page, self._limits.max_page)
        async with consistent_reading(self._database, principal.store) as (connection, reached):
            page = await list_statements(
                connection, principal.store, wanted, reached.position, after, size
            )
        return StatementPage(page.statements, page.cursor, reached.instant)

    async def _find(self, principal: Principal, identifier: UUID) -> KeptStatement | None:
        async with self._database.primary() as connection:
            found = await find_statements(connection, principal.store, [identifier])
        return found.get(identifier)

    def _check_sizes(self, received: Sequence[bytes]) -> None:
        if len(received) > self._limits.batch:
            raise TooLargeError(
                f"a batch may hold {self._limits.batch} statements, this one has {len(received)}"
            )
        for number, raw in enumerate(received):
            if len(raw) > self._limits.statement_bytes:
                raise TooLargeError(
                    f"a statement may have {self._limits.statement_bytes} bytes,"
                    f" number {number} of the request has {len(raw)}"
                )

    def _reader(self, principal: Principal, version: Version) -> _Reader:
        return _Reader(version, authority_of(principal, self._home_page), self._new_id)

    async def _keep(
        self, principal: Principal, records: Sequence[StatementRecord], version: Version
    ) -> Stored:
        ids = [each.id for each in records]
        if not records:
            return Stored(ids, new=0)
        try:
            new = await self._transact(principal, records, version, alone=False)
        except NeedsTheStoreAloneError:
            new = await self._transact(principal, records, version, alone=True)
        return Stored(ids, new)

    async def _transact(
        self,
        principal: Principal,
        records: Sequence[StatementRecord],
        version: Version,
        *,
        alone: bool,
    ) -> int:
        store = principal.store
        async with self._database.writing() as connection:
            placed = await place(connection, store, records, alone=alone)
            added = await insert_statements(connection, store, principal.credential, placed)
            if len(added) < len(placed):
                taken = _left_out(placed, added)
                kept = await find_statements(connection, store, [each.id for each in taken])
                _check_equal(taken, kept, version)
            if added:
                await follow(connection, store, added, alone=alone)
        return len(added)


async def _read_all(
    received: Sequence[bytes], reader: _Reader, *, is_batch: bool
) -> list[StatementRecord]:
    """Read the statements of a request, and name the violations of all of them."""
    records: list[StatementRecord] = []
    violations: list[Violation] = []
    for number, raw in enumerate(received):
        if number and number % _READ_AT_ONCE == 0:
            await asyncio.sleep(0)
        path = f"statements[{number}]" if is_batch else ""
        try:
            records.append(reader.read(raw, path))
        except InvalidStatementError as error:
            violations += error.violations
        if len(violations) > MAX_VIOLATIONS and number + 1 < len(received):
            unread = f"and maybe more: nothing after statements[{number}] was looked at"
            violations.append(Violation("", unread, "Data 2.2"))
            break
    if violations:
        raise InvalidStatementError(violations)
    return records


def _check_distinct(records: Sequence[StatementRecord]) -> None:
    first: dict[UUID, int] = {}
    repeated = [
        Violation(
            f"statements[{number}].id", f"is the id of statements[{first[each.id]}] too", _IDS
        )
        for number, each in enumerate(records)
        if first.setdefault(each.id, number) != number
    ]
    if repeated:
        raise InvalidStatementError(repeated[:MAX_VIOLATIONS])


def _left_out(placed: Sequence[Placed], added: Sequence[Placed]) -> list[StatementRecord]:
    ids = {each.record.id for each in added}
    return [each.record for each in placed if each.record.id not in ids]


def _check_equal(
    taken: Sequence[StatementRecord], kept: dict[UUID, KeptStatement], version: Version
) -> None:
    for each in taken:
        if not match(each.received, without_stored(kept[each.id].payload), version):
            raise StatementConflictError(
                f"the id {each.id} is taken by another statement; nothing was stored (Comm. 2.1.2)"
            )
