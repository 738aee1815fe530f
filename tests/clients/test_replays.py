"""What Moodle, Storyline, Rise, Captivate and cmi5 content send, which cannot be run here."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest

from builders import Json, a_statement, activity, agent
from running_service import KEY, SECRET, Service, client

BASIC = f"Basic {base64.b64encode(f'{KEY}:{SECRET}'.encode()).decode()}"


@pytest.fixture
def speaking(service: Service) -> Iterator[httpx.Client]:
    with client(service.address) as speaking:
        yield speaking


@pytest.fixture
def bare(service: Service) -> Iterator[httpx.Client]:
    """A client that sends no header of its own, as a page of an old browser."""
    with httpx.Client(base_url=f"{service.address}/xapi", timeout=20, trust_env=False) as bare:
        yield bare


def a_place() -> dict[str, str]:
    """Name a state that no other test uses."""
    return {
        "activityId": activity(uuid4().hex)["id"],
        "agent": json.dumps(agent(uuid4().hex)),
        "stateId": "resume",
    }


def exists(speaking: httpx.Client, statement: Json) -> bool:
    answer = speaking.get("statements", params={"statementId": statement["id"]})
    assert answer.status_code in {200, 404}
    return answer.status_code == 200


def moodle_batch(size: int) -> list[Json]:
    return [
        a_statement(id=str(uuid4()), timestamp="2026-01-01T00:00:00+01:00") for _ in range(size)
    ]


def given_up(speaking: httpx.Client, batch: list[Json]) -> list[tuple[Json, str]]:
    """Send a batch as Moodle does, and return what it gives up on, each with the text it keeps.

    Nothing but 200 is success. After 400 it tries again with each half, until one is left.
    """
    answer = speaking.post("statements", json=batch)
    if answer.status_code == 200:
        return []
    assert answer.status_code == 400, answer.text
    if len(batch) == 1:
        return [(batch[0], answer.text)]
    middle = len(batch) // 2
    return given_up(speaking, batch[:middle]) + given_up(speaking, batch[middle:])


@pytest.mark.parametrize("place", [0, 3, 7])
def test_moodle_finds_the_bad_statement_of_a_batch_and_stores_the_others(
    speaking: httpx.Client, place: int
) -> None:
    batch = moodle_batch(8)
    batch[place]["result"] = {"duration": "an hour"}
    ((bad, text),) = given_up(speaking, batch)
    assert bad is batch[place]
    assert "result.duration" in text
    assert [exists(speaking, statement) for statement in batch] == [
        number != place for number in range(8)
    ]


def test_a_batch_of_moodle_is_stored_whole_or_not_at_all(speaking: httpx.Client) -> None:
    batch = moodle_batch(3)
    batch[1]["actor"] = {"name": "Nobody"}
    assert speaking.post("statements", json=batch).status_code == 400
    assert not any(exists(speaking, statement) for statement in batch)


def test_a_batch_that_moodle_sends_again_is_answered_as_before(speaking: httpx.Client) -> None:
    batch = moodle_batch(3)
    answers = [speaking.post("statements", json=batch) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json() for answer in answers] == [[it["id"] for it in batch]] * 2


def storyline(bare: httpx.Client, method: str, resource: str, **fields: str) -> httpx.Response:
    """Send a request as Storyline does: method in the address, all else in a form called text."""
    headers = {"Authorization": BASIC, "X-Experience-API-Version": "1.0.2"}
    return bare.post(
        f"{resource}?method={method}",
        content=urlencode(headers | fields, quote_via=quote),
        headers={"Content-Type": "text/plain"},
    )


def test_storyline_stores_a_statement(bare: httpx.Client, speaking: httpx.Client) -> None:
    statement = a_statement(id=str(uuid4()), result={"response": "50 % + 1 & ✓"})
    answer = storyline(
        bare,
        "PUT",
        "statements",
        **{
            "statementId": statement["id"],
            "Content-Type": "application/json",
            "content": json.dumps(statement, ensure_ascii=False),
        },
    )
    assert answer.status_code == 204, answer.text
    stored = speaking.get("statements", params={"statementId": statement["id"]}).json()
    assert stored["result"] == statement["result"]


def test_storyline_finds_no_state_keeps_one_and_resumes(bare: httpx.Client) -> None:
    place = a_place()
    content = "2n1o5s70806080GQ%^1|é"
    assert storyline(bare, "GET", "activities/state", **place).status_code == 404
    fields = place | {"Content-Type": "application/octet-stream", "content": content}
    assert storyline(bare, "PUT", "activities/state", **fields).status_code == 204
    resumed = storyline(bare, "GET", "activities/state", **place)
    assert (resumed.status_code, resumed.content) == (200, content.encode())


def test_storyline_is_told_that_its_credentials_are_wrong(bare: httpx.Client) -> None:
    assert storyline(bare, "GET", "statements", Authorization="Basic eDp5").status_code == 401


NO_JSON = [
    pytest.param(b"2b3c4d%%suspend_data|page=7", id="Rise"),
    pytest.param(b"cpInfoCurrentSlide=3;\x00\xff", id="Captivate"),
    pytest.param(b"", id="nothing"),
]


@pytest.mark.parametrize("content", NO_JSON)
def test_a_state_that_is_called_json_and_is_none_is_kept(
    speaking: httpx.Client, content: bytes
) -> None:
    place = a_place()
    for _ in range(2):
        put = speaking.put("activities/state", params=place, content=content)
        assert put.status_code == 204, put.text
    got = speaking.get("activities/state", params=place)
    assert (got.content, got.headers["Content-Type"]) == (content, "application/json")


def test_a_state_that_is_called_json_and_is_none_is_not_merged_into(speaking: httpx.Client) -> None:
    place = a_place()
    speaking.put("activities/state", params=place, content=b"page=7")
    merged = speaking.post("activities/state", params=place, content=b'{"page":8}')
    assert merged.status_code == 400
    assert speaking.get("activities/state", params=place).content == b"page=7"


@pytest.mark.parametrize("base", ["/xapi", "/xAPI", "/XAPI", "/data/xAPI", "//xapi"])
@pytest.mark.parametrize("after", ["", "/"], ids=["", "slash"])
def test_every_base_path_is_served_without_a_redirect(
    service: Service, speaking: httpx.Client, base: str, after: str
) -> None:
    endpoint = f"{service.address}{base}"
    posted = speaking.post(f"{endpoint}/statements{after}", json=a_statement())
    assert posted.status_code == 200, posted.text
    asked = {"statementId": posted.json()[0]}
    assert speaking.get(f"{endpoint}/statements{after}", params=asked).status_code == 200


def test_cmi5_content_may_write_two_slashes_or_none(
    service: Service, speaking: httpx.Client
) -> None:
    endpoint, place = f"{service.address}/xapi", a_place()
    put = speaking.put(f"{endpoint}//activities/state", params=place, content=b"{}")
    assert put.status_code == 204
    assert speaking.get(f"{endpoint}activities/state", params=place).content == b"{}"
    posted = speaking.post(f"{endpoint}statements", json=a_statement())
    assert posted.status_code == 200
