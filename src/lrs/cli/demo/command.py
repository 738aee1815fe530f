"""`lrs demo`: a company's learning posted over HTTP, and what the LRS makes of it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin

import httpx
import typer
from rich.console import Console

from lrs.cli.database import server_key
from lrs.cli.demo.access import Access, all_access
from lrs.cli.demo.company import Learner
from lrs.cli.demo.credentials import ensure_credentials
from lrs.cli.demo.delivery import by_system, deliver
from lrs.cli.demo.history import find_learner, history_of
from lrs.cli.demo.instance import running_instance
from lrs.cli.demo.people_office import PeopleOffice
from lrs.cli.demo.people_report import PeopleReport, heads_table, sentences
from lrs.cli.demo.personnel import LIST_NAME, list_of_people
from lrs.cli.demo.reader import LrsReader
from lrs.cli.demo.report import Report, plain_table
from lrs.cli.demo.story import LAST_DAY, Story
from lrs.cli.demo.systems import PERSONNEL, REPORTING, SYSTEMS, System
from lrs.cli.loading.sender import SendingStoppedError
from lrs.cli.loading.tally import Tally
from lrs.errors import StartError
from lrs.settings import load_settings

_INCOMPLETE = 1
_MOST_LEARNERS = 1500
_MOST_DAYS = 1100
_LANGUAGES = ("de", "en")
_SENTENCES = 12


@dataclass(frozen=True, slots=True)
class _Ecosystem:
    """An LRS and the credentials with which the systems come to it."""

    endpoint: str
    access: Mapping[System, Access]

    @property
    def address(self) -> str:
        """The LRS without a path."""
        return urljoin(self.endpoint, "/").rstrip("/")


_Until = Annotated[
    datetime,
    typer.Option(
        formats=["%Y-%m-%d"], help="The last day of the story.", show_default=str(LAST_DAY)
    ),
]
_To = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="xAPI endpoint to post to with --key and --secret. Without it: the LRS that runs on"
        " LRS_DATA_DIR, or one that is started for the demo.",
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        file_okay=False,
        help="Write the statements there, one NDJSON file for each system, and HR's list; post"
        " nothing.",
    ),
]


def demo(  # noqa: PLR0913 - each parameter is an option of the command
    *,
    learners: Annotated[
        int, typer.Option(min=1, max=_MOST_LEARNERS, help="How many people the company has.")
    ] = 200,
    days: Annotated[
        int, typer.Option(min=1, max=_MOST_DAYS, help="How many days the story covers.")
    ] = 90,
    seed: Annotated[int, typer.Option(help="The same seed gives the same statements.")] = 7,
    until: _Until = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day),  # noqa: DTZ001 - a date
    to: _To = None,
    key: Annotated[str | None, typer.Option(help="Key of the credential for --to.")] = None,
    secret: Annotated[str | None, typer.Option(help="Secret that goes with it.")] = None,
    output: _Output = None,
) -> None:
    """Post what a company learns in some weeks, and show what the LRS makes of it.

    The company is made up, its six systems each post with a credential of their own. Safe to run
    again: the same options give the same statements, and those that are there stay as they are.
    Other options tell another story of the same people; give it another LRS_DATA_DIR.
    """
    story = Story(learners, days, seed, until.date())
    if output is not None:
        _write(story, output)
        return
    if to is None:
        with _local_ecosystem() as ecosystem:
            _run(story, ecosystem)
            reporting = ecosystem.access[REPORTING]
            typer.echo(f"To look further (`lrs serve`): --user {reporting.key}:{reporting.secret}")
    elif key is None or secret is None:
        raise typer.BadParameter("it needs --key and --secret", param_hint="--to")
    else:
        typer.echo("All statements go under one credential: their systems cannot be told apart.")
        access = dict.fromkeys((*SYSTEMS, PERSONNEL, REPORTING), Access(key, secret))
        _run(story, _Ecosystem(to.rstrip("/"), access))


def _write(story: Story, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for system, texts in by_system(story.tell()).items():
        path = folder / f"{system.name.lower()}.ndjson"
        path.write_bytes(b"".join(text + b"\n" for text in texts))
        typer.echo(f"{len(texts):>7,} statements in {path}")
    people = folder / LIST_NAME
    people.write_bytes(list_of_people(story.company(), story.period))
    typer.echo(f"{story.learners:>7,} people in {people}")


@contextmanager
def _local_ecosystem() -> Iterator[_Ecosystem]:
    settings = load_settings()
    access = all_access(server_key(settings))
    ensure_credentials(settings, access)
    with running_instance(settings) as address:
        yield _Ecosystem(f"{address}/xapi", access)


def _run(story: Story, ecosystem: _Ecosystem) -> None:
    try:
        tallies = asyncio.run(
            deliver(ecosystem.endpoint, by_system(story.tell()), ecosystem.access)
        )
        _show_tallies(tallies)
        has_people = _bring_people(story, ecosystem)
        _show_report(story, ecosystem, has_people=has_people)
    except (SendingStoppedError, httpx.HTTPError) as error:
        raise StartError(f"lrs demo: {error}") from error
    if any(tally.refused for tally in tallies.values()):
        raise typer.Exit(_INCOMPLETE)


def _show_tallies(tallies: Mapping[System, Tally]) -> None:
    table = plain_table("Posted", "System", "Kind", "Stored", "Already there", "Refused")
    for system, tally in tallies.items():
        known = (tally.stored + tally.untold, tally.already_there, tally.refused)
        table.add_row(system.name, system.kind, *(f"{count:,}" for count in known))
    Console().print(table)


def _bring_people(story: Story, ecosystem: _Ecosystem) -> bool:
    """Bring HR's list and show how many people there are then; tell whether it was taken."""
    people = list_of_people(story.company(), story.period)
    reading, office = ecosystem.access[REPORTING], ecosystem.access[PERSONNEL]
    with (
        LrsReader(ecosystem.address, ecosystem.endpoint, reading) as reader,
        PeopleOffice(ecosystem.address, office) as hr,
    ):
        report = PeopleReport(reader, Report(reader, story.period).time())
        before = report.heads()
        counts = hr.bring(people)
        if counts is None:
            typer.echo("HR's list stays where it is: the credential lacks the scope people/write.")
            return False
        console = Console()
        console.print(heads_table(before, report.heads(), report.listed_heads(), counts))
        console.print(report.departments())
    return True


def _show_report(story: Story, ecosystem: _Ecosystem, *, has_people: bool) -> None:
    access = ecosystem.access[REPORTING]
    console = Console()
    with LrsReader(ecosystem.address, ecosystem.endpoint, access) as reader:
        report = Report(reader, story.period)
        tables = (report.use_by_week, report.completion, report.satisfaction, report.competences)
        for table in tables:
            console.print(table())
        learner = find_learner(story.company(), report.most_competent())
        console.print(history_of(learner, reader))
    if has_people:
        _show_sentences(learner, ecosystem, console)


def _show_sentences(learner: Learner, ecosystem: _Ecosystem, console: Console) -> None:
    with PeopleOffice(ecosystem.address, ecosystem.access[PERSONNEL]) as office:
        for language in _LANGUAGES:
            entries = office.history(learner, language, _SENTENCES)
            console.print(sentences(learner, language, entries))
