"""`lrs credential`: who may speak to the LRS."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from lrs.auth.principals import SystemKind
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.cli.database import server_key, shared_database
from lrs.cli.tables import minute, show
from lrs.services.credentials import FIRST_STORE, CredentialsService, MadeCredential
from lrs.settings import Settings, load_settings
from lrs.storage.credentials import Credential
from lrs.storage.engines import DatabaseOptions, open_database

_MOMENTS = ("made (UTC)", "revoked (UTC)")

credential = typer.Typer(help="Make, list and revoke credentials.", no_args_is_help=True)


@asynccontextmanager
async def credentials_service(url: str, settings: Settings) -> AsyncIterator[CredentialsService]:
    """Open the service on a database for the length of the block."""
    database = await open_database(DatabaseOptions(url))
    try:
        yield CredentialsService(database, server_key(settings).encode())
    finally:
        await database.close()


@credential.command()
def create(
    label: Annotated[str, typer.Option(help="What it is for, in your words.")],
    system: Annotated[str, typer.Option(help="The tool that gets it, such as Moodle.")],
    system_kind: Annotated[
        SystemKind, typer.Option(help="What sort of tool that is.")
    ] = SystemKind.OTHER,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it may do, each with an option of its own; docs/credentials.md."),
    ] = None,
    store: Annotated[
        str, typer.Option(help="The store that it opens, made with its first credential.")
    ] = FIRST_STORE,
    key: Annotated[str | None, typer.Option(help="Made at random if left out.")] = None,
    secret: Annotated[str | None, typer.Option(help="Made at random if left out.")] = None,
) -> None:
    """Make a credential and show its secret, this once."""
    settings = load_settings()

    async def make(url: str) -> MadeCredential:
        async with credentials_service(url, settings) as service:
            scopes = Scopes(scope or DEFAULT)
            return await service.create(
                label, system, system_kind, key, secret, store=store, scopes=scopes
            )

    with shared_database(settings) as database:
        made = asyncio.run(make(database.url))
    typer.echo(f"key     {made.key}\nsecret  {made.secret}")
    typer.echo("The secret is shown only this once: keep it.", err=True)


@credential.command(name="list")
def list_() -> None:
    """Show all credentials, revoked ones too, oldest first; never a secret."""
    settings = load_settings()

    async def find(url: str) -> Sequence[Credential]:
        async with credentials_service(url, settings) as service:
            return await service.list_all()

    with shared_database(settings) as database:
        found = asyncio.run(find(database.url))
    show(_table(found))


@credential.command()
def revoke(key: Annotated[str, typer.Argument(help="The key of the credential.")]) -> None:
    """Take a credential back: within a second nobody is let in with it."""
    settings = load_settings()

    async def take_back(url: str) -> None:
        async with credentials_service(url, settings) as service:
            await service.revoke(key)

    with shared_database(settings) as database:
        asyncio.run(take_back(database.url))
    typer.echo(f"{key} is revoked")


def _table(found: Sequence[Credential]) -> Table:
    table = Table(Column("key", overflow="fold"), "label", "system", "kind", "store", *_MOMENTS)
    for each in found:
        texts = (each.key, each.label, each.system, each.system_kind.value, each.store_name)
        table.add_row(*map(escape, texts), minute(each.created), minute(each.revoked))
    return table
