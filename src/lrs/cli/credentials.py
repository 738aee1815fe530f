"""`lrs credential`: who may speak to the LRS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.markup import escape
from rich.table import Column, Table

from lrs.auth.audit import Caller, WhoKind
from lrs.auth.credentials import Credential
from lrs.auth.principals import SystemKind
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.terms import Terms
from lrs.cli.database import server_key, shared_database
from lrs.cli.tables import minute, show
from lrs.main.services import pseudonyms_service
from lrs.services.administrators import Administrator
from lrs.services.credentials import (
    FIRST_STORE,
    CredentialsService,
    MadeCredential,
    WantedCredential,
)
from lrs.settings import Settings, load_settings
from lrs.storage.engines import DatabaseOptions, open_database

_MOMENTS = ("made (UTC)", "expires (UTC)", "revoked (UTC)")
_WHO: Final = Caller(WhoKind.SYSTEM, "lrs credential")
# What stands for "no restriction" where an option would set one.
_ANY: Final = "any"
_NEVER: Final = "never"
_Result = TypeVar("_Result")

credential = typer.Typer(help="Make, change, list and revoke credentials.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The key of the credential.")]
ScopeOption = Annotated[
    list[Scope] | None,
    typer.Option("--scope", help="What it may do, each with an option of its own."),
]
OriginOption = Annotated[
    list[str] | None,
    typer.Option("--origin", help="Of pages that may use it; each with an option of its own."),
]
NetworkOption = Annotated[
    list[str] | None,
    typer.Option("--network", help="That it may be used from; each with an option of its own."),
]


@asynccontextmanager
async def credentials_service(url: str, settings: Settings) -> AsyncIterator[CredentialsService]:
    """Open the service on a database for the length of the block."""
    database = await open_database(DatabaseOptions(url))
    try:
        pseudonyms = pseudonyms_service(settings, database)
        yield CredentialsService(database, server_key(settings).encode(), pseudonyms=pseudonyms)
    finally:
        await database.close()


def who_runs_it(store: str | None = None) -> Administrator:
    """Return who manages credentials on the command line, where nobody is asked for rights."""
    return Administrator(_WHO, named_store=store)


@credential.command()
def create(  # noqa: PLR0913 - each option is an argument of the command
    *,
    label: Annotated[str, typer.Option(help="What it is for, in your words.")],
    system: Annotated[str, typer.Option(help="The tool that gets it, such as Moodle.")],
    system_kind: Annotated[
        SystemKind, typer.Option(help="What sort of tool that is.")
    ] = SystemKind.OTHER,
    scopes: ScopeOption = None,
    origins: OriginOption = None,
    networks: NetworkOption = None,
    expires: Annotated[
        str | None,
        typer.Option(help="When it ends, such as 2027-01-31T18:00Z; UTC if it says no zone."),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(help="The Agent that vouches for what it writes, as JSON; for good."),
    ] = None,
    store: Annotated[
        str, typer.Option(help="The store that it opens, made with its first credential.")
    ] = FIRST_STORE,
    key: Annotated[str | None, typer.Option(help="Made at random if left out.")] = None,
    secret: Annotated[str | None, typer.Option(help="Made at random if left out.")] = None,
) -> None:
    """Make a credential and show its secret, this once; docs/credentials.md explains scopes."""
    terms = Terms(
        label=label,
        system=system,
        system_kind=system_kind,
        scopes=Scopes(scopes or DEFAULT),
        origins=_tuple(origins),
        networks=_tuple(networks),
        expires=_moment(expires),
    )
    wanted = WantedCredential(terms, authority, key, secret)
    _tell_secret(_done(lambda service: service.create(who_runs_it(store), wanted)))


@credential.command(name="list")
def list_(
    store: Annotated[str | None, typer.Option(help="Those of this store alone.")] = None,
) -> None:
    """Show all credentials, revoked ones too, oldest first; never a secret."""
    show(_table(_done(lambda service: service.list_all(who_runs_it(store)))))


@credential.command()
def change(  # noqa: PLR0913 - each option is an argument of the command
    key: Key,
    *,
    label: Annotated[str | None, typer.Option(help="What it is for, in your words.")] = None,
    system: Annotated[str | None, typer.Option(help="The tool that has it.")] = None,
    system_kind: Annotated[
        SystemKind | None, typer.Option(help="What sort of tool that is.")
    ] = None,
    scopes: ScopeOption = None,
    origins: OriginOption = None,
    networks: NetworkOption = None,
    expires: Annotated[str | None, typer.Option(help="When it ends, or never.")] = None,
) -> None:
    """Change a credential; what is left out stays, `any` lifts a limit to origins or networks."""
    named = {"label": label, "system": system, "system_kind": system_kind}
    changes: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if scopes:
        changes["scopes"] = Scopes(scopes)
    if origins:
        changes["origins"] = None if origins == [_ANY] else tuple(origins)
    if networks:
        changes["networks"] = None if networks == [_ANY] else tuple(networks)
    if expires is not None:
        changes["expires"] = None if expires == _NEVER else _moment(expires)
    if not changes:
        raise typer.BadParameter("say with an option what is to be otherwise")
    _done(lambda service: service.change(who_runs_it(), key, changes))
    typer.echo(f"{key} is changed")


@credential.command()
def rotate(
    key: Key,
    overlap: Annotated[
        int, typer.Option(help="Seconds for which the old secret is good as well.")
    ] = 0,
) -> None:
    """Give a credential a new secret, and show it this once."""
    _tell_secret(_done(lambda service: service.rotate(who_runs_it(), key, overlap)))


@credential.command()
def revoke(key: Key) -> None:
    """Take a credential back: within a second nobody is let in with it."""
    _done(lambda service: service.revoke(who_runs_it(), key))
    typer.echo(f"{key} is revoked")


def _done(act: Callable[[CredentialsService], Awaitable[_Result]]) -> _Result:
    """Do something with the service on the database of the settings."""
    settings = load_settings()

    async def do(url: str) -> _Result:
        async with credentials_service(url, settings) as service:
            return await act(service)

    with shared_database(settings) as database:
        return asyncio.run(do(database.url))


def _tell_secret(made: MadeCredential) -> None:
    typer.echo(f"key     {made.key}\nsecret  {made.secret}")
    typer.echo("The secret is shown only this once: keep it.", err=True)


def _tuple(texts: list[str] | None) -> tuple[str, ...] | None:
    return tuple(texts) if texts else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no moment such as 2027-01-31T18:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _table(found: Sequence[Credential]) -> Table:
    folded = (Column("key", overflow="fold"), Column("scopes", overflow="fold"))
    table = Table(folded[0], "label", "system", "kind", "store", folded[1], *_MOMENTS)
    for each in found:
        texts = (each.key, each.label, each.system, each.system_kind.value, each.store_name)
        moments = map(minute, (each.created, each.expires, each.revoked))
        table.add_row(*map(escape, texts), ", ".join(sorted(each.scopes)), *moments)
    return table
