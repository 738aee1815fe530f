import json
from collections import Counter
from datetime import date, timedelta
from functools import cache
from statistics import mean
from typing import Any

import pytest

from lrs.cli.demo import vocabulary
from lrs.cli.demo.curriculum import COURSES, MANDATORY
from lrs.cli.demo.delivery import by_system
from lrs.cli.demo.diary import Entry
from lrs.cli.demo.interactions import QUESTIONS
from lrs.cli.demo.story import Story
from lrs.cli.demo.systems import COLLABORATION, LXP, SYSTEMS
from lrs.cli.demo.workdays import OFFICE_TIME, is_workday
from lrs.xapi.statements import read_statement
from lrs.xapi.versions import Version

SMALL = Story(learners=40, days=40)


@cache
def told(story: Story = SMALL) -> list[Entry]:
    return story.tell()


def with_verb(verb: vocabulary.Verb, entries: list[Entry]) -> list[Any]:
    said: list[Any] = [entry.statement for entry in entries]
    return [statement for statement in said if statement["verb"]["id"] == verb.iri]


def registrations(verb: vocabulary.Verb, kind: str) -> set[str]:
    found = with_verb(verb, told())
    of_kind = [one for one in found if one["object"]["definition"]["type"] == kind]
    return {one["context"]["registration"] for one in of_kind}


@pytest.fixture(scope="module")
def whole_story() -> list[Entry]:
    return told(Story())


def test_same_seed_gives_the_same_bytes() -> None:
    assert by_system(SMALL.tell()) == by_system(told())


def test_another_seed_gives_another_story() -> None:
    other = {entry.id for entry in Story(learners=40, days=40, seed=8).tell()}
    assert not other & {entry.id for entry in told()}


def test_equal_ids_always_stand_for_equal_statements() -> None:
    longer = {entry.id: entry.statement for entry in Story(learners=40, days=41).tell()}
    for entry in told():
        assert longer.get(entry.id, entry.statement) == entry.statement


def test_every_statement_is_valid_xapi() -> None:
    for texts in by_system(told()).values():
        for text in texts:
            read_statement(text, Version.V1_0_3)


def test_ids_are_unique_and_in_the_order_of_time() -> None:
    assert len({entry.id for entry in told()}) == len(told())
    assert [e.moment for e in told()] == sorted(e.moment for e in told())


def test_everything_happens_within_the_period() -> None:
    period = SMALL.period
    assert all(entry.moment.date() in period for entry in told())


def test_the_default_story_has_tens_of_thousands_of_statements(whole_story: list[Entry]) -> None:
    assert 20_000 <= len(whole_story) <= 40_000
    sizes = [len(json.dumps(entry.statement)) for entry in whole_story]
    assert 800 <= mean(sizes) <= 1500


def test_workdays_are_far_busier_than_other_days(whole_story: list[Entry]) -> None:
    days = Counter(entry.moment.date() for entry in whole_story)
    free = [days[day] for day in Story().period if not is_workday(day)]
    assert mean(days[day] for day in Story().period if is_workday(day)) > 10 * mean(free)


def test_a_public_holiday_is_as_quiet_as_a_weekend(whole_story: list[Entry]) -> None:
    days = Counter(entry.moment.date() for entry in whole_story)
    corpus_christi = date(2026, 6, 4)
    assert days[corpus_christi] < days[corpus_christi - timedelta(days=1)] / 5


def test_summer_shows_as_a_dip(whole_story: list[Entry]) -> None:
    months = Counter(entry.moment.date().isocalendar().week for entry in whole_story)
    assert months[32] < months[25] / 2


def test_on_workdays_people_learn_in_working_hours(whole_story: list[Entry]) -> None:
    hours = [
        entry.moment.astimezone(OFFICE_TIME).hour
        for entry in whole_story
        if is_workday(entry.moment.date()) and entry.system is LXP
    ]
    assert sum(7 <= hour < 18 for hour in hours) > 0.97 * len(hours)


def test_all_systems_have_something_to_say() -> None:
    assert {entry.system for entry in told()} == set(SYSTEMS)


def test_some_give_a_course_up_and_some_complete_it() -> None:
    begun = registrations(vocabulary.INITIALIZED, vocabulary.COURSE)
    done = registrations(vocabulary.COMPLETED, vocabulary.COURSE)
    assert done < begun
    assert 0.1 < len(done) / len(begun) < 0.9


def test_some_people_stop_learning_altogether(whole_story: list[Entry]) -> None:
    quitters = [learner for learner in Story().company().learners if learner.quits]
    assert 5 <= len(quitters) <= 40
    spoken = {json.dumps(entry.statement["actor"]): entry.moment.date() for entry in whole_story}
    for learner in quitters:
        last = spoken.get(json.dumps(learner.identity(LXP)))
        assert last is None or (learner.quits is not None and last < learner.quits)


def test_good_courses_are_rated_better(whole_story: list[Entry]) -> None:
    stars: dict[str, list[float]] = {}
    for rated in with_verb(vocabulary.RATED, whole_story):
        stars.setdefault(rated["object"]["id"], []).append(rated["result"]["score"]["raw"])
    good = mean(mean(stars[course.iri]) for course in COURSES if course.quality > 0.7)
    bad = mean(mean(stars[course.iri]) for course in COURSES if course.quality < 0.5)
    assert good > bad + 0.8


def test_competences_are_gained_bit_by_bit_with_their_evidence() -> None:
    completed = {s["id"] for s in with_verb(vocabulary.COMPLETED, told())}
    mastered = with_verb(vocabulary.MASTERED, told())
    assert mastered
    assert all(s["context"]["statement"]["id"] in completed for s in mastered)


def test_mistakes_are_voided_by_a_clerk(whole_story: list[Entry]) -> None:
    known = {entry.id for entry in whole_story}
    voiding = with_verb(vocabulary.VOIDED, whole_story)
    assert 3 <= len(voiding) <= 60
    assert all(statement["object"]["id"] in known for statement in voiding)


def test_groups_teams_and_instructors_occur_in_the_collaboration_tool(
    whole_story: list[Entry],
) -> None:
    said: list[Any] = [e.statement for e in whole_story if e.system is COLLABORATION]
    assert any(s["actor"]["objectType"] == "Group" for s in said)
    assert any("team" in s["context"] for s in said)
    assert any("instructor" in s["context"] for s in said)
    assert any(s["object"]["objectType"] == "Agent" for s in said)


def test_approvals_of_the_talent_system_refer_to_statements(whole_story: list[Entry]) -> None:
    approvals = with_verb(vocabulary.APPROVED, whole_story)
    assert approvals
    assert all(one["object"]["objectType"] == "StatementRef" for one in approvals)


def test_every_course_has_questions_and_all_interaction_types_occur() -> None:
    assert set(QUESTIONS) == {course.slug for course in COURSES}
    kinds = {question.kind for questions in QUESTIONS.values() for question in questions}
    assert kinds == {
        "true-false",
        "choice",
        "fill-in",
        "long-fill-in",
        "likert",
        "matching",
        "performance",
        "sequencing",
        "numeric",
        "other",
    }


def test_duties_are_for_everybody() -> None:
    assert len(MANDATORY) == 3
