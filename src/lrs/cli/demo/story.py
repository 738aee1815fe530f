"""The whole story: every statement that the six systems send in the period."""

from dataclasses import dataclass
from datetime import date, datetime, time

from lrs.cli.demo import collaboration
from lrs.cli.demo.chance import happens, stream
from lrs.cli.demo.company import Company, Team
from lrs.cli.demo.diary import Diary, Entry
from lrs.cli.demo.journey import Journey
from lrs.cli.demo.workdays import OFFICE_TIME, Period, first_workday, is_workday

LAST_DAY = date(2026, 8, 16)
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Story:
    """What a run of the demo is made from; equal stories have equal statements."""

    learners: int = 200
    days: int = 90
    seed: int = 7
    until: date = LAST_DAY

    @property
    def period(self) -> Period:
        """The days that the story covers."""
        return Period.ending(self.until, self.days)

    def company(self) -> Company:
        """Return the company that the story is about."""
        return Company.staffed(self.learners, self.seed, self.period)

    def tell(self) -> list[Entry]:
        """Return everything that happens, in the order of time."""
        company = self.company()
        entries = [entry for team in company.teams for entry in self._retrospectives(team)]
        for learner in company.learners:
            journey = Journey(learner, company, stream(self.seed, "journey", learner.number))
            journey.take_office(first_workday(self.period))
            for day in self.period:
                journey.live(day)
            entries += journey.entries
        within = [entry for entry in entries if entry.moment.date() in self.period]
        return sorted(within, key=lambda entry: (entry.moment, entry.id))

    def _retrospectives(self, team: Team) -> list[Entry]:
        rng = stream(self.seed, "team", team.number)
        entries: list[Entry] = []
        for day in self.period:
            if day.weekday() == _FRIDAY and is_workday(day) and happens(rng, 0.4):
                start = datetime.combine(day, time(11, rng.randrange(60)), OFFICE_TIME)
                collaboration.look_back(Diary(team, rng, start, entries), team)
        return entries
