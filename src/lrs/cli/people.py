"""`lrs people`: what HR knows of people, into a store."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from lrs.auth.audit import Caller, WhoKind
from lrs.cli.database import server_key, shared_database
from lrs.cli.importing.display import watched
from lrs.cli.importing.files import list_in
from lrs.cli.importing.report_file import ReportFile
from lrs.errors import InvalidRequestError
from lrs.people.imports.columns import ListMapping, read_mapping
from lrs.people.imports.csv_lists import read_separator
from lrs.services.credentials import FIRST_STORE
from lrs.services.import_runs import ImportOptions, ImportReport
from lrs.services.people_imports import PeopleImportsService
from lrs.settings import load_settings
from lrs.storage.engines import DatabaseOptions, open_database

_INCOMPLETE: Final = 1
_CANNOT_BEGIN: Final = 2
_WHO: Final = Caller(WhoKind.SYSTEM, "lrs people import")

people = typer.Typer(help="Take lists of people.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="CSV with a header, or JSON: an array of persons or one on each line.",
    ),
]
StoreOption = Annotated[str, typer.Option("--store", help="The name of the store.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell the same.")]
Mapping = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="JSON that says what columns are: docs/people-import.md."
    ),
]
Separator = Annotated[
    str | None, typer.Option(help="comma, semicolon or tab. Without it: as the header tells.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="The day from which holds what the list says of now. Without it: today.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="Where to write all that is told, an object on each line."),
]


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be taken, and where to."""

    file: Path
    store: str
    separator: str | None
    options: ImportOptions
    report: Path | None


@people.callback()
def _people() -> None:
    """Have `import` be named even while it is the only command."""


@people.command(name="import")
def import_(  # noqa: PLR0913 - each parameter is an option of the command
    file: File,
    *,
    store: StoreOption = FIRST_STORE,
    dry_run: DryRun = False,
    mapping: Mapping = None,
    separator: Separator = None,
    as_of: AsOf = None,
    report: Report = None,
) -> None:
    """Take HR's list of people: who has which identifiers, and which values since when.

    Safe to run again: what is there already stays as it is, and who is not in the list too. Ends
    with 0 if all was taken, 1 if some rows were not, 2 if nothing of the list could be taken.
    """
    if report is not None and report.exists() and report.samefile(file):
        raise typer.BadParameter("this is the list itself", param_hint="--report")
    if separator is not None:
        _check_separator(separator)
    found = _mapping(mapping)
    options = ImportOptions(dry_run, as_of.date() if as_of else None, found)
    with ReportFile(report) as told:
        try:
            told.show(_run(_Job(file, store, separator, options, report), told))
        except InvalidRequestError as error:
            typer.echo(f"lrs people import: {file}: {error.detail}", err=True)
            raise typer.Exit(_CANNOT_BEGIN) from error
        if told.has_problems:
            raise typer.Exit(_INCOMPLETE)


def _run(job: _Job, told: ReportFile) -> ImportReport:
    settings = load_settings()
    with shared_database(settings) as database:
        key = server_key(settings).encode()
        return asyncio.run(_import(database.url, key, job, told))


async def _import(url: str, key: bytes, job: _Job, told: ReportFile) -> ImportReport:
    database = await open_database(DatabaseOptions(url))
    try:
        service = PeopleImportsService(database, key)
        store = await service.store_of(job.store)
        with job.file.open("rb") as source, watched(Console(stderr=True)) as show:
            people_list = list_in(source, job.options.mapping, job.separator)
            return await service.run((_WHO, store), people_list, job.options, told.tell, show)
    finally:
        await database.close()


def _check_separator(separator: str) -> None:
    try:
        read_separator(separator)
    except InvalidRequestError as error:
        raise typer.BadParameter(error.detail, param_hint="--separator") from error


def _mapping(path: Path | None) -> ListMapping:
    if path is None:
        return ListMapping()
    try:
        return read_mapping(path.read_bytes())
    except InvalidRequestError as error:
        raise typer.BadParameter(error.detail, param_hint="--mapping") from error
