"""How many people there are, before and after HR's list; and what one of them did, in sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rich import box
from rich.markup import escape
from rich.table import Table

from lrs.cli.demo.company import Learner
from lrs.cli.demo.people_office import Entry, ImportCounts
from lrs.cli.demo.reader import LrsReader
from lrs.cli.demo.report import plain_table
from lrs.cli.demo.workdays import OFFICE_TIME

_AGENTS, _PEOPLE, _STATEMENTS = "actors.unique", "people.unique", "statements.count"
_DEPARTMENT = "person.department"
_HEADINGS: Mapping[str, str] = {"de": "Verlauf", "en": "History"}


class Heads(NamedTuple):
    """How many agents have done something, and how many people these are."""

    agents: int
    people: int


class PeopleReport:
    """Counts people, in the days of the story.

    Args:
        reader: of the LRS.
        time: the days, as a query has them.
    """

    def __init__(self, reader: LrsReader, time: Mapping[str, str]) -> None:
        self._reader = reader
        self._time = time

    def heads(self) -> Heads:
        """Count all who did something."""
        return self._heads({})

    def listed_heads(self) -> Heads:
        """Count those of whom HR has told a department."""
        return self._heads({_DEPARTMENT: None})

    def departments(self) -> Table:
        """Return what was done in each department, as everybody was in on that day."""
        rows = self._reader.sums([_STATEMENTS, _PEOPLE], [_DEPARTMENT], time=self._time)
        table = plain_table(
            "Learning by department (of the day on which it was)",
            "Department",
            "Statements",
            "People",
        )
        for row in sorted(rows, key=lambda row: str(row[_DEPARTMENT] or "~")):
            name = escape(str(row[_DEPARTMENT] or "not in HR's list"))
            table.add_row(name, f"{row[_STATEMENTS]:,}", f"{row[_PEOPLE]:,}")
        return table

    def _heads(self, filters: Mapping[str, str | None]) -> Heads:
        (row,) = self._reader.sums([_AGENTS, _PEOPLE], time=self._time, filters=filters)
        return Heads(int(row[_AGENTS] or 0), int(row[_PEOPLE] or 0))


def heads_table(before: Heads, after: Heads, listed: Heads, counts: ImportCounts) -> Table:
    """Return how many agents and people there were before HR's list, and are after it."""
    table = plain_table("People: before and after HR's list", "", "Agents", "People counted")
    table.add_row("Before the import", f"{before.agents:,}", f"{before.people:,}")
    table.add_row("After the import", f"{after.agents:,}", f"{after.people:,}")
    table.add_row("  of them in HR's list", f"{listed.agents:,}", f"{listed.people:,}")
    table.caption = (
        f"{counts.rows:,} rows: {counts.created:,} created, {counts.changed:,} changed,"
        f" {counts.unchanged:,} unchanged, {counts.contradicted + counts.refused:,} not taken;"
        f" {counts.joined:,} identifiers joined"
    )
    table.caption_justify = "left"
    return table


def sentences(learner: Learner, language: str, entries: Sequence[Entry]) -> Table:
    """Return what somebody did last, in sentences of a language."""
    table = Table(
        title=f"{_HEADINGS[language]}: {learner.name}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=False,
    )
    for entry in entries:
        moment = datetime.fromisoformat(entry.timestamp).astimezone(OFFICE_TIME)
        table.add_row(f"{moment:%Y-%m-%d %H:%M}", escape(entry.sentence))
    return table
