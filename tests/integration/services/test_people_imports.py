"""HR's list against a database: what is created, joined, changed, contradicted, and left alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from conftest import SERVER_KEY, Tenant
from lrs.auth.audit import Caller, WhoKind
from lrs.errors import InvalidRequestError
from lrs.people.identifiers import account
from lrs.people.imports.findings import Counts, Finding, FindingKind
from lrs.people.imports.lists import CsvList
from lrs.people.tombstones import OnReturn, Tombstone, tombstone_mac
from lrs.services.import_runs import ImportOptions, ImportReport
from lrs.services.people_imports import PeopleImportsService
from lrs.storage.engines import Database
from lrs.storage.people import lock_people
from lrs.storage.person_identities import find_identity
from lrs.storage.tombstones import insert_tombstones
from lrs.xapi.keys import Ifi, ifi_key

CALLER = Caller(WhoKind.SYSTEM, "a test")
TODAY = date(2026, 9, 1)
HEADER = "Personalnummer;Name;E-Mail;Login;Abteilung;Team;Vorgesetzte(r);gültig ab;gültig bis\n"
ANNA = "P-1;Anna Berger;anna@firma.example;anna;Vertrieb;Rot;;;\n"
BERT = "P-2;Bert Huber;bert@firma.example;bert;IT;Rot;P-1;;\n"
TABLES = (
    "people",
    "person_identifiers",
    "person_attributes",
    "person_changes",
    "attribute_definitions",
    "teams",
    "team_members",
)
# One of each, so that one transaction holds one person.
ONE_BY_ONE = 1


@dataclass
class Office:
    """HR, before one store."""

    database: Database
    store: int
    told: list[Finding] = field(default_factory=list)

    async def bring(self, rows: str, header: str = HEADER, **options: Any) -> ImportReport:
        self.told = []
        how = ImportOptions(**{"as_of": TODAY, **options})
        service = PeopleImportsService(self.database, SERVER_KEY.encode())
        people = CsvList(BytesIO((header + rows).encode()))
        return await service.run((CALLER, self.store), people, how, self.told.append)

    def problems(self, kind: FindingKind) -> list[Finding]:
        return [each for each in self.told if each.kind is kind]

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.database.primary() as connection:
            return [*await connection.execute(text(query), {"store": self.store, **values})]

    async def everything(self) -> Mapping[str, list[Any]]:
        found = {}
        for table in TABLES:
            rows = await self.rows(f"SELECT * FROM {table} WHERE store = :store")  # noqa: S608 - names of the test
            found[table] = sorted(map(str, rows))
        return found

    async def values(self, number: str, name: str) -> list[tuple[str, date, date]]:
        query = """
            SELECT value, valid_from, valid_until FROM person_attributes
            WHERE store = :store AND name = :name AND person =
                (SELECT id FROM people WHERE store = :store AND external_id = :number)
            ORDER BY valid_from
        """
        return [tuple(row) for row in await self.rows(query, number=number, name=name)]

    async def person(self, ifi: Ifi) -> UUID:
        async with self.database.primary() as connection:
            return (await find_identity(connection, self.store, ifi_key(ifi))).id


@pytest.fixture
def office(database: Database, tenant: Tenant) -> Office:
    return Office(database, tenant.principal.store)


def a_mail(name: str) -> Ifi:
    return Ifi("mbox", f"mailto:{name}@firma.example")


async def test_a_dry_run_changes_nothing_and_tells_what_the_import_then_does(
    office: Office,
) -> None:
    dry = await office.bring(ANNA + BERT, is_dry=True)
    told = office.told
    assert not any((await office.everything()).values())
    wet = await office.bring(ANNA + BERT)
    assert (dry.counts, dry.definitions, dry.teams) == (wet.counts, wet.definitions, wet.teams)
    assert told == office.told
    assert wet.counts == Counts(
        rows=2, people=2, created=2, identifiers=4, values=7
    )  # a mail and its SHA-1; number, department and team of both, and one manager


@pytest.mark.parametrize("batch", [ONE_BY_ONE, 100])
async def test_the_same_list_again_changes_nothing(office: Office, batch: int) -> None:
    await office.bring(BERT + ANNA, batch=batch)
    before = await office.everything()
    again = await office.bring(BERT + ANNA, batch=batch)
    assert again.counts == Counts(rows=2, people=2, unchanged=2)
    assert office.told == []
    assert await office.everything() == before


async def test_the_mail_address_brings_its_sha1_by_rule(office: Office) -> None:
    await office.bring(ANNA)
    async with office.database.primary() as connection:
        found = await find_identity(connection, office.store, ifi_key(a_mail("anna")))
    assert found.name == "Anna Berger"
    assert {ifi.type for ifi in found.identifiers.values()} == {"mbox", "mbox_sha1sum"}


async def test_an_account_is_the_personnel_number_where_a_rule_says_so(office: Office) -> None:
    await office.rows(
        "INSERT INTO joining_rules (store, id, kind, home_page, attribute) VALUES (:store, :id,"
        " 'account_is_attribute', 'https://hr.example', 'personnel_number') RETURNING id",
        id=uuid4(),
    )
    report = await office.bring(ANNA)
    assert report.counts.identifiers == 3
    by_rule = await office.person(account("https://hr.example", "P-1"))
    assert by_rule == await office.person(a_mail("anna"))


async def test_a_change_of_department_keeps_what_was_and_is_written_down(office: Office) -> None:
    await office.bring(ANNA)
    report = await office.bring(ANNA.replace("Vertrieb", "IT").replace("Berger", "Groß"))
    assert report.counts == Counts(rows=1, people=1, changed=1, values=1, names=1)
    assert await office.values("P-1", "department") == [
        ("Vertrieb", date.min, TODAY),
        ("IT", TODAY, date.max),
    ]
    changes = await office.rows(
        "SELECT what, before, after FROM person_changes WHERE store = :store AND before IS NOT NULL"
    )
    assert ("name", '"Anna Berger"', '"Anna Groß"') in map(tuple, changes)
    assert "attribute:department" in {row.what for row in changes}


async def test_validities_make_values_over_time(office: Office) -> None:
    rows = (
        "P-1;Anna;anna@firma.example;;Vertrieb;;;;30.06.2026\n"
        "P-1;Anna;anna@firma.example;;IT;;;01.07.2026;\n"
    )
    await office.bring(rows)
    assert await office.values("P-1", "department") == [
        ("Vertrieb", date.min, date(2026, 7, 1)),
        ("IT", date(2026, 7, 1), date.max),
    ]
    assert (await office.bring(rows)).counts.unchanged == 1


async def test_a_manager_may_stand_anywhere_in_the_list_or_only_in_the_store(
    office: Office,
) -> None:
    await office.bring(ANNA)
    carla = "P-3;Carla;carla@firma.example;;IT;;anna@FIRMA.example;;\n"
    await office.bring(carla + "P-0;Dora;dora@firma.example;;IT;;P-3;;\n", batch=ONE_BY_ONE)
    for number, manager in (("P-3", "anna"), ("P-0", "carla")):
        ((value, _, _),) = await office.values(number, "manager")
        assert UUID(value) == await office.person(a_mail(manager))


async def test_a_ring_of_managers_is_refused_and_the_people_are_taken(office: Office) -> None:
    report = await office.bring(ANNA.replace("Rot;;", "Rot;P-2;") + BERT)
    assert (report.counts.created, report.counts.refused_values) == (2, 2)
    assert await office.values("P-1", "manager") == []
    for finding in office.problems(FindingKind.REFUSED):
        assert finding.column == "manager"
        assert "P-1 -> P-2" in finding.text or "P-2 -> P-1" in finding.text


async def test_a_ring_by_way_of_somebody_whom_only_the_store_knows_is_refused(
    office: Office,
) -> None:
    await office.bring(ANNA + BERT)
    report = await office.bring(ANNA.replace("Rot;;", "Rot;P-2;"))
    assert report.counts.refused_values == 1
    assert await office.values("P-1", "manager") == []


async def test_an_unknown_manager_is_refused_and_the_person_is_taken(office: Office) -> None:
    report = await office.bring(BERT)
    assert (report.counts.created, report.counts.refused_values) == (1, 1)
    (finding,) = office.problems(FindingKind.REFUSED)
    assert (finding.row, finding.column) == (2, "manager")
    assert "'P-1'" in finding.text


async def test_an_identifier_of_another_person_is_contradicted_with_both_named(
    office: Office,
) -> None:
    await office.bring(ANNA)
    before = await office.everything()
    report = await office.bring("P-9;Eve;anna@firma.example;;IT;Blau;;;\n")
    assert report.counts == Counts(rows=1, people=1, contradicted=1)
    (finding,) = office.problems(FindingKind.CONTRADICTED)
    assert (finding.row, finding.person) == (2, "P-9")
    assert "Anna Berger" in finding.text
    assert "P-1" in finding.text
    assert await office.everything() == before, "nothing half done, and no team was made"


async def test_two_rows_that_claim_one_identifier_are_told_and_the_first_is_taken(
    office: Office,
) -> None:
    report = await office.bring(BERT + ANNA.replace("anna@", "bert@"), batch=ONE_BY_ONE)
    assert (report.counts.created, report.counts.contradicted) == (1, 1)
    (finding,) = office.problems(FindingKind.CONTRADICTED)
    assert (finding.row, finding.person) == (3, "P-1")
    assert "row 2" in finding.text


async def test_two_persons_of_the_store_in_one_row_are_not_merged(office: Office) -> None:
    await office.bring(ANNA + BERT)
    row = "P-1;openid@firma.example;bert@firma.example;\n"
    await office.bring(row, header="Personalnummer;Name;E-Mail;openid\n")
    (finding,) = office.problems(FindingKind.CONTRADICTED)
    assert "Anna Berger" in finding.text
    assert "Bert Huber" in finding.text


async def test_a_login_of_another_person_is_contradicted(office: Office) -> None:
    await office.bring(ANNA)
    await office.bring("P-9;Eve;eve@firma.example;ANNA;IT;;;;\n")
    (finding,) = office.problems(FindingKind.CONTRADICTED)
    assert "login" in finding.text


async def test_somebody_known_by_mail_alone_gets_their_number(office: Office) -> None:
    await office.bring("anna@firma.example;Anna\n", header="E-Mail;Name\n")
    report = await office.bring(ANNA)
    assert (report.counts.created, report.counts.changed) == (0, 1)
    assert len(await office.rows("SELECT id FROM people WHERE store = :store")) == 1


async def test_whom_the_list_does_not_name_stays(office: Office) -> None:
    await office.bring(ANNA + BERT)
    await office.bring(ANNA)
    assert len(await office.values("P-2", "department")) == 1


async def test_another_team_ends_the_one_before(office: Office) -> None:
    await office.bring(ANNA)
    report = await office.bring(ANNA.replace("Rot", "Blau"))
    assert report.teams == ("Blau",)
    rows = await office.rows(
        "SELECT name, valid_until FROM team_members JOIN teams ON teams.store = team_members.store"
        " AND teams.id = team WHERE team_members.store = :store"
    )
    assert {(row.name, row.valid_until) for row in rows} == {("Rot", TODAY), ("Blau", date.max)}
    assert (await office.bring(ANNA.replace("Rot", "BLAU"))).counts.unchanged == 1


async def test_a_list_that_is_none_from_some_row_on_changes_nothing(office: Office) -> None:
    with pytest.raises(InvalidRequestError, match="row 3"):
        await office.bring(ANNA + '"never closed')
    assert not any((await office.everything()).values())


async def test_who_was_erased_does_not_come_back(office: Office) -> None:
    mac = tombstone_mac(SERVER_KEY.encode(), ifi_key(a_mail("anna")))
    async with office.database.writing() as connection:
        made = Tombstone(mac, OnReturn.REFUSE, account("https://none.example", "x"))
        await insert_tombstones(connection, office.store, uuid4(), [made])
    report = await office.bring(ANNA + BERT)
    assert (report.counts.created, report.counts.refused) == (1, 1)
    (finding, _) = office.problems(FindingKind.REFUSED)
    assert "erased" in finding.text


async def test_a_batch_that_fails_leaves_the_ones_before_and_nothing_of_itself(
    office: Office,
) -> None:
    def fail_at_bert(finding: Finding) -> None:
        if finding.person == "P-1":
            raise KeyboardInterrupt

    service = PeopleImportsService(office.database, SERVER_KEY.encode())
    people = CsvList(BytesIO((HEADER + ANNA + BERT).encode()))
    options = ImportOptions(as_of=TODAY, batch=ONE_BY_ONE)
    with pytest.raises(KeyboardInterrupt):
        await service.run((CALLER, office.store), people, options, fail_at_bert)
    assert len(await office.rows("SELECT id FROM people WHERE store = :store")) == 1
    report = await office.bring(ANNA + BERT)
    assert (report.counts.created, report.counts.changed, report.counts.unchanged) == (1, 0, 1)


async def test_an_import_waits_for_who_writes_of_persons_and_a_dry_run_for_nobody(
    office: Office,
) -> None:
    waiting = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND classid = 19544 AND objid = :store"
    )
    async with office.database.writing() as connection:
        await lock_people(connection, office.store)
        assert (await office.bring(ANNA, is_dry=True)).counts.created == 1
        importing = asyncio.create_task(office.bring(ANNA))
        while not await office.rows(waiting):
            assert not importing.done(), "it waits"
            await asyncio.sleep(0.01)
    assert (await importing).counts.created == 1
