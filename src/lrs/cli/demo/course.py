"""What a course and a video are, and the Activities that they become in each system."""

from typing import NamedTuple

from lrs.cli.demo import vocabulary
from lrs.cli.demo.statements import activity
from lrs.cli.demo.systems import AUTHORING, LMS, TALENT, VIDEO
from lrs.cli.demo.vocabulary import Json, Text


class Clip(NamedTuple):
    """A video and its length in seconds."""

    slug: str
    name: Text
    seconds: int

    def activity(self) -> Json:
        """Return the video as an Activity of the video platform."""
        return activity(f"{VIDEO.home}/videos/{self.slug}", vocabulary.VIDEO, self.name)


class Course(NamedTuple):
    """A course of the LMS with its chapters, its video, its lesson and its competence.

    Attributes:
        number: its id in the LMS.
        slug: its name in the addresses of the other systems.
        difficulty: 0 is trivial, 1 is for specialists.
        quality: 0 is badly made, 1 is a pleasure.
        departments: who takes it; empty means that everybody has to.
        keywords: what people type when they search for it.
    """

    number: int
    slug: str
    name: Text
    difficulty: float
    quality: float
    departments: tuple[Text, ...]
    keywords: Text
    chapters: tuple[Text, ...]
    competence: Text
    clip: Clip

    @property
    def is_mandatory(self) -> bool:
        """Whether everybody in the company has to take it."""
        return not self.departments

    @property
    def iri(self) -> str:
        """The address of the course in the LMS."""
        return f"{LMS.home}/course/view.php?id={self.number}"

    def activity(self) -> Json:
        """Return the course as an Activity."""
        return activity(self.iri, vocabulary.COURSE, self.name)

    def chapter_activity(self, index: int) -> Json:
        """Return one chapter as an Activity of the LMS."""
        iri = f"{LMS.home}/mod/page/view.php?id={self.number * 10 + index}"
        return activity(iri, vocabulary.MODULE, self.chapters[index])

    def quiz_activity(self) -> Json:
        """Return the final quiz as an Activity of the LMS."""
        name = Text(f"Abschlusstest: {self.name.de}", f"Final quiz: {self.name.en}")
        iri = f"{LMS.home}/mod/quiz/view.php?id={self.number * 10 + 9}"
        return activity(iri, vocabulary.ASSESSMENT, name)

    def lesson_activity(self) -> Json:
        """Return the interactive lesson as an Activity of the authoring tool."""
        name = Text(f"Übungen: {self.name.de}", f"Exercises: {self.name.en}")
        return activity(f"{AUTHORING.home}/{self.slug}", vocabulary.LESSON, name)

    def competence_activity(self) -> Json:
        """Return the competence as an Activity of the talent system."""
        iri = f"{TALENT.home}/competences/{self.slug}"
        return activity(iri, vocabulary.COMPETENCY, self.competence)
