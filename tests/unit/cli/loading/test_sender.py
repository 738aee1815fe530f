from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lrs.cli.loading.sender import Patience, Refusal, SendingStoppedError, StatementSender
from stand_in_lrs import KEY, SECRET, Answer, StandInLRS, a_batch


async def test_a_batch_is_stored_as_it_stands(lrs: StandInLRS, sender: StatementSender) -> None:
    result = await sender.send([b'{"id":"a", "n": 1.0}', b'{"id":"b","n":1e2}'])
    assert lrs.bodies == [b'[{"id":"a", "n": 1.0},{"id":"b","n":1e2}]']
    assert (result.accepted, result.stored, result.refusals) == (2, 2, [])
    assert lrs.versions == {"1.0.3"}


async def test_sent_again_nothing_is_new(sender: StatementSender) -> None:
    await sender.send(a_batch(3))
    result = await sender.send(a_batch(4))
    assert (result.accepted, result.stored) == (4, 1)


async def test_an_empty_batch_is_not_sent(lrs: StandInLRS, sender: StatementSender) -> None:
    assert (await sender.send([])).accepted == 0
    assert lrs.bodies == []


async def test_an_lrs_may_keep_silent_about_what_was_new(
    lrs: StandInLRS, sender: StatementSender
) -> None:
    lrs.tells_stored = False
    result = await sender.send(a_batch(3))
    assert (result.accepted, result.stored, result.untold) == (3, 0, 3)


async def test_a_refused_batch_is_halved_down_to_the_bad_statements_in_order(
    lrs: StandInLRS, sender: StatementSender
) -> None:
    result = await sender.send(a_batch(20, bad=[0, 7, 8]))
    assert result.refusals == [Refusal(place, 400, "a bad statement") for place in (0, 7, 8)]
    assert (result.accepted, result.stored) == (17, 17)
    assert list(lrs.statements) == [str(number) for number in range(20) if number not in {0, 7, 8}]


async def test_of_two_statements_with_one_id_the_second_is_refused(sender: StatementSender) -> None:
    result = await sender.send([b'{"id":"a"}', b'{"id":"b"}', b'{"id":"a","other":1}'])
    assert result.refusals == [Refusal(2, 409, "another statement has this id")]
    assert result.stored == 2


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_tried_again(
    lrs: StandInLRS, sender: StatementSender, status: int
) -> None:
    lrs.next_answers.extend([Answer(status), Answer(status)])
    result = await sender.send(a_batch(2))
    assert (result.stored, result.failure, len(lrs.bodies)) == (2, None, 3)


async def test_attempts_end(lrs: StandInLRS, sender: StatementSender) -> None:
    lrs.only_answer = Answer(503, body=b"busy")
    result = await sender.send(a_batch(2))
    assert (result.accepted, result.unsent, len(lrs.bodies)) == (0, 2, 3)
    assert result.failure == f"{lrs.endpoint}/statements answers 503: busy"


async def test_what_was_not_reached_after_halving_is_unsent(
    lrs: StandInLRS, sender: StatementSender
) -> None:
    lrs.next_answers.extend([Answer(413), Answer(200)])
    lrs.only_answer = Answer(0)
    result = await sender.send(a_batch(10))
    assert (result.accepted, result.unsent) == (5, 5)


@pytest.mark.parametrize(
    ("status", "headers", "part"),
    [
        (401, {}, "refuses the key 'the-key'"),
        (403, {}, "does not let the key 'the-key' write"),
        (404, {}, "is it the statements resource of an LRS?"),
        (405, {}, "is it the statements resource of an LRS?"),
        (308, {"Location": "https://example.org/"}, "redirects to https://example.org/"),
    ],
)
async def test_what_makes_sending_pointless_stops_it(
    lrs: StandInLRS, sender: StatementSender, status: int, headers: dict[str, str], part: str
) -> None:
    lrs.only_answer = Answer(status, headers)
    with pytest.raises(SendingStoppedError) as caught:
        await sender.send(a_batch(2))
    assert part in str(caught.value)
    assert len(lrs.bodies) == 1


async def test_a_wait_that_the_lrs_names_is_kept(lrs: StandInLRS) -> None:
    in_two_hours = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    lrs.next_answers.extend(
        Answer(429, {"Retry-After": text}) for text in ("0", in_two_hours, "soon")
    )
    notes: list[str] = []
    patience = Patience(first_wait=0.02, longest_named_wait=0.01)
    async with StatementSender(
        lrs.endpoint, KEY, SECRET, patience=patience, on_wait=notes.append
    ) as sender:
        await sender.send(a_batch(1))
    assert ["attempt 2 of 8 in 0.0 s" in notes[0], len(notes)] == [True, 3]


def test_waits_double_up_to_a_limit_and_differ() -> None:
    patience = Patience(first_wait=1, longest_wait=8)
    waits = [patience.wait(failures, None) for failures in (1, 2, 3, 4, 5, 6)]
    limits = [1, 2, 4, 8, 8, 8]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))
    assert len({patience.wait(1, None) for _ in range(20)}) > 1
    assert patience.wait(1, 1000) == patience.longest_named_wait
