"""`lrs store`: the stores of this LRS, how strictly each judges, and what each sets for itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Column, Table

from lrs.auth.audit import Caller, WhoKind
from lrs.cli.database import shared_database
from lrs.cli.tables import minute, show
from lrs.main.services import most_of_stores, pseudonyms_service
from lrs.services.deletion import DeletionService
from lrs.services.stores import StoresService
from lrs.settings import load_settings
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.store_deletion import StoreDeletion
from lrs.storage.stores import Store
from lrs.xapi.leniencies import Mode

store = typer.Typer(help="Make, list, set and delete stores.", no_args_is_help=True)

_Result = TypeVar("_Result")
Name = Annotated[str, typer.Argument(help="The name of the store.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="NAME=VALUE",
        help="One of docs/stores.md, as often as needed; without a value it is cleared.",
    ),
]
# Seconds between two looks at how far a deletion is that another process does.
_BETWEEN_LOOKS = 0.5


@store.command()
def create(
    name: Name,
    mode: Annotated[
        Mode, typer.Option(help="strict as the standard, or tolerant as docs/clients.md says.")
    ] = Mode.STRICT,
    setting: Changes = None,
    *,
    pseudonymous: Annotated[
        bool,
        typer.Option(
            "--pseudonymous",
            help="Keep actors by keyed pseudonyms alone, for ever, as docs/pseudonyms.md says.",
        ),
    ] = False,
) -> None:
    """Make an empty store; `lrs credential create --store` makes credentials for it."""
    changes = _changes(setting)

    async def make(service: StoresService, _: Database) -> None:
        await service.create(_caller("create"), name, mode, changes, pseudonymous=pseudonymous)

    _run(make)
    typer.echo(f"{name} is {mode.value}{' and pseudonymous' if pseudonymous else ''}")


@store.command(name="list")
def list_() -> None:
    """Show all stores, oldest first."""

    async def find(service: StoresService, _: Database) -> Sequence[Store]:
        return await service.list_all()

    show(_table(_run(find)))


@store.command(name="set")
def set_(
    name: Name,
    mode: Annotated[
        Mode | None,
        typer.Option(help="strict as the standard, or tolerant as docs/clients.md says."),
    ] = None,
    setting: Changes = None,
) -> None:
    """Set how a store judges, and limits itself, from now on."""
    changes = _changes(setting)
    if mode is None and not changes:
        raise typer.BadParameter("say --mode, --setting, or both")

    async def change(service: StoresService, _: Database) -> Store:
        await service.change(_caller("set"), name, mode, changes)
        return (await service.get(name)).store

    typer.echo(f"{name} is {_run(change).mode.value}")


@store.command()
def delete(
    name: Name,
    confirm: Annotated[
        str | None, typer.Option(help="The name of the store again, to be sure.")
    ] = None,
) -> None:
    """Delete a store for good, with all that it holds, and wait until nothing of it is left."""
    confirmed = confirm or typer.prompt(f"All that {name} holds will be gone. Its name, to go on")

    async def remove(service: StoresService, database: Database) -> StoreDeletion:
        deletion = await service.delete(_caller("delete"), name, confirmed)
        while deletion.finished is None:
            # A running service does it too; whoever is first does it.
            await DeletionService(database).go_on()
            deletion = await service.deletion(name)
            typer.echo(f"{deletion.deleted} of {deletion.total or '?'} rows are gone", err=True)
            await asyncio.sleep(_BETWEEN_LOOKS)
        return deletion

    typer.echo(f"{name} is gone, with {_run(remove).deleted} rows")


def _changes(settings: Sequence[str] | None) -> dict[str, object]:
    return dict(map(_change, settings or ()))


def _change(setting: str) -> tuple[str, object]:
    name, separator, value = setting.partition("=")
    if not separator:
        raise typer.BadParameter(f"{setting!r} must look like max_batch=100, or max_batch=")
    if not value:
        return name, None
    return name, int(value) if value.isascii() and value.isdigit() else value


def _caller(command: str) -> Caller:
    return Caller(WhoKind.SYSTEM, f"lrs store {command}")


def _run(task: Callable[[StoresService, Database], Awaitable[_Result]]) -> _Result:
    """Do something with the stores of the database that is set."""
    settings = load_settings()

    async def run(url: str) -> _Result:
        async with _opened(url) as database:
            pseudonyms = pseudonyms_service(settings, database)
            service = StoresService(database, most_of_stores(settings), pseudonyms)
            return await task(service, database)

    with shared_database(settings) as shared:
        return asyncio.run(run(shared.url))


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = await open_database(DatabaseOptions(url))
    try:
        yield database
    finally:
        await database.close()


def _table(found: Sequence[Store]) -> Table:
    table = Table(Column("store", overflow="fold"), "mode", "made (UTC)", "being deleted since")
    for each in found:
        mode = f"{each.mode.value}{', pseudonymous' if each.pseudonymous else ''}"
        table.add_row(escape(each.name), mode, minute(each.created), minute(each.deleting))
    return table
