from datetime import UTC, datetime
from typing import Any

import pytest

from lrs.analytics.facts import Fact
from lrs.analytics.measures import COMPLETION_VERBS, MEASURES, RATING_VERBS

VIEWED = "http://example.org/verbs/viewed"
RATED = RATING_VERBS[0]
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def fact(**properties: Any) -> Fact:
    return Fact(timestamp=MOMENT, stored=MOMENT, **{"verb": VIEWED} | properties)


def measured(name: str, *facts: Fact) -> int | float | None:
    return MEASURES[name].evaluate(facts)


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("statements.count", 0),
        ("actors.unique", 0),
        ("activities.unique", 0),
        ("completions.count", 0),
        ("success.rate", None),
        ("score.scaled.avg", None),
        ("duration.sum", None),
        ("rating.avg", None),
    ],
)
def test_counts_of_nothing_are_zero_and_other_measures_missing(name: str, nothing: object) -> None:
    assert measured(name) == nothing


def test_an_actor_counts_once_and_an_anonymous_group_not_at_all() -> None:
    assert measured("actors.unique", fact(actor="a"), fact(actor="a"), fact(), fact(actor="b")) == 2


def test_objects_that_are_no_activity_do_not_count_as_one() -> None:
    assert measured("activities.unique", fact(activity="x"), fact(), fact(activity="x")) == 1


@pytest.mark.parametrize("verb", COMPLETION_VERBS)
def test_a_completion_verb_completes_unless_the_result_says_no(verb: str) -> None:
    facts = [fact(verb=verb, completion=completion) for completion in (None, True, False)]
    assert measured("completions.count", *facts) == 2


def test_a_completed_answer_to_a_question_is_no_completion() -> None:
    answered = fact(verb="http://adlnet.gov/expapi/verbs/answered", completion=True)
    assert measured("completions.count", answered) == 0


def test_success_is_measured_among_those_that_say() -> None:
    facts = [fact(success=True), fact(success=True), fact(success=False), fact()]
    assert measured("success.rate", *facts) == pytest.approx(2 / 3)


def test_missing_scores_do_not_pull_the_average() -> None:
    facts = [fact(score_scaled=0.5), fact(score_scaled=-1.0), fact()]
    assert measured("score.scaled.avg", *facts) == -0.25


def test_durations_add_up_in_seconds() -> None:
    assert measured("duration.sum", fact(duration=90.5), fact(duration=9.5), fact()) == 100.0


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        ({"score_scaled": 0.9, "score_raw": 1.0, "score_min": 1.0, "score_max": 5.0}, 0.9),
        ({"score_raw": 4.0, "score_min": 1.0, "score_max": 5.0}, 0.75),
        ({"score_raw": 4.0, "score_max": 5.0}, None),
        ({"score_raw": 4.0, "score_min": 4.0, "score_max": 4.0}, None),
        ({}, None),
    ],
)
def test_a_rating_lies_between_its_ends(score: dict[str, Any], rating: float | None) -> None:
    assert measured("rating.avg", fact(verb=RATED, **score)) == rating


def test_scores_of_other_verbs_are_no_ratings() -> None:
    assert measured("rating.avg", fact(score_scaled=0.9)) is None
