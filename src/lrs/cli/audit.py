"""`lrs audit`: whether the audit log is unbroken, the log for an outsider, and erasure in it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.audit_chain import ERASABLE, AuditRecord, moment
from lrs.cli.database import shared_database
from lrs.cli.reporting import FAILED
from lrs.services.audit_log import NAME_OF_NONE, AuditLogService, Verified
from lrs.services.credentials import FIRST_STORE
from lrs.settings import load_settings
from lrs.storage.engines import DatabaseOptions, open_database

audit = typer.Typer(help="Check, export and erase in the audit log.", no_args_is_help=True)

_Store = Annotated[str, typer.Option(help="The store whose log it is; - is what belongs to none.")]


@asynccontextmanager
async def _audit_log(url: str) -> AsyncIterator[AuditLogService]:
    database = await open_database(DatabaseOptions(url))
    try:
        yield AuditLogService(database)
    finally:
        await database.close()


@audit.command()
def verify(
    store: Annotated[
        str | None, typer.Option(help="One store, or - for what belongs to none; else all.")
    ] = None,
) -> None:
    """Follow the chain of the records; tell the first link of each store that does not hold."""

    async def follow(url: str) -> list[tuple[str, Verified]]:
        async with _audit_log(url) as service:
            return [
                (name, await service.verify(number))
                for number, name in await _chains(service, store)
            ]

    with shared_database(load_settings()) as database:
        found = asyncio.run(follow(database.url))
    for name, verified in found:
        typer.echo(_said(name, verified))
    if any(verified.broken for _, verified in found):
        raise typer.Exit(FAILED)


@audit.command()
def export(store: _Store = FIRST_STORE) -> None:
    """Write all records of a store, a line of JSON each, for whoever checks them elsewhere."""

    async def write(url: str) -> None:
        async with _audit_log(url) as service:
            number = await service.store_named(store)
            async for record in service.records(number):
                sys.stdout.write(json.dumps(_line(number, record), ensure_ascii=False) + "\n")
            await service.record(number, AuditEvent(_caller("export"), Action.EXPORTED, "audit"))

    with shared_database(load_settings()) as database:
        asyncio.run(write(database.url))


@audit.command()
def erase(
    person: Annotated[str, typer.Option(help="The id of a user, or the key of an Agent.")],
    store: _Store = FIRST_STORE,
) -> None:
    """Blank what the log of a store tells of a person; the chain holds as it did."""

    async def blank(url: str) -> int:
        async with _audit_log(url) as service:
            number = await service.store_named(store)
            return (await service.erase_person(_caller("erase"), number, person)).records

    with shared_database(load_settings()) as database:
        records = asyncio.run(blank(database.url))
    typer.echo(f"{records} records do not tell of that person any more")


def _caller(command: str) -> Caller:
    return Caller(WhoKind.SYSTEM, f"lrs audit {command}")


async def _chains(service: AuditLogService, store: str | None) -> Sequence[tuple[int, str]]:
    if store is not None:
        return [(await service.store_named(store), store)]
    return [(number, name or _unnamed(number)) for number, name in await service.chains()]


def _unnamed(number: int) -> str:
    return f"deleted store {number}" if number else NAME_OF_NONE


def _said(name: str, verified: Verified) -> str:
    if verified.broken is None:
        return f"{name}: {verified.number} records, unbroken, ends in {verified.hash.hex()}"
    return f"{name}: broken at record {verified.broken.number}: {verified.broken.what}"


def _line(store: int, record: AuditRecord) -> dict[str, object]:
    return {
        "store": store,
        "number": record.number,
        "at": moment(record.at),
        "who_kind": record.who_kind,
        "action": record.action,
        "outcome": record.outcome,
        "request_id": record.request_id,
        **{name: getattr(record, name) for name in ERASABLE},
        "seals": [seal.hex() for seal in record.seals],
        "hash": record.hash.hex(),
    }
