"""What an import has to tell: all of it to a file, and some of it to the person who waits."""

from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import typer

from lrs.people.imports.findings import PROBLEMS, Finding, FindingKind
from lrs.services.import_runs import ImportReport

_SHOWN: Final = 20
_encode = msgspec.json.Encoder().encode


class ReportFile:
    """Takes all findings: into a file if there is one, and the first problems to be shown.

    Args:
        path: of the file, one JSON object on each line; None is none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BufferedWriter | None = None
        self._problems: list[Finding] = []
        self._more = 0
        self._remarks: list[str] = []

    def __enter__(self) -> Self:
        self._file = self._path.open("wb") if self._path else None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def has_problems(self) -> bool:
        """Whether anything was refused or contradicts what is known."""
        return bool(self._problems)

    def tell(self, finding: Finding) -> None:
        """Take a finding."""
        if self._file is not None:
            self._file.write(_encode(finding) + b"\n")
        if finding.kind is FindingKind.NOTED:
            self._remarks.append(finding.text)
        elif finding.kind in PROBLEMS and len(self._problems) < _SHOWN:
            self._problems.append(finding)
        elif finding.kind in PROBLEMS:
            self._more += 1

    def show(self, report: ImportReport) -> None:
        """Tell the person who waits."""
        for remark in self._remarks:
            typer.echo(f"Note: {remark}.")
        for line in summary(report):
            typer.echo(line)
        for finding in self._problems:
            typer.echo(_line(finding))
        if self._more:
            typer.echo(f"... and {self._more:,} more; --report FILE has them all")


def summary(report: ImportReport) -> list[str]:
    """Return the sum of an import as lines."""
    counts = report.counts
    would = "would be " if report.is_dry else ""
    lines = [
        f"{counts.rows:,} rows, {counts.people:,} people, as of {report.as_of}:",
        f"  {counts.created:>9,} {would}created",
        f"  {counts.changed:>9,} {would}changed",
        f"  {counts.unchanged:>9,} unchanged",
        f"  {counts.contradicted:>9,} contradicted, and left alone",
        f"  {counts.refused:>9,} rows refused, {counts.refused_values:,} further values",
        f"  {counts.identifiers:>9,} identifiers {would}added, {counts.joined:,} known before",
        f"  {counts.values:>9,} values {would}set, {counts.names:,} names changed",
    ]
    if report.definitions:
        names = ", ".join(f"{each.name} ({each.type})" for each in report.definitions)
        lines.append(f"  attributes that {'would be' if report.is_dry else 'are'} new: {names}")
    if report.teams:
        lines.append(f"  {len(report.teams):>9,} teams {would}made")
    return [*lines, _conclusion(report)]


def _conclusion(report: ImportReport) -> str:
    counts = report.counts
    if report.is_dry:
        return "Nothing was changed: this was a dry run."
    if counts.created or counts.changed:
        return "People whom the list does not name are as they were."
    return "Nothing has changed: the store knew all of it already."


def _line(finding: Finding) -> str:
    where = f", {finding.column}" if finding.column else ""
    who = f" ({finding.person})" if finding.person else ""
    return f"{finding.kind}: row {finding.row}{where}{who}: {finding.text}"
