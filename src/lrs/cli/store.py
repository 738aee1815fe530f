"""`lrs store`: the stores of this LRS, and how strictly each of them judges."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from lrs.cli.database import shared_database
from lrs.cli.tables import minute, show
from lrs.services.stores import StoresService
from lrs.settings import load_settings
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.stores import Store
from lrs.xapi.leniencies import Mode

store = typer.Typer(help="List stores and set how strict they are.", no_args_is_help=True)


@asynccontextmanager
async def _stores_service(url: str) -> AsyncIterator[StoresService]:
    database = await open_database(DatabaseOptions(url))
    try:
        yield StoresService(database)
    finally:
        await database.close()


@store.command(name="list")
def list_() -> None:
    """Show all stores, oldest first."""

    async def find(url: str) -> Sequence[Store]:
        async with _stores_service(url) as service:
            return await service.list_all()

    with shared_database(load_settings()) as database:
        found = asyncio.run(find(database.url))
    show(_table(found))


@store.command(name="set")
def set_(
    name: Annotated[str, typer.Argument(help="The name of the store.")],
    mode: Annotated[
        Mode, typer.Option(help="strict as the standard, or tolerant as docs/clients.md says.")
    ],
) -> None:
    """Set how strictly a store judges the statements that come from now on."""

    async def change(url: str) -> None:
        async with _stores_service(url) as service:
            await service.set_mode(name, mode)

    with shared_database(load_settings()) as database:
        asyncio.run(change(database.url))
    typer.echo(f"{name} is {mode.value}")


def _table(found: Sequence[Store]) -> Table:
    table = Table(Column("store", overflow="fold"), "mode", "made (UTC)")
    for each in found:
        table.add_row(escape(each.name), each.mode.value, minute(each.created))
    return table
