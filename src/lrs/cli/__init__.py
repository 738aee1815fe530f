"""The command line: `lrs serve` and what belongs to it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from lrs import __version__
from lrs.api.permissions import as_page, permissions_of
from lrs.cli.audit import audit
from lrs.cli.credentials import credential
from lrs.cli.database import shared_database
from lrs.cli.demo.command import demo
from lrs.cli.load import load
from lrs.cli.people import people
from lrs.cli.privacy import privacy
from lrs.cli.pseudonym_keys import forget_key
from lrs.cli.reporting import ReportingGroup
from lrs.cli.serve import serve
from lrs.cli.store import store
from lrs.cli.user import user
from lrs.main import create_app
from lrs.settings import load_settings

app = typer.Typer(
    cls=ReportingGroup,
    help="A Learning Record Store: xAPI statements in, one history and sums out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.add_typer(credential, name="credential")
app.add_typer(audit, name="audit")
privacy.command()(forget_key)
app.add_typer(privacy, name="privacy")
app.add_typer(store, name="store")
app.add_typer(user, name="user")
app.add_typer(people, name="people")
app.command()(load)
app.command()(demo)


@app.command()
def migrate() -> None:
    """Bring the database to the newest shape of the tables."""
    with shared_database(load_settings()) as database:
        typer.echo(f"The tables are up to date (PostgreSQL {database.version})")


@app.command()
def openapi(
    output: Annotated[Path, typer.Option(help="Where to write; - is standard output.")] = Path("-"),
) -> None:
    """Write the OpenAPI document of the service."""
    document = json.dumps(create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False)
    if output == Path("-"):
        sys.stdout.write(document + "\n")
    else:
        output.write_text(document + "\n", encoding="utf-8")


@app.command()
def permissions(
    output: Annotated[Path, typer.Option(help="Where to write; - is standard output.")] = Path("-"),
) -> None:
    """Write the page that says who may use which route."""
    page = as_page(permissions_of(create_app()))
    if output == Path("-"):
        sys.stdout.write(page)
    else:
        output.write_text(page, encoding="utf-8")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
