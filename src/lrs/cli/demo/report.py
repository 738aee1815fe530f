"""The tables at the end of the demo: sums that the LRS gives over HTTP."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from rich import box
from rich.markup import escape
from rich.table import Table

from lrs.cli.demo import vocabulary
from lrs.cli.demo.reader import Cell, LrsReader, Row
from lrs.cli.demo.workdays import OFFICE_TIME, Period

_STATEMENTS = "statements.count"
_PEOPLE = "actors.unique"
_SCORE = "score.scaled.avg"
_RATING = "rating.avg"
_ACTIVITY = "activity.id"
_TIME = "timestamp"
_STARS = 5


class Report:
    """Asks one LRS about the period of the story."""

    def __init__(self, reader: LrsReader, period: Period) -> None:
        self._reader = reader
        self._period = period

    def use_by_week(self) -> Table:
        """Return how many statements each system sent in each week."""
        rows = self._reader.sums([_STATEMENTS], ["system"], time=self.time("week"))
        systems = sorted({str(row["system"]) for row in rows})
        table = plain_table("Use per system and week (statements)", "Week of", *systems, "Sum")
        for week, of_week in _grouped(rows, _TIME).items():
            counts = {str(row["system"]): _number(row[_STATEMENTS]) for row in of_week}
            table.add_row(
                str(_day(week)),
                *(_count(counts.get(system, 0)) for system in systems),
                _count(sum(counts.values())),
            )
        return table

    def completion(self) -> Table:
        """Return how many of those who began a course completed it."""
        begun = self._by_activity([_PEOPLE], vocabulary.INITIALIZED, vocabulary.COURSE)
        done = self._by_activity([_PEOPLE, _SCORE], vocabulary.COMPLETED, vocabulary.COURSE)
        table = plain_table(
            "Completion rate per course", "Course", "Began", "Completed", "Rate", "Average score"
        )
        rates = {
            course: _number(done.get(course, {}).get(_PEOPLE)) / _number(row[_PEOPLE])
            for course, row in begun.items()
        }
        for course in sorted(rates, key=lambda course: (-rates[course], course)):
            completed = done.get(course, {})
            table.add_row(
                escape(self._reader.name_of(course)),
                _count(begun[course][_PEOPLE]),
                _count(completed.get(_PEOPLE)),
                f"{rates[course]:.0%}",
                _share(completed.get(_SCORE)),
            )
        return table

    def satisfaction(self) -> Table:
        """Return how the courses are rated, the best first."""
        rated = self._by_activity([_RATING, _STATEMENTS], vocabulary.RATED, vocabulary.COURSE)
        table = plain_table("Satisfaction", "Course", "Ratings", "Stars", "")
        ranking = sorted(rated, key=lambda course: (-_number(rated[course][_RATING]), course))
        for course in ranking:
            # A rating lies between 0 and 1, one star is 0.
            stars = 1 + (_STARS - 1) * _number(rated[course][_RATING])
            table.add_row(
                escape(self._reader.name_of(course)),
                _count(rated[course][_STATEMENTS]),
                f"{stars:.1f}",
                "★" * round(stars) + "☆" * (_STARS - round(stars)),
            )
        return table

    def competences(self) -> Table:
        """Return how many people mastered each competence, month by month."""
        rows = self._reader.sums(
            [_PEOPLE],
            [_ACTIVITY],
            time=self.time("month"),
            filters={"verb.id": vocabulary.MASTERED.iri, "activity.type": vocabulary.COMPETENCY},
        )
        by_month = _grouped(rows, _TIME)
        months = [f"{_day(month):%b %Y}" for month in by_month]
        table = plain_table("Competences mastered (people)", "Competence", *months, "Sum")
        for competence in sorted({str(row[_ACTIVITY]) for row in rows}):
            counts = [_of_activity(of_month, competence) for of_month in by_month.values()]
            name = escape(self._reader.name_of(competence))
            table.add_row(name, *map(_count, counts), _count(sum(counts)))
        totals = [sum(_number(row[_PEOPLE]) for row in month) for month in by_month.values()]
        table.add_section()
        table.add_row("All, added up", *map(_count, _added_up(totals)), _count(sum(totals)))
        return table

    def most_competent(self) -> str:
        """Return the identifier of the person with most competences; empty if nobody has any."""
        rows = self._reader.sums(
            [_STATEMENTS],
            ["actor"],
            time=self.time(),
            filters={"verb.id": vocabulary.MASTERED.iri, "activity.type": vocabulary.COMPETENCY},
        )
        best = max(rows, key=lambda row: (_number(row[_STATEMENTS]), str(row["actor"])), default={})
        return str(best.get("actor", ""))

    def _by_activity(self, measures: list[str], verb: vocabulary.Verb, kind: str) -> dict[str, Row]:
        filters = {"verb.id": verb.iri, "activity.type": kind}
        rows = self._reader.sums(measures, [_ACTIVITY], time=self.time(), filters=filters)
        return {str(row[_ACTIVITY]): row for row in rows}

    def time(self, granularity: str | None = None) -> Mapping[str, str]:
        """Return the days of the story, as a query has them."""
        bounds = {
            "dimension": _TIME,
            "from": str(self._period.first),
            "to": str(self._period.last + timedelta(days=1)),
            "timezone": OFFICE_TIME.key,
        }
        return {**bounds, "granularity": granularity} if granularity else bounds


def plain_table(title: str, first: str, *others: str) -> Table:
    """Return an empty table; all columns but the first hold figures."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _grouped(rows: Iterable[Row], column: str) -> dict[Cell, list[Row]]:
    groups: dict[Cell, list[Row]] = {}
    for row in sorted(rows, key=lambda row: str(row[column])):
        groups.setdefault(row[column], []).append(row)
    return groups


def _of_activity(rows: Iterable[Row], activity: str) -> float:
    return sum(_number(row[_PEOPLE]) for row in rows if row[_ACTIVITY] == activity)


def _added_up(counts: Iterable[float]) -> Iterable[float]:
    total = 0.0
    for count in counts:
        total += count
        yield total


def _day(moment: Cell) -> date:
    return datetime.fromisoformat(str(moment)).astimezone(OFFICE_TIME).date()


def _number(cell: Cell) -> float:
    return float(cell or 0)


def _count(cell: Cell) -> str:
    return f"{_number(cell):,.0f}"


def _share(cell: Cell) -> str:
    return "-" if cell is None else f"{_number(cell):.0%}"
