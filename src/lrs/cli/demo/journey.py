"""How one learner's days go: when they learn, what they take up, what they give up."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random

from lrs.cli.demo import authored_content, collaboration, lms, lxp, talent, video
from lrs.cli.demo.chance import clamp, happens, uuid_from
from lrs.cli.demo.company import Company, Learner
from lrs.cli.demo.course import Course
from lrs.cli.demo.curriculum import COURSES, LIBRARY, MANDATORY, courses_for
from lrs.cli.demo.diary import Diary, Entry
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.statements import Setting
from lrs.cli.demo.workdays import OFFICE_TIME, bustle, is_workday, next_workday

_COURSES_AT_ONCE = 2
_STEPS_A_DAY = (1, 1, 2, 2, 3, 4)

_Step = Callable[[Diary, Enrolment], bool]


@dataclass(slots=True)
class _Undertaking:
    """A course that the learner is busy with, and the steps that are left of it."""

    enrolment: Enrolment
    steps: deque[_Step]


@dataclass(slots=True)
class Journey:
    """One learner on the way through the period."""

    learner: Learner
    company: Company
    rng: Random
    entries: list[Entry] = field(default_factory=list)
    finished: int = 0
    _plan: deque[Course] = field(default_factory=deque)
    _busy_with: deque[_Undertaking] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Make up the mind about the courses of this year."""
        self._plan.extend(_plan_courses(self.learner, self.rng))

    def take_office(self, day: date) -> None:
        """Be entered in the talent system."""
        talent.assign_role(self._diary_at(day, 6, 30), self.learner)

    def live(self, day: date) -> None:
        """Go through one day, with or without learning."""
        likelihood = self.learner.diligence * bustle(day)
        if not self.learner.is_present(day) or not happens(self.rng, likelihood):
            return
        diary = self._diary_at(day, *self._arrival(day))
        lms.log_in(diary)
        self._study(diary)
        self._look_around(diary)

    def _study(self, diary: Diary) -> None:
        for _ in range(self.rng.choice(_STEPS_A_DAY)):
            if len(self._busy_with) < _COURSES_AT_ONCE and self._plan:
                self._take_up(diary, self._plan.popleft())
            if self._busy_with:
                self._step_forward(diary, self._busy_with[0])
            diary.pause(20, 400)

    def _take_up(self, diary: Diary, course: Course) -> None:
        if not course.is_mandatory:
            lxp.search(diary, course.keywords)
            lxp.follow_recommendation(diary, course)
        enrolment = Enrolment(
            self.learner, course, uuid_from(self.rng), finished_before=self.finished
        )
        lms.register(diary, enrolment)
        self._busy_with.append(_Undertaking(enrolment, _steps_of(course)))

    def _step_forward(self, diary: Diary, undertaking: _Undertaking) -> None:
        """Take the next step of a course, and another course next time."""
        enrolment, steps = undertaking.enrolment, undertaking.steps
        if steps[0](diary, enrolment):
            steps.popleft()
        self._busy_with.rotate(-1)
        if not steps:
            self._busy_with.remove(undertaking)
            self._harvest(diary, enrolment)
        elif enrolment.loses_interest(self.rng):
            self._busy_with.remove(undertaking)

    def _harvest(self, diary: Diary, enrolment: Enrolment) -> None:
        """Rate a finished course; the talent system hears of it on the next working day."""
        if happens(self.rng, 0.7):
            diary.pause(10, 90)
            lxp.rate(diary, enrolment)
        if not enrolment.certificate:
            return
        tomorrow = self._diary_at(next_workday(diary.now.date()), 6, 0)
        talent.record_competence(tomorrow, enrolment, self.company.team_of(self.learner))
        self.finished += 1

    def _look_around(self, diary: Diary) -> None:
        """Do what belongs to no course plan: watch, search, talk."""
        if happens(self.rng, 0.12):
            clip = self.rng.choice(LIBRARY)
            lxp.search(diary, clip.name)
            lxp.bookmark(diary, clip)
        if happens(self.rng, 0.14):
            video.watch(diary, self.rng.choice(LIBRARY), Setting())
        if happens(self.rng, self.learner.sociability):
            self._talk(diary)

    def _talk(self, diary: Diary) -> None:
        team = self.company.team_of(self.learner)
        busy = self._busy_with
        course = busy[0].enrolment.course if busy else self.rng.choice(COURSES)
        colleague = self.company.colleague(self.learner, diary.now.date(), self.rng)
        if happens(self.rng, 0.5):
            collaboration.ask(diary, team, course, colleague)
        elif colleague is not None and happens(self.rng, 0.3):
            collaboration.mentor(diary, team, course, colleague)
        else:
            collaboration.post(diary, team, course)

    def _arrival(self, day: date) -> tuple[int, int]:
        """Return when the learner sits down: at their hour, on days off at any."""
        hour = self.learner.hour if is_workday(day) else self.rng.uniform(10, 19)
        latest = 16.0 if is_workday(day) else 21.0
        return divmod(round(clamp(self.rng.gauss(hour, 0.8), 7.0, latest) * 60), 60)

    def _diary_at(self, day: date, hour: int, minute: int) -> Diary:
        start = datetime.combine(day, time(hour, minute), OFFICE_TIME)
        offset = timedelta(milliseconds=self.rng.randrange(60_000))
        return Diary(self.learner, self.rng, start + offset, self.entries)


def _plan_courses(learner: Learner, rng: Random) -> list[Course]:
    """Return the courses in the order of this year: the duties early, in between the choices."""
    chosen = courses_for(learner.department)
    wishes = rng.sample(chosen, k=len(chosen))
    plan = wishes[:1]
    for duty in rng.sample(MANDATORY, k=len(MANDATORY)):
        plan.insert(rng.randrange(len(plan) + 1), duty)
    return plan + wishes[1:]


def _steps_of(course: Course) -> deque[_Step]:
    chapters: list[_Step] = [
        partial(lms.read_chapter, index=index) for index in range(len(course.chapters))
    ]
    return deque(
        [
            lms.begin,
            chapters[0],
            video.watch_course_video,
            *chapters[1:],
            authored_content.work_through,
            lms.sit_quiz,
            lms.finish,
        ]
    )
