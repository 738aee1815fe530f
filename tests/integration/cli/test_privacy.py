"""`lrs privacy`: a person who is back after a restore is erased again, on the command line."""

import json
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text
from uuid_utils.compat import uuid7

from builders import a_statement
from conftest import HOME_PAGE, SERVER_KEY, make_tenant
from lrs.auth.audit import Caller, WhoKind
from lrs.people.erasures import Mode
from lrs.services.erasure_job import ErasureJob
from lrs.services.erasures import ErasuresService, OfPerson, WantedErasure
from lrs.services.statements import StatementLimits, StatementsService
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.erasure_ledger import Ledger
from lrs.storage.migrations import upgrade
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.versions import Version
from running_service import lrs

KEY = SERVER_KEY.encode()
LIMITS = StatementLimits(batch=100, statement_bytes=1_000_000, page=100, max_page=1_000)
OFFICER = Caller(WhoKind.SYSTEM, "a test")


async def test_who_is_back_is_erased_again(empty_database: str, tmp_path: Path) -> None:
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=8))
    tenant = await make_tenant(database)
    of = OfPerson(tenant.principal.store, ifi_key(Ifi("mbox", "mailto:ada@example.org")))
    body = json.dumps(a_statement(id=str(uuid4()))).encode()

    async def send() -> None:
        service = StatementsService(database, LIMITS, uuid7)
        await service.store(tenant.principal, body, Version.V1_0_3)

    await send()
    erasures = ErasuresService(database, KEY, HOME_PAGE)
    job = ErasureJob(database, KEY, Ledger(tmp_path))
    wanted = await erasures.request(OFFICER, of, WantedErasure(Mode.ERASE))
    await job.go_on()
    await erasures.confirm(OFFICER, of, wanted.id, of.person)
    await job.go_on()
    certificate = (await erasures.get(of, wanted.id)).certificate
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM tombstones"))
        await connection.execute(text("DELETE FROM erasures"))
    await send()
    where = {
        "LRS_DATABASE_URL": empty_database,
        "LRS_SERVER_KEY": SERVER_KEY,
        "LRS_PRIVACY_DIR": str(tmp_path),
    }
    done = lrs("privacy", "replay", **where)
    assert done.returncode == 0, done.stderr
    assert "erased again, 1 identifiers were back\n1 erasures hold" in done.stdout
    async with database.primary() as connection:
        left = await connection.scalar(
            text("SELECT count(*) FROM statement_payloads WHERE payload::text LIKE '%ada%'")
        )
        assert left == 0
    await database.close()
    kept = [json.loads(line) for line in Ledger(tmp_path).path.read_text().splitlines()]
    written = lrs("privacy", "ledger", "--from-database", **where).stdout
    macs = [{one["mac"] for one in each["identifiers"]} for each in (json.loads(written), *kept)]
    assert macs == [macs[0]] * 3
    assert certificate is not None
    (tmp_path / "certificate").write_text(certificate)
    verified = lrs("privacy", "verify", str(tmp_path / "certificate"), **where)
    assert json.loads(verified.stdout)["counts"]["statements_deleted"] == 1
