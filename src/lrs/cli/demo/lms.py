"""The LMS: enrolments, chapters, quizzes with scores, completions."""

from dataclasses import replace
from datetime import timedelta

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens
from lrs.cli.demo.company import ADMINISTRATOR, TRAINERS
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.statements import Setting, activity, duration, score, statement_ref
from lrs.cli.demo.systems import LMS
from lrs.cli.demo.vocabulary import Json, Text

PASS_MARK = 0.6
_ATTEMPTS = 3
_POINTS = 20
_SHARE_OF_MISTAKES = 0.012

_SITE = activity(LMS.home, vocabulary.LMS_SITE, Text("Lernplattform", "Learning platform"))


def log_in(diary: Diary) -> None:
    """Open the LMS."""
    diary.write(LMS, vocabulary.LOGGED_IN, _SITE, Setting())


def register(diary: Diary, enrolment: Enrolment) -> None:
    """Enrol in a course."""
    diary.write(LMS, vocabulary.REGISTERED, enrolment.course.activity(), enrolment.setting(_SITE))


def begin(diary: Diary, enrolment: Enrolment) -> bool:
    """Open the course for the first time."""
    diary.write(LMS, vocabulary.INITIALIZED, enrolment.course.activity(), enrolment.setting(_SITE))
    return True


def read_chapter(diary: Diary, enrolment: Enrolment, index: int) -> bool:
    """Read one chapter; the slower, the harder."""
    chapter = enrolment.course.chapter_activity(index)
    setting = enrolment.setting(enrolment.course.activity())
    diary.write(LMS, vocabulary.VIEWED, chapter, setting)
    seconds = diary.pause(90, 300 + 900 * enrolment.course.difficulty)
    result = {"completion": True, "duration": duration(seconds)}
    diary.write(LMS, vocabulary.COMPLETED, chapter, setting, result)
    return True


def sit_quiz(diary: Diary, enrolment: Enrolment) -> bool:
    """Take the final quiz; True when there is no further attempt to make."""
    enrolment.attempts += 1
    quiz = enrolment.course.quiz_activity()
    setting = _quiz_setting(enrolment)
    diary.write(LMS, vocabulary.ATTEMPTED, quiz, setting)
    seconds = diary.pause(240, 1500)
    likelihood = enrolment.likelihood()
    points = sum(happens(diary.rng, likelihood) for _ in range(_POINTS))
    enrolment.grade = max(enrolment.grade, points / _POINTS)
    if happens(diary.rng, _SHARE_OF_MISTAKES):
        _grade_wrongly(diary, quiz, setting)
    _grade(diary, quiz, setting, points, seconds)
    return enrolment.grade >= PASS_MARK or enrolment.attempts == _ATTEMPTS


def finish(diary: Diary, enrolment: Enrolment) -> bool:
    """Complete the course, if the quiz was passed, and earn the certificate."""
    if enrolment.grade < PASS_MARK:
        return True
    course = enrolment.course.activity()
    result = {
        "completion": True,
        "success": True,
        "score": score(round(enrolment.grade * 100), 100),
    }
    setting = enrolment.setting(_SITE)
    done = diary.write(LMS, vocabulary.COMPLETED, course, setting, result)
    enrolment.certificate = done
    name = Text(
        f"Zertifikat: {enrolment.course.name.de}", f"Certificate: {enrolment.course.name.en}"
    )
    iri = f"{LMS.home}/mod/customcert/view.php?id={enrolment.course.number}"
    certificate = activity(iri, vocabulary.CERTIFICATE, name)
    diary.write(LMS, vocabulary.EARNED, certificate, replace(setting, evidence=done))
    return True


def _quiz_setting(enrolment: Enrolment) -> Setting:
    trainer = TRAINERS[enrolment.course.number % len(TRAINERS)]
    setting = enrolment.setting(enrolment.course.activity())
    return replace(setting, instructor=trainer.identity(LMS))


def _grade(diary: Diary, quiz: Json, setting: Setting, points: int, seconds: float) -> str:
    passed = points >= PASS_MARK * _POINTS
    result = {
        "score": score(points, _POINTS),
        "success": passed,
        "completion": True,
        "duration": duration(seconds),
    }
    verb = vocabulary.PASSED if passed else vocabulary.FAILED
    return diary.write(LMS, verb, quiz, setting, result)


def _grade_wrongly(diary: Diary, quiz: Json, setting: Setting) -> None:
    """Record a result of nought that the administrator takes back a little later."""
    mistake = _grade(diary, quiz, setting, 0, 1)
    administrator = diary.beside(ADMINISTRATOR, timedelta(minutes=diary.rng.randint(5, 90)))
    administrator.write(LMS, vocabulary.VOIDED, statement_ref(mistake), Setting())
