"""Authored content: lessons after cmi5, with interactions, responses and durations."""

from dataclasses import replace

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens, uuid_from
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.interactions import QUESTIONS, Question
from lrs.cli.demo.statements import Setting, duration, reference
from lrs.cli.demo.systems import AUTHORING, LMS
from lrs.cli.demo.vocabulary import Json

_MASTERY = 0.6
_DEFINED = reference(vocabulary.CMI5_CATEGORY)
_MOVE_ON = reference(vocabulary.MOVE_ON_CATEGORY)


def work_through(diary: Diary, enrolment: Enrolment) -> bool:
    """Do the exercises of a course, or break them off; True when they are behind the learner."""
    lesson = enrolment.course.lesson_activity()
    session = {vocabulary.CMI5_SESSION: uuid_from(diary.rng)}
    allowed = enrolment.setting(lesson, **session)
    defined = _in_category(enrolment.setting(enrolment.course.activity(), **session), _DEFINED)
    diary.write(LMS, vocabulary.LAUNCHED, lesson, defined)
    started = diary.now
    diary.write(AUTHORING, vocabulary.INITIALIZED, lesson, defined)
    questions = QUESTIONS[enrolment.course.slug]
    if happens(diary.rng, 0.06):
        _answer(diary, questions[0], lesson, allowed, enrolment.likelihood())
        elapsed = duration((diary.now - started).total_seconds())
        diary.write(LMS, vocabulary.ABANDONED, lesson, defined, {"duration": elapsed})
        return False
    marks = [
        _answer(diary, question, lesson, allowed, enrolment.likelihood()) for question in questions
    ]
    seconds = (diary.now - started).total_seconds()
    _conclude(diary, lesson, defined, [mark for mark in marks if mark is not None], seconds)
    return True


def _answer(
    diary: Diary, question: Question, lesson: Json, setting: Setting, likelihood: float
) -> bool | None:
    """Answer one question and return whether the response was right, if any can be wrong."""
    seconds = diary.pause(8, 95)
    response, is_right = question.answer(diary.rng, likelihood)
    result: Json = {"response": response, "duration": duration(seconds)}
    if is_right is not None:
        result["success"] = is_right
    target = question.activity(str(lesson["id"]))
    diary.write(AUTHORING, vocabulary.ANSWERED, target, setting, result)
    return is_right


def _conclude(
    diary: Diary, lesson: Json, setting: Setting, marks: list[bool], seconds: float
) -> None:
    """Report completion, result and end, as cmi5 asks for them."""
    elapsed = duration(seconds)
    deciding = _in_category(setting, _DEFINED, _MOVE_ON)
    completed: Json = {"completion": True, "duration": elapsed}
    diary.write(AUTHORING, vocabulary.COMPLETED, lesson, deciding, completed)
    share = sum(marks) / len(marks)
    passed = share >= _MASTERY
    judged: Json = {"score": {"scaled": round(share, 2)}, "success": passed, "duration": elapsed}
    with_mark = replace(
        deciding, extensions={**setting.extensions, vocabulary.CMI5_MASTERY_SCORE: _MASTERY}
    )
    verb = vocabulary.PASSED if passed else vocabulary.FAILED
    diary.write(AUTHORING, verb, lesson, with_mark, judged)
    diary.write(AUTHORING, vocabulary.TERMINATED, lesson, setting, {"duration": elapsed})


def _in_category(setting: Setting, *categories: Json) -> Setting:
    return replace(setting, category=categories)
