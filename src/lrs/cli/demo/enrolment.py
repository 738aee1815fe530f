"""A learner in a course: how far they have come and how well they do."""

from dataclasses import dataclass
from random import Random

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import clamp, happens
from lrs.cli.demo.company import Learner
from lrs.cli.demo.course import Course
from lrs.cli.demo.statements import Setting, reference
from lrs.cli.demo.vocabulary import Json


@dataclass(slots=True)
class Enrolment:
    """One learner in one course.

    Attributes:
        registration: the UUID that joins the statements of the course, whoever sends them.
        finished_before: courses that the learner has finished already; practice helps.
        attempts: how often they have sat the quiz.
        grade: the best share of points in the quiz.
        certificate: the id of the statement that says that the course is done.
    """

    learner: Learner
    course: Course
    registration: str
    finished_before: int = 0
    attempts: int = 0
    grade: float = 0.0
    certificate: str = ""

    def likelihood(self) -> float:
        """Return how likely the learner gets something right."""
        talent = 0.9 * (self.learner.ability - 0.5) - 0.5 * (self.course.difficulty - 0.5)
        practice = 0.04 * self.finished_before + 0.08 * self.attempts
        return clamp(0.72 + talent + practice, 0.15, 0.98)

    def loses_interest(self, rng: Random) -> bool:
        """Tell whether the learner gives the course up now; hard or dull ones lose more."""
        burden = self.course.difficulty + (1 - self.course.quality) - self.learner.ability
        risk = clamp(0.02 + 0.06 * burden, 0.005, 0.12)
        return happens(rng, risk / 3 if self.course.is_mandatory else risk)

    def setting(self, *parents: Json, **extensions: object) -> Setting:
        """Return what surrounds an action in this course."""
        return Setting(
            registration=self.registration,
            parent=parents,
            grouping=(reference(self.course.iri),),
            extensions={
                vocabulary.DEPARTMENT: self.learner.department.de,
                vocabulary.SITE: self.learner.site.de,
                **extensions,
            },
        )
