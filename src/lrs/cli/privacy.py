"""`lrs privacy`: erasures again after a restore, the ledger of erasures, and their certificates."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from lrs.auth.certificates import CertificateKey
from lrs.cli.database import server_key, shared_database
from lrs.errors import InvalidRequestError
from lrs.services.erasure_replays import ErasureReplays, Replayed
from lrs.settings import Settings, load_settings
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.erasure_ledger import Ledger

privacy = typer.Typer(
    help="Erase again after a restore, show the ledger, check certificates.", no_args_is_help=True
)


@asynccontextmanager
async def _replays(url: str, settings: Settings) -> AsyncIterator[ErasureReplays]:
    database = await open_database(DatabaseOptions(url))
    key = server_key(settings).encode()
    ledger = Ledger(settings.privacy_directory)
    try:
        yield ErasureReplays(database, key, settings.authority_home_page, ledger)
    finally:
        await database.close()


@privacy.command()
def replay(
    store: Annotated[str | None, typer.Option(help="Only this store; else all.")] = None,
) -> None:
    """Erase again who was erased before the database was restored from a backup."""
    settings = load_settings()

    async def again(url: str) -> list[Replayed]:
        async with _replays(url, settings) as replays:
            return await replays.replay(store)

    with shared_database(settings) as database:
        done = asyncio.run(again(database.url))
    for each in done:
        typer.echo(f"{each.entry.erasure} in {each.entry.store}: {_said(each)}")
    typer.echo(f"{len(done)} erasures hold")


@privacy.command()
def ledger(
    *,
    from_database: Annotated[
        bool, typer.Option(help="What the database knows, if the file was lost.")
    ] = False,
) -> None:
    """Write the ledger of erasures, a line of JSON each; it tells of nobody who it was."""
    settings = load_settings()

    async def kept(url: str) -> list[bytes]:
        async with _replays(url, settings) as replays:
            return [msgspec.json.encode(each) for each in await replays.kept()]

    if from_database:
        with shared_database(settings) as database:
            lines = asyncio.run(kept(database.url))
    else:
        entries = Ledger(settings.privacy_directory).entries()
        lines = [msgspec.json.encode(each) for each in entries]
    for line in lines:
        sys.stdout.write(line.decode() + "\n")


@privacy.command()
def verify(
    certificate: Annotated[
        str, typer.Argument(help="A certificate, or the path of a file that holds one.")
    ],
) -> None:
    """Check that a certificate of an erasure was signed here, and show what it says."""
    key = CertificateKey(server_key(load_settings()).encode())
    said = key.verify(_text(certificate))
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False))


def _text(certificate: str) -> str:
    is_path = certificate.count(".") < len(("header", "payload")) or "/" in certificate
    try:
        return Path(certificate).read_text(encoding="utf-8") if is_path else certificate
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{certificate} is neither a certificate nor a file") from error


def _said(replayed: Replayed) -> str:
    if replayed.identifiers is None:
        return "there is no such store"
    if not replayed.identifiers:
        return "nobody is back"
    return f"erased again, {replayed.identifiers} identifiers were back"
