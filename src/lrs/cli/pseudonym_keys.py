"""`lrs privacy forget-key`: the key of a pseudonymous store is thrown away."""

import asyncio
from typing import Annotated

import typer

from lrs.auth.audit import Caller, WhoKind
from lrs.cli.database import shared_database
from lrs.main.services import pseudonyms_service
from lrs.settings import Settings, load_settings
from lrs.storage.engines import DatabaseOptions, open_database

_CALLER = Caller(WhoKind.SYSTEM, "lrs privacy forget-key")


def forget_key(
    store: Annotated[str, typer.Argument(help="The name of the store.")],
    confirm: Annotated[
        str | None, typer.Option(help="The name of the store again, to be sure.")
    ] = None,
) -> None:
    """Throw the key of a pseudonymous store away: it is anonymous then, and takes nothing more.

    What is kept of the key elsewhere, such as in backups, has to be thrown away as well.
    """
    confirmed = confirm or typer.prompt(
        f"Nobody in {store} will be found again. Its name, to go on"
    )
    settings = load_settings()
    with shared_database(settings) as shared:
        gone = asyncio.run(_forget(shared.url, settings, store, confirmed))
    typer.echo(f"the key of {store} is gone, with whose {gone} pseudonyms are")


async def _forget(url: str, settings: Settings, store: str, confirmed: str) -> int:
    database = await open_database(DatabaseOptions(url))
    try:
        service = pseudonyms_service(settings, database)
        return await service.forget_key(_CALLER, store, confirmed)
    finally:
        await database.close()
