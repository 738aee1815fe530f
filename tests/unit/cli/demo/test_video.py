from datetime import datetime
from typing import Any

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import stream
from lrs.cli.demo.company import Company
from lrs.cli.demo.curriculum import LIBRARY
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.statements import Setting
from lrs.cli.demo.story import Story
from lrs.cli.demo.video import watch
from lrs.cli.demo.workdays import OFFICE_TIME

LEARNER = Company.staffed(1, 7, Story().period).learners[0]
MORNING = datetime(2026, 6, 10, 9, 0, tzinfo=OFFICE_TIME)


def session(number: int) -> list[Any]:
    diary = Diary(LEARNER, stream(number), MORNING)
    watch(diary, LIBRARY[0], Setting())
    return [entry.statement for entry in diary.entries]


def test_a_session_begins_with_initialized_and_ends_with_terminated() -> None:
    verbs = [statement["verb"]["id"] for statement in session(1)]
    assert verbs[0] == vocabulary.INITIALIZED.iri
    assert verbs[1] == vocabulary.PLAYED.iri
    assert verbs[-1] == vocabulary.TERMINATED.iri


def test_all_statements_of_a_session_share_its_id() -> None:
    ids = {s["context"]["extensions"][vocabulary.VIDEO_SESSION] for s in session(1)}
    assert len(ids) == 1


def test_only_who_sees_nearly_all_of_it_completes_a_video() -> None:
    outcomes = set()
    for number in range(40):
        last = session(number)[-1]
        progress = last["result"]["extensions"][vocabulary.VIDEO_PROGRESS]
        verbs = {statement["verb"]["id"] for statement in session(number)}
        outcomes.add((progress >= 0.95, vocabulary.COMPLETED.iri in verbs))
    assert outcomes == {(True, True), (False, False)}


def test_times_lie_within_the_video() -> None:
    for number in range(20):
        for statement in session(number):
            time = statement.get("result", {}).get("extensions", {}).get(vocabulary.VIDEO_TIME, 0)
            assert 0 <= time <= LIBRARY[0].seconds
