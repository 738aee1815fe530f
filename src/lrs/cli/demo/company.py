"""The company Quellbach Antriebe: its people, its teams and who they are in each system."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha1
from random import Random
from unicodedata import normalize

from lrs.cli.demo.chance import clamp, happens, stream
from lrs.cli.demo.curriculum import DEPARTMENTS
from lrs.cli.demo.names import full_names
from lrs.cli.demo.systems import AUTHORING, COLLABORATION, LMS, LXP, TALENT, VIDEO, System
from lrs.cli.demo.vocabulary import Json, Text
from lrs.cli.demo.workdays import Period

_TEAM_SIZE = 8
_SITES = (Text("Esslingen", "Esslingen"), Text("Reutlingen", "Reutlingen"), Text("Ulm", "Ulm"))
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": ""})


@dataclass(frozen=True, slots=True)
class Learner:
    """One person with habits of their own.

    Attributes:
        number: the personnel number.
        ability: how easily they learn, 0 to 1.
        diligence: how likely they learn on a day on which everybody is there.
        sociability: how likely a day of learning takes them to the collaboration tool.
        hour: when in the day they usually learn.
        away: their holidays.
        quits: from when on they learn no more, for those who give up altogether.
    """

    number: int
    given: str
    family: str
    language: str
    department: Text
    site: Text
    ability: float
    diligence: float
    sociability: float
    hour: float
    away: tuple[Period, ...]
    quits: date | None

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.given} {self.family}"

    @property
    def personnel_number(self) -> str:
        """The number by which HR knows the person."""
        return f"P-{self.number:06d}"

    @property
    def mail(self) -> str:
        """The mail address as an IRI."""
        return f"mailto:{self.login}@quellbach.example"

    @property
    def login(self) -> str:
        """The name in letters that every system can write."""
        spelt_out = f"{self.given}.{self.family}".lower().translate(_SPELT_OUT)
        return normalize("NFKD", spelt_out).encode("ascii", "ignore").decode()

    @property
    def openid(self) -> str:
        """The address by which the person signs in."""
        return f"https://id.quellbach.example/{self.login}"

    @property
    def lms_account(self) -> str:
        """The number that the LMS has given to the person."""
        return str(3000 + self.number)

    def is_present(self, day: date) -> bool:
        """Tell whether the person is neither on holiday nor lost to learning."""
        has_quit = self.quits is not None and day >= self.quits
        return not has_quit and not any(day in period for period in self.away)

    def identity(self, system: System) -> Json:
        """Return the Agent that the person is in one system."""
        return {"objectType": "Agent", **self._names(system), **self._identifier(system)}

    def _names(self, system: System) -> Json:
        """Give the name, except where the system keeps it to itself."""
        return {} if system in {VIDEO, AUTHORING} else {"name": self.name}

    def _identifier(self, system: System) -> Json:
        if system is LXP:
            return {"mbox": self.mail}
        if system is VIDEO:
            digest = sha1(self.mail.encode(), usedforsecurity=False)
            return {"mbox_sha1sum": digest.hexdigest()}
        if system is COLLABORATION:
            return {"openid": self.openid}
        if system is TALENT:
            return _account(TALENT, self.personnel_number)
        # The LMS starts the lessons of the authoring tool and hands its account on (cmi5).
        return _account(LMS, self.lms_account)


@dataclass(frozen=True, slots=True)
class Team:
    """People who work together; the first of them leads."""

    number: int
    department: Text
    members: tuple[Learner, ...]
    language: str = "de"

    @property
    def lead(self) -> Learner:
        """Who leads the team."""
        return self.members[0]

    def identity(self, system: System) -> Json:
        """Return the team as a Group with its members."""
        name = f"Team {self.department.spoken(self.language)} {self.number}"
        return {
            "objectType": "Group",
            "name": name,
            **_account(system, f"team-{self.number}"),
            "member": [member.identity(system) for member in self.members],
        }


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody who acts for a system and is no learner."""

    name: str
    login: str
    language: str = "de"

    def identity(self, system: System) -> Json:
        """Return the account of the clerk in a system."""
        return {"objectType": "Agent", "name": self.name, **_account(system, self.login)}


ADMINISTRATOR = Clerk("Kursverwaltung", "kursverwaltung")
TRAINERS = (Clerk("Dr. Ilse Brandt", "brandt"), Clerk("Marcus Webb", "webb"))


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody, and who works with whom."""

    learners: tuple[Learner, ...]
    teams: tuple[Team, ...]
    _team_of: dict[int, Team] = field(repr=False)

    @classmethod
    def staffed(cls, size: int, seed: int, period: Period) -> "Company":
        """Return the company with so many people."""
        names = full_names(size, stream(seed, "names"))
        learners = tuple(
            _hire(number, name, stream(seed, "person", number), period)
            for number, name in enumerate(names, start=1)
        )
        teams = tuple(_form_teams(learners))
        team_of = {member.number: team for team in teams for member in team.members}
        return cls(learners, teams, team_of)

    def team_of(self, learner: Learner) -> Team:
        """Return the team in which a learner works."""
        return self._team_of[learner.number]

    def colleague(self, learner: Learner, day: date, rng: Random) -> Learner | None:
        """Return somebody else who is there on that day, from the team if possible."""
        for group in (self.team_of(learner).members, self.learners):
            present = [one for one in group if one is not learner and one.is_present(day)]
            if present:
                return rng.choice(present)
        return None


def _hire(number: int, name: tuple[str, str, str], rng: Random, period: Period) -> Learner:
    given, family, language = name
    return Learner(
        number=number,
        given=given,
        family=family,
        language=language,
        department=DEPARTMENTS[(number - 1) // _TEAM_SIZE % len(DEPARTMENTS)],
        site=rng.choice(_SITES),
        ability=rng.betavariate(4, 3),
        diligence=clamp(rng.betavariate(3, 5), 0.08, 0.85),
        sociability=rng.betavariate(2, 5),
        hour=rng.choice((8.0, 9.0, 10.5, 13.5, 15.0)),
        away=_holidays(rng, period),
        quits=_end_of_learning(rng, period),
    )


def _holidays(rng: Random, period: Period) -> tuple[Period, ...]:
    """Most people take their long holiday in summer, and a week at some other time."""
    years = range(period.first.year, period.last.year + 1)
    summers = (
        Period.ending(
            date(year, 7, 20) + timedelta(days=rng.randrange(14, 48)), rng.choice((14, 16, 21))
        )
        for year in years
        if happens(rng, 0.8)
    )
    other = period.first + timedelta(days=rng.randrange(len(period)))
    return (*summers, Period.ending(other, rng.choice((3, 5, 7))))


def _end_of_learning(rng: Random, period: Period) -> date | None:
    if happens(rng, 0.09):
        return period.first + timedelta(days=rng.randrange(len(period) // 6, len(period)))
    return None


def _form_teams(learners: Sequence[Learner]) -> list[Team]:
    groups = [
        tuple(learners[start : start + _TEAM_SIZE]) for start in range(0, len(learners), _TEAM_SIZE)
    ]
    return [Team(number, group[0].department, group) for number, group in enumerate(groups, 1)]


def _account(system: System, name: str) -> Json:
    return {"account": {"homePage": system.home, "name": name}}
