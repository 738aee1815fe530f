"""HR's list of the company: who is who in which system, where they work, and since when."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO

from lrs.cli.demo.company import Company, Learner
from lrs.cli.demo.curriculum import DEPARTMENTS
from lrs.cli.demo.systems import COLLABORATION, LMS
from lrs.cli.demo.workdays import Period

LIST_NAME = "personalliste.csv"

# Every so many people one has moved to another department.
_MOVERS = 25
_HEADERS = (
    "Personalnummer",
    "Vorname",
    "Nachname",
    "E-Mail",
    "Sprache",
    "Abteilung",
    "Team",
    "Standort",
    "Vorgesetzte(r)",
    "Eintritt",
    "gültig ab",
    "gültig bis",
    f"account:{LMS.home}",
    "openid",
)


def list_of_people(company: Company, period: Period) -> bytes:
    """Return the list as a spreadsheet in Germany would save it; some have two rows."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADERS)
    for learner in company.learners:
        writer.writerows(_rows(learner, company, period))
    return text.getvalue().encode("utf-8-sig")


def moving_day(period: Period) -> date:
    """Return the day from which those who move are in their new department."""
    return period.first + timedelta(days=len(period) // 2)


def moves(learner: Learner) -> bool:
    """Tell whether somebody moves to another department in the middle of the story."""
    return learner.number % _MOVERS == 0


def _rows(learner: Learner, company: Company, period: Period) -> Iterator[tuple[str, ...]]:
    department = learner.department.de
    if not moves(learner):
        yield _row(learner, company, department)
        return
    day = moving_day(period)
    following = DEPARTMENTS[(DEPARTMENTS.index(learner.department) + 1) % len(DEPARTMENTS)]
    yield _row(learner, company, department, until=day - timedelta(days=1))
    yield _row(learner, company, following.de, since=day)


def _row(
    learner: Learner,
    company: Company,
    department: str,
    since: date | None = None,
    until: date | None = None,
) -> tuple[str, ...]:
    team = company.team_of(learner)
    manager = team.lead if team.lead is not learner else company.learners[0]
    return (
        learner.personnel_number,
        learner.given,
        learner.family,
        learner.mail.removeprefix("mailto:"),
        learner.language,
        department,
        str(team.identity(COLLABORATION)["name"]),
        learner.site.de,
        "" if manager is learner else manager.personnel_number,
        _german(date(2008 + learner.number % 17, 1 + learner.number % 12, 1)),
        _german(since),
        _german(until),
        learner.lms_account,
        learner.openid,
    )


def _german(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else ""
