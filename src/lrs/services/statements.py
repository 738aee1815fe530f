"""The Statement Resource: one request is one method is one transaction (Comm. 2.1)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self, TypeAlias
from uuid import UUID

from msgspec import Raw

from lrs.auth.authority import Authority
from lrs.auth.launches import Launch
from lrs.auth.principals import Principal
from lrs.auth.restrictions import Restriction
from lrs.auth.scopes import Scope
from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings, stricter
from lrs.errors import (
    InvalidRequestError,
    InvalidStatementError,
    StatementNotFoundError,
    TooLargeError,
    Violation,
)
from lrs.observability import count_leniencies
from lrs.people.pseudonyms import Pseudonyms
from lrs.services.commits import Commits
from lrs.services.deliveries import Delivery, Origin, ReceivedByHash
from lrs.services.erased_people import ErasedPeople
from lrs.services.pseudonyms import Met, PseudonymsService, hidden_statement, require_hidden
from lrs.services.quotas import Quotas
from lrs.services.rates import RatesService
from lrs.services.turns import Turns
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.engines import Database
from lrs.storage.statement_lists import list_statements
from lrs.storage.statement_selections import Selection
from lrs.storage.statements import find_statements
from lrs.xapi.attachment_data import Text, brought_by, check_received
from lrs.xapi.findings import MAX_VIOLATIONS
from lrs.xapi.json_text import check_nesting, split
from lrs.xapi.leniencies import Mode
from lrs.xapi.queries import Cursor, StatementFilter
from lrs.xapi.readings import read_statement_to_keep
from lrs.xapi.records import KeptStatement, StatementRecord, record
from lrs.xapi.uuids import uuid_of
from lrs.xapi.versions import Version

# Others get their turn after so many statements of a batch were read.
_READ_AT_ONCE = 50
# Bytes of a statement that is read beside the event loop, since it may be a hostile one.
_LARGE = 128 * 1024
_IDS = "Comm. 2.1.2"
# The text of a statement, or a view of the body that holds it.
_Sent: TypeAlias = bytes | Raw


@dataclass(frozen=True, slots=True)
class StatementLimits:
    """How much one request may bring or take.

    Attributes:
        batch: statements in one POST.
        statement_bytes: size of one statement.
        page: statements on a page that names no limit.
        max_page: statements on any page.
        lists: pages that are read at once.
        wait: seconds that one more waits for its turn.
    """

    batch: int
    statement_bytes: int
    page: int
    max_page: int
    lists: int = 4
    wait: float = 10

    def of_store(self, own: StoreSettings) -> Self:
        """Return those that hold for a store with settings of its own."""
        if own is AS_THE_SERVICE:
            return self
        return replace(
            self,
            batch=stricter(self.batch, own.max_batch),
            statement_bytes=stricter(self.statement_bytes, own.max_statement_bytes),
            page=stricter(self.page, own.page_size),
            max_page=stricter(self.max_page, own.max_page_size),
        )


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
        texts: the JSON texts of its statements, joined by commas.
        cursor: where to go on; None if nothing more is there.
        consistent_through: nothing that belongs before this moment can still appear.
    """

    texts: bytes
    cursor: Cursor | None
    consistent_through: datetime


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes records of the statements of one request; `used` counts those a leniency let pass."""

    mode: Mode
    version: Version
    authority: Authority
    launch: Launch | None
    nesting: int | None
    new_id: Callable[[], UUID]
    data: ReceivedByHash | None
    # Whom a pseudonymous store must not come to know.
    met: Met | None = None
    used: Counter[str] = field(default_factory=Counter)

    def read(self, sent: _Sent, path: str, identifier: UUID | None = None) -> StatementRecord:
        """Read one statement; `identifier` is the id of one that brings none."""
        raw = bytes(sent)
        if self.nesting is not None:
            check_nesting(raw, self.nesting, path)
        reading = read_statement_to_keep(self.mode, raw, self.version, path)
        if self.met is not None:
            raw = sent = hidden_statement(self.met, raw, reading.statement, path)
            reading = read_statement_to_keep(self.mode, raw, self.version, path)
        if reading.leniencies:
            self.used.update(reading.leniencies)
        statement = reading.statement
        if self.launch is not None:
            self.launch.check_statement(statement, reading.descriptions, path)
        own = uuid_of(statement.id) if statement.id is not None else None
        chosen = own or identifier or self.new_id()
        text = Text(raw, chosen, self.version)
        brought = brought_by(statement, text, path, self.data)
        completed = reading.completed(chosen, self.authority.text, self.version)
        if completed.received is raw:
            completed = completed._replace(received=sent)
        made = record(chosen, reading._replace(raw=sent), completed, self.authority.ifi, brought)
        return made if self.met is None else require_hidden(self.met, made, self.authority.ifi)


class StatementsService:
    """Stores, gets and lists statements for a principal, in the principal's store only."""

    def __init__(
        self,
        database: Database,
        limits: StatementLimits,
        new_id: Callable[[], UUID],
        rates: RatesService | None = None,
        pseudonyms: PseudonymsService | None = None,
        erased: ErasedPeople | None = None,
    ) -> None:
        self._database = database
        self._commits = Commits(database, erased or ErasedPeople())
        self._quotas = Quotas(database)
        self._limits = limits
        self._turns = Turns("lists", limits.lists, limits.wait)
        self._new_id = new_id
        self._rates = rates
        self._pseudonyms = pseudonyms or PseudonymsService(database)

    async def store(
        self,
        principal: Principal,
        body: bytes,
        version: Version,
        data: ReceivedByHash | None = None,
    ) -> Stored:
        """Store one statement or a batch, as a whole or not at all (POST, Comm. 2.1.2).

        Args:
            principal: who brings them.
            body: the JSON text of one or of an array of them.
            version: the version of the request.
            data: of attachments, that came along; None if the request is only JSON.

        Raises:
            InvalidRequestError: the body is no JSON, or data came that belong to no attachment.
            InvalidStatementError: a statement breaks the data model; all violations are named.
            ErasedPersonError: somebody is named who was erased, and whom the store refuses.
            ForbiddenError: a launch token brings what is not about its attempt.
            QuotaExceededError: the store has no room for them.
            StatementConflictError: an id is taken by another statement.
            TooLargeError: the batch or a statement is over its limit.
            TooManyRequestsError: the principal sends too many statements a minute.
            UnavailableError: the database cannot be reached.
        """
        limits = self._limits.of_store(principal.settings)
        received, is_batch = split(body, limits.batch)
        _check_sizes(received, limits)
        self._count(principal, received)
        pseudonyms = await self._pseudonyms.of(principal.store)
        reader = self._reader(principal, version, data, pseudonyms)
        records = await _read_all(received, reader, is_batch=is_batch)
        _check_distinct(records)
        return await self._keep(principal, records, reader)

    async def put(
        self,
        principal: Principal,
        identifier: UUID,
        body: bytes,
        version: Version,
        data: ReceivedByHash | None = None,
    ) -> Stored:
        """Store one statement under an id (PUT, Comm. 2.1.1); for `data` see `store`.

        Raises:
            InvalidRequestError: the body is no JSON, an array, or has another id, or data came
                that belong to no attachment.
            InvalidStatementError: the statement breaks the data model.
            ErasedPersonError: somebody is named who was erased, and whom the store refuses.
            ForbiddenError: a launch token brings what is not about its attempt.
            QuotaExceededError: the store has no room for it.
            StatementConflictError: the id is taken by another statement.
            TooLargeError: the statement is over its limit.
            TooManyRequestsError: the principal sends too many statements a minute.
            UnavailableError: the database cannot be reached.
        """
        limits = self._limits.of_store(principal.settings)
        received, is_batch = split(body, limits.batch)
        if is_batch:
            raise InvalidRequestError("PUT takes one statement, not an array (Comm. 2.1.1)")
        _check_sizes(received, limits)
        self._count(principal, received)
        pseudonyms = await self._pseudonyms.of(principal.store)
        reader = self._reader(principal, version, data, pseudonyms)
        kept = await _read(reader, received[0], "", identifier)
        if kept.id != identifier:
            raise InvalidRequestError(
                f"the statement's id {kept.id} differs from statementId (Comm. 2.1.1)"
            )
        return await self._keep(principal, [kept], reader)

    async def get(self, principal: Principal, identifier: UUID) -> KeptStatement:
        """Return a statement that is not voided; it is there from the moment it was answered.

        Raises:
            ForbiddenError: the principal may read none.
            StatementNotFoundError: there is none with this id that the principal may see, or it is
                voided.
            UnavailableError: the database cannot be reached.
        """
        found = await self._find(principal, identifier)
        if found is None or found.voided:
            raise StatementNotFoundError(f"there is no statement {identifier}")
        return found

    async def get_voided(self, principal: Principal, identifier: UUID) -> KeptStatement:
        """Return a voided statement (Comm. 2.1.3).

        Raises:
            ForbiddenError: the principal may read none.
            StatementNotFoundError: there is none with this id that the principal may see, or it is
                not voided.
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
        """Return a page of the statements that the principal may see (GET, Comm. 2.1.3).

        Args:
            principal: who asks.
            wanted: filters and order.
            limit: the most statements to return; 0 leaves it to the LRS.
            after: the cursor of the page before.

        Raises:
            ForbiddenError: the principal may read none.
            BusyError: too many lists are read.
            TooManyRequestsError: the principal reads too many.
            UnavailableError: the database cannot be reached.
        """
        limits = self._limits.of_store(principal.settings)
        size = min(limit or limits.page, limits.max_page)
        selection = Selection(wanted, _seen_by(principal))
        came = asyncio.get_running_loop().time()
        async with (
            self._turns.turn(principal),
            consistent_reading(self._database, principal.store, came) as (connection, reached),
        ):
            page = await list_statements(
                connection, principal.store, selection, reached.position, after, size
            )
        return StatementPage(page.texts, page.cursor, reached.instant)

    async def _find(self, principal: Principal, identifier: UUID) -> KeptStatement | None:
        seen = _seen_by(principal)
        async with self._database.primary() as connection:
            found = await find_statements(connection, principal.store, [identifier], seen)
        return found.get(identifier)

    def _count(self, principal: Principal, received: Sequence[_Sent]) -> None:
        if self._rates is not None:
            self._rates.count_statements(principal, len(received))

    def _reader(
        self,
        principal: Principal,
        version: Version,
        data: ReceivedByHash | None,
        pseudonyms: Pseudonyms | None = None,
    ) -> _Reader:
        met = None if pseudonyms is None else Met(pseudonyms)
        authority = principal.authority
        if met is not None and principal.user is not None:
            authority = met.authority(authority)
        return _Reader(
            principal.mode,
            version,
            authority,
            principal.launch,
            principal.settings.max_nesting,
            self._new_id,
            data,
            met,
        )

    async def _keep(
        self, principal: Principal, records: Sequence[StatementRecord], reader: _Reader
    ) -> Stored:
        data = reader.data or {}
        check_received(data, [named for each in records for named in each.brought.data])
        if not records:
            return Stored([], new=0)
        defines = principal.may(Scope.DEFINE)
        origin = Origin(principal.store, principal.credential, reader.version, defines)
        delivery = Delivery(origin, records, data)
        async with self._quotas.room(principal, delivery):
            new = await self._commits.keep(delivery)
        if reader.met is not None:
            await self._pseudonyms.keep(principal.store, reader.met, records)
        count_leniencies(principal.store_name, reader.used)
        return Stored([each.id for each in records], new)


def _seen_by(principal: Principal) -> Restriction:
    return principal.restrict(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE)


def _check_sizes(received: Sequence[_Sent], limits: StatementLimits) -> None:
    if len(received) > limits.batch:
        raise TooLargeError(f"a batch may hold {limits.batch} statements, this one has more")
    for number, raw in enumerate(received):
        if len(raw) > limits.statement_bytes:
            raise TooLargeError(
                f"a statement may have {limits.statement_bytes} bytes,"
                f" number {number} of the request has {len(raw)}"
            )


async def _read(
    reader: _Reader, raw: _Sent, path: str, identifier: UUID | None = None
) -> StatementRecord:
    """Read one statement; one that may take long does not keep other requests waiting."""
    if len(raw) > _LARGE:
        return await asyncio.to_thread(reader.read, raw, path, identifier)
    return reader.read(raw, path, identifier)


async def _read_all(
    received: Sequence[_Sent], reader: _Reader, *, is_batch: bool
) -> list[StatementRecord]:
    """Read the statements of a request, and name the violations of all of them."""
    records: list[StatementRecord] = []
    violations: list[Violation] = []
    for number, raw in enumerate(received):
        if number and number % _READ_AT_ONCE == 0:
            await asyncio.sleep(0)
        path = f"statements[{number}]" if is_batch else ""
        try:
            records.append(await _read(reader, raw, path))
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
