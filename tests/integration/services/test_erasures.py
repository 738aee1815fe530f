"""A busy person is erased from all places, beside running ingestion and whatever kills the job."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from uuid_utils.compat import uuid7

from builders import (
    VOIDED,
    Json,
    a_statement,
    a_substatement,
    activity,
    agent,
    group,
    reference,
    verb,
)
from conftest import HOME_PAGE, SERVER_KEY, Tenant, make_tenant
from lrs.analytics.queries import resolve
from lrs.analytics.requests import QueryRequest
from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.certificates import CertificateKey
from lrs.errors import (
    ErasedPersonError,
    ErasureConflictError,
    PersonNotFoundError,
    StartError,
)
from lrs.people.erasures import Mode
from lrs.people.tombstones import OnReturn
from lrs.services.audit_log import AuditLogService
from lrs.services.documents import DocumentsService
from lrs.services.erased_people import ErasedPeople
from lrs.services.erasure_job import ErasureJob
from lrs.services.erasure_replays import ErasureReplays
from lrs.services.erasures import ErasuresService, OfPerson, WantedErasure
from lrs.services.statements import StatementLimits, StatementsService, Stored
from lrs.storage import rollups
from lrs.storage.analytics import aggregate
from lrs.storage.audit import append_record
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.erasure_ledger import Ledger
from lrs.storage.erasures import is_being_erased
from lrs.storage.migrations import upgrade
from lrs.storage.rollup_sums import aggregate_folded
from lrs.xapi.documents import Document, DocumentContext, DocumentKey, DocumentKind
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.preconditions import Preconditions
from lrs.xapi.received_data import ReceivedData
from lrs.xapi.versions import Version

KEY = SERVER_KEY.encode()
OFFICER = Caller(WhoKind.USER, "the officer")
LIMITS = StatementLimits(batch=2_000, statement_bytes=1_000_000, page=100, max_page=1_000)
MAIL = "anna.berger@firma.example"
SHA1 = hashlib.sha1(f"mailto:{MAIL}".encode(), usedforsecurity=False).hexdigest()
MBOX = {"mbox": f"mailto:{MAIL}", "name": "Anna Berger"}
LMS = {"account": {"homePage": "https://lms.example", "name": "47110815"}}
VIDEO = {"mbox_sha1sum": SHA1}
SSO = {"account": {"homePage": "https://sso.example", "name": f"saml|{MAIL.upper()}"}}
OPEN = {"openid": "https://id.example/a-berger", "name": "Anna Müller-Berger"}
BOB, EVE = agent("bob"), agent("eve")
COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed"}
TALK = "Gespräch mit Anna Müller-Berger"
IFIS = [
    Ifi("mbox", f"mailto:{MAIL}"),
    Ifi("account", "https://lms.example 47110815"),
    Ifi("openid", "https://id.example/a-berger"),
]
SECRETS = [MAIL, SHA1, "47110815", "id.example/a-berger", "anna berger", "müller-berger",
           "anna%20berger", "hr-00815", "firma\\u002e", "m\\u00fcller-berger"]  # fmt: skip
EXTENSION = "http://example.org/extension"
RESULT = {"score": {"scaled": 0.5}, "completion": True}


def busy_statements() -> list[Json]:
    """Statements that name her in all places, and others that do not."""
    ids = [str(uuid4()) for _ in range(17)]
    bodies = [
        a_statement(actor=MBOX, result=RESULT),
        a_statement(actor=LMS, result=RESULT, object=activity("b")),
        a_statement(actor=VIDEO, verb=verb("viewed")),
        a_statement(actor=SSO, verb=verb("viewed")),
        a_statement(actor=OPEN, result=RESULT | {"response": "I am Anna Berger."}),
        a_statement(actor=BOB, object={"objectType": "Agent"} | MBOX),
        a_statement(actor=group(BOB, LMS, name="Anna Berger and Bob")),
        a_statement(actor=EVE, context={"instructor": MBOX, "team": group(VIDEO, EVE)}),
        a_statement(actor=EVE, object=a_substatement(actor=OPEN)),
        a_statement(actor=EVE, object=reference(ids[0])),
        a_statement(actor=LMS, verb={"id": VOIDED}, object=reference(ids[11])),
        a_statement(actor=BOB, result=RESULT),
        a_statement(actor=BOB, object=activity(f"of/{MAIL}"), result=RESULT),
        a_statement(actor=BOB, object=activity("c") | {"definition": {"name": {"de": TALK}}}),
        a_statement(actor=EVE, context={"extensions": {EXTENSION: {"n": 47110815, MAIL: [MBOX]}}}),
        a_statement(actor=EVE, result={"response": "nothing about Anna"} | RESULT),
        a_statement(actor=BOB, verb=verb("viewed"), object=activity("b")),
    ]  # fmt: skip
    return [
        {"id": each} | body | ({"verb": COMPLETED} if "score" in str(body) else {})
        for each, body in zip(ids, bodies, strict=True)
    ]


@pytest.fixture(scope="module")
async def own(cluster: Cluster) -> AsyncIterator[Database]:
    """A database of this module's own, in which no app of other tests erases anybody."""
    admin = create_async_engine(cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"erasures_{uuid4().hex}"
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    url = cluster.url.replace("@/lrs?", f"@/{name}?")
    await upgrade(url)
    database = await open_database(DatabaseOptions(url, workers=4))
    yield database
    await database.close()
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@dataclass
class Store:
    """A store with Anna in it."""

    database: Database
    tenant: Tenant
    ledger: Ledger
    person: UUID = field(default_factory=uuid4)
    erased: ErasedPeople = field(default_factory=lambda: ErasedPeople(KEY))

    @property
    def number(self) -> int:
        return self.tenant.principal.store

    @property
    def erasures(self) -> ErasuresService:
        return ErasuresService(self.database, KEY, HOME_PAGE)

    def job(self, most: int = 200) -> ErasureJob:
        return ErasureJob(self.database, KEY, self.ledger, most)

    @property
    def of(self) -> OfPerson:
        return OfPerson(self.number, self.person)

    async def send(self, *statements: Json | bytes) -> Stored:
        service = StatementsService(self.database, LIMITS, uuid7, erased=self.erased)
        bodies = [
            each if isinstance(each, bytes) else json.dumps(each).encode() for each in statements
        ]
        body = b"[" + b",".join(bodies) + b"]"
        return await service.store(self.tenant.principal, body, Version.V1_0_3)

    async def run(self, sql: str, **values: Any) -> list[Any]:
        async with self.database.writing() as connection:
            rows = await connection.execute(text(sql), {"store": self.number, **values})
            return list(rows) if rows.returns_rows else []

    async def fill(self) -> None:
        """Have her in all places there are."""
        await self.send(*busy_statements())
        odd = json.dumps(a_statement(actor=BOB, result={"response": f"ask {MAIL}"}))
        await self.send(odd.replace("anna.", "\\u0061nna\\u002e").encode())
        await self._attach()
        await self._know_her()
        await self._keep_documents()
        await self._let_her_in()

    async def _attach(self) -> None:
        """Bring a file of hers, and one that others have too."""
        service = StatementsService(self.database, LIMITS, uuid7, erased=self.erased)
        for actor, content in ((LMS, b"hers"), (LMS, b"shared"), (BOB, b"shared")):
            sha2 = hashlib.sha256(content).hexdigest()
            attachment = {
                "usageType": "http://example.org/usage", "display": {"en": "a file"},
                "contentType": "text/plain", "length": len(content), "sha2": sha2,
            }  # fmt: skip
            body = json.dumps(a_statement(actor=actor, attachments=[attachment])).encode()
            data = {sha2: ReceivedData(sha2, len(content), "text/plain", None, _pieces(content))}
            await service.store(self.tenant.principal, body, Version.V1_0_3, data)

    async def _know_her(self) -> None:
        """Keep her as a person, with colleagues, a team and somebody whose manager she is."""
        await self.run(
            "INSERT INTO people (store, id, name, user_name, external_id) VALUES"
            " (:store, :id, 'Anna Berger', :mail, 'HR-00815')", id=self.person, mail=MAIL,
        )  # fmt: skip
        for ifi in IFIS:
            await self.run(
                "INSERT INTO person_identifiers (store, agent, person, own, ifi_type, ifi, source)"
                " VALUES (:store, :agent, :id, :id, :type, :ifi, 'api')",
                agent=ifi_key(ifi), id=self.person, type=ifi.type, ifi=ifi.value,
            )  # fmt: skip
        await self.run(
            "INSERT INTO attribute_definitions VALUES"
            " (:store, 'department', 'text', 'Abteilung', 'department', false),"
            " (:store, 'grade', 'text', 'Stufe', 'grade', true),"
            " (:store, 'room', 'text', 'Raum', 'room', false),"
            " (:store, 'manager', 'person', 'Vorgesetzte', 'manager', false)"
        )
        team = uuid4()
        await self.run("INSERT INTO teams (store, id, name) VALUES (:store, :t, 'Sales')", t=team)
        for number, person in enumerate([self.person, *(uuid4() for _ in range(6))]):
            if number:
                await self.run("INSERT INTO people (store, id) VALUES (:store, :id)", id=person)
            values = {"department": "Sales", "grade": "E9", "room": f"B {number}"}
            if number == 6:
                values["manager"] = str(self.person)
            for name, value in values.items():
                await self.run(
                    "INSERT INTO person_attributes (store, own, name, value, person)"
                    " VALUES (:store, :id, :name, :value, :id)", id=person, name=name, value=value,
                )  # fmt: skip
            await self.run(
                "INSERT INTO team_members (store, team, own, person) VALUES (:store, :t, :id, :id)",
                t=team, id=person,
            )  # fmt: skip
        await self.run(
            "INSERT INTO person_changes (store, id, person, changed_by, what, before, after)"
            " VALUES (:store, :id, :person, 'HR', 'name', '\"Anna Schmidt\"', '\"Anna Berger\"')",
            id=uuid4(), person=self.person,
        )  # fmt: skip

    async def _keep_documents(self) -> None:
        service = DocumentsService(self.database, 1_000_000)
        state = DocumentContext(DocumentKind.STATE, "http://example.org/a", IFIS[0])
        bobs = DocumentContext(DocumentKind.STATE, "http://example.org/a", Ifi("mbox", BOB["mbox"]))
        profile = DocumentContext(DocumentKind.ACTIVITY_PROFILE, "http://example.org/a")
        for context, name, content in (
            (state, "hers", b"x"),
            (bobs, "json", json.dumps({"tutor": LMS, "n": 1.50, "mail": MAIL}).encode()),
            (bobs, "text", f"call Anna Berger ({MAIL})".encode()),
            (bobs, f"of {MAIL}", b"x"),
            (profile, "binary", b"\xff\x00" + MAIL.encode()),
            (profile, "other", b"\xff\x00"),
        ):
            kind = "application/json" if name == "json" else "text/plain"
            await service.put(
                self.tenant.principal,
                DocumentKey(context, name),
                Document(content, kind),
                Preconditions(None, "*"),
                Version.V2_0_0,
            )

    async def _let_her_in(self) -> None:
        """Have her sign in, be looked at by others, and stand in the audit log."""
        user, other = uuid4(), uuid4()
        for identifier, mail in ((user, MAIL), (other, "lead@firma.example")):
            await self.run(
                "INSERT INTO users (id, name, email, issuer, subject) VALUES"
                " (:id, 'Somebody', :mail, 'https://idp.example', :subject)",
                id=identifier, mail=mail, subject=str(uuid4()),
            )  # fmt: skip
        actor = json.dumps(MBOX)
        await self.run(
            'INSERT INTO user_grants ("user", store, role, agents) VALUES'
            " (:user, :store, 'learner', ARRAY[:actor]),"
            " (:other, :store, 'team_lead', ARRAY[:actor, :bob])",
            user=user, other=other, actor=actor, bob=json.dumps(BOB),
        )  # fmt: skip
        await self.run(
            'INSERT INTO user_people (store, "user", person) VALUES (:store, :user, :person)',
            user=user, person=self.person,
        )  # fmt: skip
        await self.run(
            "INSERT INTO launch_tokens (store, id, credential, actor, registration, activity,"
            " expires) VALUES (:store, :id, :credential, :actor, :id, 'http://example.org/a',"
            " now() + interval '1 day')",
            id=uuid4(), credential=self.tenant.principal.credential, actor=actor,
        )  # fmt: skip
        await self.run(
            "UPDATE credentials SET agents = ARRAY[:actor], label = 'Tool of Anna Berger'"
            " WHERE store = :store", actor=actor,
        )  # fmt: skip
        async with self.database.writing() as connection:
            me = Caller(WhoKind.USER, str(user), "192.0.2.1")
            event = AuditEvent(me, Action.PERSON_READ, str(self.person), details={"of": MAIL})
            await append_record(connection, self.number, event)

    async def dump(self) -> str:
        """Return all that the store holds, as text; bytes as letters where they are some."""
        async with self.database.primary() as connection:
            tables = await connection.execute(
                text(
                    "SELECT table_name, array_agg(CASE WHEN data_type = 'bytea'"
                    " THEN format('encode(%I, ''escape'')', column_name)"
                    " ELSE format('%I::text', column_name) END),"
                    " bool_or(column_name = 'store') FROM information_schema.columns"
                    " WHERE table_schema = 'public' GROUP BY table_name"
                )
            )
            found = []
            for table, columns, is_of_store in tables.all():
                query = f"SELECT concat_ws(' | ', {', '.join(columns)}) FROM {table}"  # noqa: S608 - of the catalogue
                query += " WHERE store = :store" if is_of_store else ""
                rows = await connection.scalars(text(query), {"store": self.number})
                found += [f"{table}: {row}".replace("\n", " ") for row in rows]
        return "\n".join(found).lower()

    async def hits(self) -> list[str]:
        """Return what of her is still there, and where."""
        dumped = await self.dump()
        plain = dumped.replace("\\u00fc", "ü").replace("\\u0061", "a").replace("\\u002e", ".")
        lines = {*dumped.split("\n"), *plain.split("\n")}
        return [line for line in lines if any(secret in line for secret in SECRETS)]

    async def sums(self) -> dict[str, int]:
        """Count by rollups and their tail; what comes from the statements has to be the same."""
        names = ["statements.count", "actors.unique", "completions.count", "activities.unique"]
        asked = resolve(QueryRequest.model_validate({"measures": names}))
        async with self.database.reading() as connection:
            raw = await aggregate(connection, asked, store=self.number, until_position=2**62)
            folded = await aggregate_folded(
                connection, asked, store=self.number, until_position=2**62
            )
        assert folded is not None
        assert folded.table == raw
        return dict(zip(names, (int(str(each)) for each in raw.rows[0]), strict=True))

    async def recount(self) -> dict[str, int]:
        """Count the same in plain Python, over the texts."""
        rows = await self.run(
            "SELECT CAST(payload AS text) FROM statement_payloads AS p JOIN statements AS s"
            " USING (store, position, id) WHERE store = :store AND NOT voided"
        )
        kept = [json.loads(row[0]) for row in rows]
        actors = {told for each in kept if (told := _told(each["actor"]))}
        objects = [each["object"] for each in kept]
        return {
            "statements.count": len(kept),
            "actors.unique": len(actors),
            "completions.count": sum(
                each["verb"] == COMPLETED and each["result"]["completion"] for each in kept
            ),
            "activities.unique": len(
                {each["id"] for each in objects if each.get("objectType", "Activity") == "Activity"}
            ),
        }

    async def erase(self, mode: Mode, on_return: OnReturn | None = None, most: int = 200) -> UUID:
        wanted = await self.erasures.request(OFFICER, self.of, WantedErasure(mode, on_return))
        while await self.job(most).step(self.number, wanted.id):
            pass
        await self.erasures.confirm(OFFICER, self.of, wanted.id, self.person)
        return wanted.id

    async def finish(self, erasure: UUID, most: int = 200) -> Any:
        while await self.job(most).step(self.number, erasure):
            pass
        return await self.erasures.get(self.of, erasure)


def _pieces(content: bytes) -> Any:
    return lambda _size: iter([content])


def _told(actor: Json) -> str | None:
    """Return what an actor is told by."""
    if "account" in actor:
        return f"{actor['account']['homePage']} {actor['account']['name']}"
    return next(
        (str(actor[name]).lower() for name in ("mbox", "mbox_sha1sum", "openid") if name in actor),
        None,
    )


@pytest.fixture
async def store(own: Database, tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(own, await make_tenant(own), Ledger(tmp_path))
    await made.fill()
    yield made
    await made.run("DELETE FROM users")
    await made.run("DELETE FROM user_grants")


async def fold(store: Store) -> None:
    newest = "SELECT coalesce(max(position), 0) FROM statements WHERE store = :store"
    ((until,),) = await store.run(newest)
    async with store.database.writing() as connection:
        while await rollups.fold(connection, store.number, until, "UTC"):
            pass


@pytest.mark.parametrize("mode", Mode)
async def test_she_is_nowhere_any_more_and_sums_are_right(store: Store, mode: Mode) -> None:
    assert len(await store.hits()) > 20
    await fold(store)
    before = await store.sums()
    assert before == await store.recount()
    erasure = await store.erase(mode)
    done = await store.finish(erasure)
    assert await store.hits() == []
    assert await store.sums() == await store.recount()
    await fold(store)
    after = await store.sums()
    if mode is Mode.ANONYMISE:
        assert after == before
    else:
        assert after["statements.count"] == before["statements.count"] - 7
        # She had five identifiers; the statement that voids another one is nobody's now.
        assert after["actors.unique"] == before["actors.unique"] - 5 + 1
    assert done.state == "done"
    said = CertificateKey(KEY).verify(done.certificate)
    assert said["counts"] == done.counts
    assert said["mode"] == mode
    assert (await AuditLogService(store.database).verify(store.number)).broken is None


async def test_it_is_counted_first_and_nothing_is_changed(store: Store) -> None:
    before = await store.dump()
    wanted = await store.erasures.request(OFFICER, store.of, WantedErasure(Mode.ERASE))
    assert wanted.state == "counting"
    with pytest.raises(ErasureConflictError, match="is counting"):
        await store.erasures.confirm(OFFICER, store.of, wanted.id, store.person)
    with pytest.raises(ErasureConflictError, match="already"):
        await store.erasures.request(OFFICER, store.of, WantedErasure(Mode.ERASE))
    while await store.job(3).step(store.number, wanted.id):
        pass
    counted = await store.erasures.get(store.of, wanted.id)
    assert counted.state == "counted"
    found = counted.found
    assert found is not None
    assert found["statements"] == {
        "all": 16, "to_delete": 7, "to_change": 9, "actor": 8, "object": 1, "member": 2,
        "instructor": 1, "substatement": 1, "text": 5, "extension": 1,
    }  # fmt: skip
    assert found["documents"] == {"own": 1, "naming": 4}
    assert found["attachments"] == 1
    assert (found["launch_tokens"], found["credentials"], found["grants"]) == (1, 1, 2)
    assert len(found["users"]) == 1
    assert found["audit_records"] >= 1
    assert len(found["examples"]["actor"]) == 5
    with pytest.raises(ErasureConflictError, match="confirm"):
        await store.erasures.confirm(OFFICER, store.of, wanted.id, uuid4())
    await store.erasures.withdraw(OFFICER, store.of, wanted.id)
    assert await store.erasures.list_all(store.of) == []
    audited = {line for line in (await store.dump()).split("\n") if line.startswith("audit")}
    assert {*(await store.dump()).split("\n")} - {*before.split("\n")} <= audited


@pytest.mark.parametrize("mode", Mode)
async def test_the_end_is_the_same_whatever_kills_it(
    store: Store, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction is rolled back at its end once, as if the process had been killed then."""
    erasure = await store.erase(mode, most=3)
    kept = Database.writing

    def killed_at_the_end(self: Database, extra_seconds: float = 0) -> Any:
        return _killed(kept(self, extra_seconds))

    more = True
    while more:
        with monkeypatch.context() as patched:
            patched.setattr(Database, "writing", killed_at_the_end)
            with pytest.raises(_KilledError):
                await store.job(3).step(store.number, erasure)
        more = await store.job(3).step(store.number, erasure)
    done = await store.erasures.get(store.of, erasure)
    assert done.state == "done"
    assert await store.hits() == []
    deleted, changed = (7, 9) if mode is Mode.ERASE else (0, 16)
    assert done.counts["statements_deleted"] == deleted
    assert done.counts["statements_changed"] == changed
    usage = await store.run(
        "SELECT sum(bytes) - (SELECT sum(octet_length(payload::text)) FROM statement_payloads"
        " WHERE store = :store) - (SELECT coalesce(sum(size), 0) FROM attachments"
        " WHERE store = :store) FROM (SELECT * FROM store_usage UNION ALL"
        " SELECT * FROM store_usage_changes) AS held WHERE store = :store"
    )
    assert usage[0][0] == 0
    # A line for each time that it began, and one erasure.
    assert [each.erasure for each in store.ledger.entries()] == [erasure]
    assert len(store.ledger.path.read_text().splitlines()) == 2


class _KilledError(Exception):
    pass


@asynccontextmanager
async def _killed(transaction: Any) -> AsyncIterator[Any]:
    async with transaction as connection:
        yield connection
        raise _KilledError


@pytest.mark.parametrize("mode", Mode)
async def test_she_is_gone_though_systems_go_on_sending(store: Store, mode: Mode) -> None:
    sent, refused = 0, 0

    async def go_on_sending() -> None:
        nonlocal sent, refused
        while True:
            for actor in (MBOX, BOB, LMS):
                try:
                    await store.send(a_statement(actor=actor, verb=verb("viewed")))
                    sent += actor is BOB
                except ErasedPersonError:
                    refused += 1

    erasure = await store.erase(mode, most=5)
    async with store.database.primary() as connection:
        assert await is_being_erased(connection, store.number, [ifi_key(IFIS[0])])
    sending = asyncio.create_task(go_on_sending())
    done = await store.finish(erasure, most=5)
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    assert done.state == "done"
    assert await store.hits() == []
    assert sent > 0
    assert bool(refused) == (mode is Mode.ERASE)
    ((count,),) = await store.run(
        "SELECT count(*) FROM statement_payloads WHERE store = :store"
        " AND payload::text LIKE '%http://example.org/verbs/viewed%'"
        " AND payload::text LIKE '%bob@example.org%'"
    )
    assert count >= sent
    await fold(store)
    assert await store.sums() == await store.recount()


async def test_what_is_left_in_mode_anonymise_tells_of_nobody(store: Store) -> None:
    await store.finish(await store.erase(Mode.ANONYMISE))
    rows = await store.run(
        "SELECT p.id, p.name, p.user_name, p.external_id, count(i.agent) FROM people AS p"
        " JOIN person_identifiers AS i ON i.store = p.store AND i.person = p.id"
        " WHERE p.store = :store GROUP BY p.store, p.id"
    )
    ((nobody, name, user_name, external_id, identifiers),) = rows
    assert (name, user_name, external_id) == (None, None, None)
    assert nobody != store.person
    assert identifiers >= 5
    kept = await store.run(
        "SELECT name, value FROM person_attributes WHERE store = :store AND person = :id",
        id=nobody,
    )
    assert [tuple(row) for row in kept] == [("department", "Sales")]
    managed = await store.run(
        "SELECT value FROM person_attributes WHERE store = :store AND name = 'manager'"
    )
    assert [row.value for row in managed] == [str(nobody)]
    teams = await store.run(
        "SELECT count(*) FROM team_members WHERE store = :store AND person = :id", id=nobody
    )
    assert teams[0][0] == 1
    # All that she did is still done by one person.
    ((count,),) = await store.run(
        "SELECT count(DISTINCT i.person) FROM statements AS s"
        " JOIN person_identifiers AS i ON i.store = s.store AND i.agent = s.actor"
        " WHERE s.store = :store"
    )
    assert count == 1


async def test_who_was_limited_to_her_sees_nothing(store: Store) -> None:
    await store.finish(await store.erase(Mode.ANONYMISE))
    ((agents,),) = await store.run("SELECT agents FROM credentials WHERE store = :store")
    assert agents == []
    rows = await store.run("SELECT role, agents FROM user_grants WHERE store = :store")
    assert [tuple(row) for row in rows] == [("team_lead", [json.dumps(BOB)])]
    revoked = await store.run("SELECT revoked FROM launch_tokens WHERE store = :store")
    assert revoked[0][0] is not None


async def test_an_account_that_has_rights_elsewhere_is_left_and_told(store: Store) -> None:
    await store.run(
        'INSERT INTO user_grants ("user", store, role) SELECT "user", 0, \'platform_owner\''
        " FROM user_people WHERE store = :store"
    )
    done = await store.finish(await store.erase(Mode.ERASE))
    assert (done.counts["accounts_left"], done.counts["accounts_deleted"]) == (1, 0)
    rows = await store.run(
        'SELECT count(*) FROM users JOIN user_grants ON "user" = id WHERE email = :mail', mail=MAIL
    )
    assert rows[0][0] == 1


async def test_who_is_frozen_archived_or_held_is_not_erased(store: Store) -> None:
    wanted = WantedErasure(Mode.ERASE)
    frozen = "UPDATE stores SET frozen = ARRAY[CAST(:key AS uuid)] WHERE id = :store"
    await store.run(frozen, key=str(ifi_key(IFIS[0])))
    with pytest.raises(ErasureConflictError, match="restricted"):
        await store.erasures.request(OFFICER, store.of, wanted)
    await store.run("UPDATE stores SET frozen = '{}' WHERE id = :store")
    hold = (
        "INSERT INTO legal_holds (store, id, person, keys, reason, made_by)"
        " VALUES (:store, :id, :id, ARRAY[CAST(:key AS uuid)], 'a lawsuit', 'the officer')"
    )
    await store.run(hold, id=uuid4(), key=str(ifi_key(IFIS[1])))
    with pytest.raises(ErasureConflictError, match="legal hold"):
        await store.erasures.request(OFFICER, store.of, wanted)
    await store.run("UPDATE legal_holds SET released = now() WHERE store = :store")
    await store.run(
        "INSERT INTO person_archives (store, id, person, keys, language, sees_frozen, ordered_by)"
        " VALUES (:store, :id, :id, ARRAY[CAST(:key AS uuid)], 'de', false, 'somebody')",
        id=uuid4(), key=str(ifi_key(IFIS[2])),
    )  # fmt: skip
    with pytest.raises(ErasureConflictError, match="archive"):
        await store.erasures.request(OFFICER, store.of, wanted)
    await store.run("UPDATE person_archives SET finished = now() WHERE store = :store")
    await store.finish(await store.erase(Mode.ERASE))
    assert await store.run("SELECT 1 FROM person_archives WHERE store = :store") == []


async def test_somebody_whom_nobody_has_joined_is_erased_by_the_key(store: Store) -> None:
    await store.run("DELETE FROM people WHERE store = :store")
    await store.run("DELETE FROM person_identifiers WHERE store = :store")
    store.person = ifi_key(Ifi("mbox", BOB["mbox"]))
    done = await store.finish(await store.erase(Mode.ANONYMISE))
    assert done.state == "done"
    assert "bob@example.org" not in await store.dump()
    assert MAIL in await store.dump()
    ((count,),) = await store.run("SELECT count(*) FROM people WHERE store = :store")
    assert count == 0
    store.person = uuid4()
    with pytest.raises(PersonNotFoundError):
        await store.erasures.request(OFFICER, store.of, WantedErasure(Mode.ERASE))


@pytest.mark.parametrize("mode", Mode)
async def test_after_a_restore_she_is_erased_again(store: Store, mode: Mode) -> None:
    first = await store.finish(await store.erase(mode))
    nobodies = await _accounts_of_nobody(store)
    # An older database comes back: it has her, and knows of no erasure.
    for table in ("tombstones", "erasures", "attribute_definitions", "teams", "documents"):
        await store.run(f"DELETE FROM {table} WHERE store = :store")  # noqa: S608 - our own names
    await store.fill()
    assert await store.hits() != []
    replays = ErasureReplays(store.database, KEY, HOME_PAGE, store.ledger)
    (replayed,) = await replays.replay(store.tenant.principal.store_name)
    assert replayed.identifiers is not None
    assert replayed.identifiers >= 5
    assert await store.hits() == []
    assert await _accounts_of_nobody(store) == nobodies
    again = await store.erasures.get(store.of, first.id)
    assert (again.state, again.mode) == ("done", mode)
    with suppress(ErasedPersonError):
        await store.send(a_statement(actor=LMS))
        assert mode is Mode.ANONYMISE
    assert await store.hits() == []
    # What the database has of the ledger says the same. The job may have met those of other tests.
    name = store.tenant.principal.store_name
    (kept,) = [each for each in await replays.kept() if each.store == name]
    (entry,) = [each for each in store.ledger.entries() if each.store == name]
    assert {*kept.identifiers} == {*entry.identifiers}
    (nothing,) = await replays.replay(name)
    assert nothing.identifiers == 0


async def _accounts_of_nobody(store: Store) -> set[str]:
    rows = await store.run(
        "SELECT DISTINCT ifi FROM agents JOIN statements AS s ON s.store = agents.store"
        " AND s.actor = agents.key WHERE s.store = :store AND ifi LIKE :home_page",
        home_page=f"{HOME_PAGE}/anonymous %",
    )
    return {row.ifi for row in rows}


async def test_without_a_ledger_nobody_is_erased(store: Store, tmp_path: Path) -> None:
    erasure = await store.erase(Mode.ERASE)
    (tmp_path / "a file").write_text("")
    store.ledger = Ledger(tmp_path / "a file")
    with pytest.raises(StartError, match="cannot be written"):
        await store.finish(erasure)
    assert len(await store.hits()) > 20
    await store.send(a_statement(actor=MBOX))
