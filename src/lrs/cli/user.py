"""`lrs user`: the people who may sign in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from lrs.auth.audit import Caller, WhoKind
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role
from lrs.cli.database import server_key, shared_database
from lrs.cli.tables import minute, show
from lrs.main.services import pseudonyms_service
from lrs.services.users import Asking, GivenRole, KnownUser, SetUpLink, UsersService
from lrs.settings import Settings, load_settings
from lrs.storage.embedded.data_directory import DataDirectory
from lrs.storage.engines import DatabaseOptions, open_database

_ASKING = Asking(Caller(WhoKind.SYSTEM, "lrs user"))
_AT_A_TIME = 500
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,200}@[^@\s\x00-\x1f\x7f]{1,53}")

user = typer.Typer(help="Let people in, list them, keep them out.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The address of an account of our own.")]


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise typer.BadParameter("must be an address such as ada@example.org")
    return text


@asynccontextmanager
async def _users_service(url: str, settings: Settings) -> AsyncIterator[UsersService]:
    database = await open_database(DatabaseOptions(url))
    try:
        pseudonyms = pseudonyms_service(settings, database)
        yield UsersService(database, server_key(settings).encode(), pseudonyms)
    finally:
        await database.close()


@user.command()
def create(  # noqa: PLR0913, PLR0917 - each is an option of the command
    email: Annotated[
        str, typer.Option(help="Their address; they sign in by it.", callback=_address)
    ],
    name: Annotated[str, typer.Option(help="What they are called.")],
    role: Annotated[Role, typer.Option(help="What they may do; docs/sign-on.md.")],
    store: Annotated[
        str | None, typer.Option(help="Where the role holds; all stores if left out.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(
            help="Whom it is limited to: an address or an Agent as JSON; can be repeated."
        ),
    ] = None,
    activity: Annotated[
        list[str] | None, typer.Option(help="The IRI of what it is limited to; can be repeated.")
    ] = None,
    team: Annotated[
        list[str] | None,
        typer.Option(help="A team whose members of the day it is limited to; can be repeated."),
    ] = None,
) -> None:
    """Make an account of our own, and show a link, this once, that sets its password."""
    settings = load_settings()
    agents = [_agent(text) for text in agent] if agent else None
    grant = Grant.of(agents, activity or None, team or None)
    given = GivenRole(role, store, grant)

    async def make(url: str) -> SetUpLink:
        async with _users_service(url, settings) as service:
            made = await service.create(_ASKING, name, email, roles=[given])
            return await service.make_set_up_link(_ASKING, made)

    with shared_database(settings) as database:
        link = asyncio.run(make(database.url))
    _tell(link, settings)


@user.command(name="list")
def list_() -> None:
    """Show all people, oldest first."""
    settings = load_settings()

    async def find(url: str) -> Sequence[KnownUser]:
        found: list[KnownUser] = []
        async with _users_service(url, settings) as service:
            while page := await service.list(
                _ASKING, after=found[-1].user.id if found else None, limit=_AT_A_TIME
            ):
                found += page
        return found

    with shared_database(settings) as database:
        found = asyncio.run(find(database.url))
    show(_table(found))


@user.command(name="set-up-link")
def set_up_link(email: Email) -> None:
    """Show a link, this once, that sets the password anew."""
    settings = load_settings()

    async def make(url: str) -> SetUpLink:
        async with _users_service(url, settings) as service:
            found = await service.get_by_email(email)
            return await service.make_set_up_link(_ASKING, found.id)

    with shared_database(settings) as database:
        link = asyncio.run(make(database.url))
    _tell(link, settings)


@user.command()
def disable(email: Email) -> None:
    """Keep somebody out: they are signed out everywhere at once."""
    _set_disabled(email, disabled=True)
    typer.echo(f"{email} is kept out")


@user.command()
def enable(email: Email) -> None:
    """Let somebody in again who was kept out."""
    _set_disabled(email, disabled=False)
    typer.echo(f"{email} may sign in again")


def _set_disabled(email: str, *, disabled: bool) -> None:
    settings = load_settings()

    async def change(url: str) -> None:
        async with _users_service(url, settings) as service:
            found = await service.get_by_email(email)
            await service.change(_ASKING, found.id, disabled=disabled)

    with shared_database(settings) as database:
        asyncio.run(change(database.url))


def _agent(text: str) -> str:
    """Return an Agent as JSON text; one who has an address is told by it alone."""
    if text.startswith("{"):
        return text
    return json.dumps({"mbox": f"mailto:{text.removeprefix('mailto:')}"})


def _tell(link: SetUpLink, settings: Settings) -> None:
    typer.echo(f"{_origin(settings)}/set-up/{link.token}")
    typer.echo("The link is good once, for a day, and is shown only this once.", err=True)


def _origin(settings: Settings) -> str:
    """Return where browsers find the service: as it is set, or where the one of this data runs."""
    is_embedded = settings.database_url is None
    running = DataDirectory(settings.data_dir).announced() if is_embedded else None
    return settings.public_url or running or f"http://{settings.host}:{settings.port}"


def _table(found: Sequence[KnownUser]) -> Table:
    columns = ("name", "roles", "made (UTC)", "kept out (UTC)")
    table = Table(Column("address", overflow="fold"), *columns)
    for each in found:
        roles = ", ".join(f"{it.role}@{it.store}" if it.store else it.role for it in each.roles)
        texts = (each.user.email, each.user.name, roles)
        moments = minute(each.user.created), minute(each.user.disabled)
        table.add_row(*map(escape, texts), *moments)
    return table
