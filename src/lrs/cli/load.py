"""`lrs load`: the statements of a file into an LRS, over HTTP."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Never

import httpx
import typer
from rich.console import Console

from lrs.cli.loading.batches import read_batches
from lrs.cli.loading.display import choose_display
from lrs.cli.loading.loader import Loader
from lrs.cli.loading.refusal_report import RefusalReport
from lrs.cli.loading.sender import DEFAULT_XAPI_VERSION, SendingStoppedError, StatementSender
from lrs.cli.loading.source import STDIN, Source
from lrs.cli.loading.tally import Tally
from lrs.settings import load_settings

_INCOMPLETE = 1
_CANNOT_BEGIN = 2
_INTERRUPTED = 130
_AGAIN = "Run the same command again to go on; nothing is stored twice."
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- recognised, not bound to


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="JSON array, NDJSON or a single statement, also as gzip; - is standard input.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="xAPI endpoint to post to. Without it: this machine, at LRS_HOST and LRS_PORT.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(envvar="LRS_KEY", help="Key of the credential."),
]
Secret = Annotated[
    str | None,
    typer.Option(envvar="LRS_SECRET", help="Secret that goes with it."),
]
BatchLength = Annotated[int, typer.Option(min=1, help="Statements in one request.")]
Concurrency = Annotated[
    int,
    typer.Option(min=1, max=64, help="Requests at the same time; 1 keeps the file's order."),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        dir_okay=False,
        help="Where to write what was refused and why. Without it: FILE.refused.ndjson.",
    ),
]
XapiVersion = Annotated[str, typer.Option(help="Version of xAPI that the statements follow.")]


def load(  # noqa: PLR0913 -- each parameter is an option of the command
    file: File,
    *,
    to: To = None,
    key: Key = None,
    secret: Secret = None,
    batch: BatchLength = 500,
    concurrency: Concurrency = 4,
    report: Report = None,
    xapi_version: XapiVersion = DEFAULT_XAPI_VERSION,
) -> None:
    """Load the statements of FILE into an LRS.

    Safe to run again: what is there already stays as it is. A statement without id is given one
    made from its text, the same at each run. Ends with 0 if everything was taken, 1 if not, 2 if
    loading could not begin or the LRS refused the credential.
    """
    if to is None and key is None and secret is None:
        key, secret = _local_credential()
    if key is None or secret is None:
        _fail("give --key and --secret, or set LRS_KEY and LRS_SECRET", _CANNOT_BEGIN)
    endpoint = _checked_endpoint(to or _local_endpoint())
    report_path = _checked_report(report or _default_report(file), file)
    _run(_Job(file, endpoint, key, secret, xapi_version, batch, concurrency, report_path))


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be loaded, where to and how."""

    file: Path
    endpoint: str
    key: str
    secret: str
    xapi_version: str
    batch: int
    connections: int
    report: Path


def _run(job: _Job) -> None:
    """Load, say how it went, and end with the exit code that tells it."""
    tally = Tally()
    try:
        stopped_by = asyncio.run(_load(job, tally))
    except KeyboardInterrupt:
        _say_result(job, tally, f"Interrupted. {_AGAIN}")
        raise typer.Exit(_INTERRUPTED) from None
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", _CANNOT_BEGIN)
    if isinstance(stopped_by, SendingStoppedError):
        _say_result(job, tally, f"Stopped: {stopped_by}.")
        raise typer.Exit(_CANNOT_BEGIN)
    if stopped_by or tally.unsent:
        _say_result(job, tally, f"Stopped: {stopped_by}. {_AGAIN}" if stopped_by else _AGAIN)
        raise typer.Exit(_INCOMPLETE)
    _say_result(job, tally, "")
    if tally.refused:
        raise typer.Exit(_INCOMPLETE)


async def _load(job: _Job, tally: Tally) -> Exception | None:
    """Load everything, or as much as can be loaded, and return what stopped it."""
    with Source(job.file) as source, RefusalReport(job.report) as report:
        with choose_display(Console(stderr=True), source, tally) as display:
            async with StatementSender(
                job.endpoint,
                job.key,
                job.secret,
                xapi_version=job.xapi_version,
                on_wait=display.note,
            ) as sender:
                loader = Loader(sender, report, tally, display.update)
                await loader.load(read_batches(source, job.batch), job.connections)
        if loader.stopped_by is None:
            report.remove_stale()
        return loader.stopped_by


def _say_result(job: _Job, tally: Tally, ending: str) -> None:
    if ending:
        typer.echo(ending, err=True)
    typer.echo(tally.summarise())
    if tally.refused:
        typer.echo(f"What was refused and why: {job.report}")


def _local_endpoint() -> str:
    """Say where `lrs serve` listens under the same settings."""
    settings = load_settings()
    if settings.port == 0:
        _fail("LRS_PORT is 0, which names no port: give --to", _CANNOT_BEGIN)
    host = _EVERY_ADDRESS.get(settings.host, settings.host)
    return str(httpx.URL(scheme="http", host=host, port=settings.port, path="/xapi"))


def _local_credential() -> tuple[str | None, str | None]:
    """Give the first credential of `lrs serve` under the same settings, to it and nobody else."""
    settings = load_settings()
    secret = settings.initial_secret
    return settings.initial_key, secret.get_secret_value() if secret else None


def _checked_endpoint(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        _fail(f"--to {text}: {error}", _CANNOT_BEGIN)
    if url.scheme not in {"http", "https"} or not url.host:
        _fail(f"--to {text}: an xAPI endpoint begins with http:// or https://", _CANNOT_BEGIN)
    return text


def _default_report(file: Path) -> Path:
    return Path("refused.ndjson" if file == STDIN else f"{file}.refused.ndjson")


def _checked_report(report: Path, file: Path) -> Path:
    if report.exists() and file.exists() and report.samefile(file):
        _fail(f"--report {report}: this is the file to load", _CANNOT_BEGIN)
    return report


def _fail(message: str, code: int) -> Never:
    typer.echo(f"lrs load: {message}", err=True)
    raise typer.Exit(code)
