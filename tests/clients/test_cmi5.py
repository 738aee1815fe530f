"""An assignable unit built on @xapi/cmi5, from its launch to its end."""

import pytest

from clients.node_scenarios import Clients, Seen

CMI5 = {"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}
MOVE_ON = {"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}
MASTERY_SCORE = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"
VERBS = "http://adlnet.gov/expapi/verbs/"


@pytest.fixture(scope="module")
def seen(clients: Clients) -> Seen:
    return clients.seen("cmi5")


def test_a_unit_gets_in_with_the_token_of_its_launch(seen: Seen) -> None:
    saw = seen("a launch")
    assert f"Basic {saw['token']}" == saw["made"]["authorization"]
    assert saw["ids"] == [saw["initialized"]["id"]]


def test_a_unit_reads_the_launch_data_that_the_lms_left(seen: Seen) -> None:
    saw = seen("a launch")
    assert saw["read"] == saw["launchData"]


def test_a_unit_says_that_it_is_initialized_in_the_context_of_its_launch(seen: Seen) -> None:
    saw = seen("a launch")
    initialized = saw["initialized"]
    template = saw["launchData"]["contextTemplate"]
    assert initialized["actor"] == saw["actor"]
    assert initialized["verb"]["id"] == f"{VERBS}initialized"
    assert initialized["context"] == {
        "registration": saw["registration"],
        "contextActivities": template["contextActivities"] | {"category": [CMI5]},
        "extensions": template["extensions"],
    }


def test_preferences_of_the_learner_are_read(seen: Seen) -> None:
    saw = seen("preferences")
    assert saw["read"] == saw["preferences"]


def test_missing_preferences_are_404_and_no_hindrance(seen: Seen) -> None:
    assert seen("no preferences") == {"status": 404, "read": {}}


def test_a_session_is_read_back_in_its_order(seen: Seen) -> None:
    assert seen("a whole session")["verbs"] == [
        "initialized",
        "progressed",
        "completed",
        "passed",
        "terminated",
    ]


def test_statements_of_a_session_are_marked_as_the_profile_wants(seen: Seen) -> None:
    statements = seen("a whole session")["statements"]
    categories = {
        statement["verb"]["id"].removeprefix(VERBS): statement["context"]["contextActivities"].get(
            "category"
        )
        for statement in statements
    }
    assert categories == {
        "initialized": [CMI5],
        "progressed": None,
        "completed": [CMI5, MOVE_ON],
        "passed": [CMI5, MOVE_ON],
        "terminated": [CMI5],
    }


def test_a_unit_is_passed_with_its_score_and_the_mastery_score(seen: Seen) -> None:
    passed = seen("a whole session")["statements"][3]
    assert passed["result"]["score"] == {"scaled": 0.9}
    assert passed["result"]["success"] is True
    assert passed["context"]["extensions"][MASTERY_SCORE] == 0.8


def test_moving_on_passes_completes_and_terminates(seen: Seen) -> None:
    saw = seen("moving on")
    assert saw["verbs"] == ["initialized", "passed", "completed", "terminated"]
    assert saw["listed"][1:] == saw["ids"]


def test_a_unit_may_be_failed(seen: Seen) -> None:
    saw = seen("failing")
    assert saw["verb"] == f"{VERBS}failed"
    assert (saw["result"]["success"], saw["result"]["score"]) == (False, {"scaled": 0.25})


def test_every_kind_of_question_is_stored_as_it_was_answered(seen: Seen) -> None:
    answers = seen("every kind of question")
    said = [(it["kind"], it.get("pattern"), it["response"]) for it in answers]
    assert said == [
        ("true-false", ["true"], "true"),
        ("choice", ["a[,]b"], "a"),
        ("fill-in", ["x[,]y"], "x[,]y"),
        ("long-fill-in", None, "a long text"),
        ("likert", ["b"], "a"),
        ("matching", ["a[.]b"], "a[.]b"),
        ("performance", ["a[.]3"], "a[.]3"),
        ("sequencing", ["b[,]a"], "a[,]b"),
        ("numeric", ["1:5"], "4"),
        ("other", ["(1,2)"], "(1,2)"),
    ]
    assert answers[0]["duration"] == "PT1M1.5S"


def test_a_session_goes_on_in_another_page(seen: Seen) -> None:
    assert seen("a session that goes on") == ["initialized", "terminated"]


def test_a_bookmark_lies_beside_the_launch_data(seen: Seen) -> None:
    saw = seen("a bookmark")
    assert saw == {"content": "page=3;ü", "names": ["LMS.LaunchData", "bookmark"]}


def test_a_unit_gets_along_with_two_slashes_after_the_endpoint(seen: Seen) -> None:
    assert seen("an endpoint with two slashes") == ["initialized", "terminated"]


def test_a_unit_gets_along_without_a_slash_after_the_endpoint(seen: Seen) -> None:
    assert seen("an endpoint without a slash") == ["initialized"]


def test_a_token_is_fetched_once(seen: Seen) -> None:
    saw = seen("a fetch URL that was used")
    assert saw["status"] == 200
    assert saw["said"]["error-code"] == "1"


def test_a_token_that_was_revoked_is_told(seen: Seen) -> None:
    saw = seen("a token that was revoked")
    assert saw == {"status": 401, "detail": "the launch token was revoked"}


def test_a_unit_says_nothing_of_another_learner(seen: Seen) -> None:
    saw = seen("another learner")
    assert saw["status"] == 403
    assert saw["detail"].startswith("the actor is not the Agent")


def test_missing_launch_data_are_told(seen: Seen) -> None:
    saw = seen("no launch data")
    assert saw["status"] == 404
    assert "LMS.LaunchData" in saw["detail"]
