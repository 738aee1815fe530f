"""`more` is complete, without repeats, and opaque (Comm. 2.1.3)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builders import (
    Json,
    a_statement,
    a_substatement,
    activity,
    agent,
    group,
    reference,
    referring,
    verb,
)
from conftest import settings_for
from lrs.main import build_app
from statement_resource import following, ids_on, listed, new_id, page, pages, post

QUIZ = activity("quiz")
REGISTRATION = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"
FITTING: Json = {
    "actor": agent("grace"),
    "verb": verb("tried"),
    "object": QUIZ,
    "context": {
        "registration": REGISTRATION,
        "instructor": agent("teacher"),
        "contextActivities": {"parent": activity("parent")},
    },
}
FILTERS: dict[str, Json] = {
    "no filter": {},
    "agent": {"agent": json.dumps(agent("grace"))},
    "related agent": {"agent": json.dumps(agent("teacher")), "related_agents": "true"},
    "verb": {"verb": verb("tried")["id"]},
    "activity": {"activity": QUIZ["id"]},
    "related activity": {"activity": activity("parent")["id"], "related_activities": "true"},
    "registration": {"registration": REGISTRATION},
    "agent and verb": {"agent": json.dumps(agent("grace")), "verb": verb("tried")["id"]},
    "related agent and related activity": {
        "agent": json.dumps(agent("teacher")),
        "activity": activity("parent")["id"],
        "related_agents": "true",
        "related_activities": "true",
    },
    "since": {"since": "2000-01-01T00:00:00Z"},
    "until": {"until": "2200-01-01T00:00:00Z"},
}


async def some_that_fit(client: httpx.AsyncClient) -> list[str]:
    """Store what fits all filters, by itself, by its target or by both, among what does not."""
    noise = {"actor": agent("noise"), "verb": verb("noise"), "object": activity("noise")}
    first = await post(client, *(a_statement(**FITTING) for _ in range(4)))
    await post(client, *(a_statement(**noise) for _ in range(3)))
    both = {key: FITTING[key] for key in ("actor", "verb", "context")}
    second = await post(client, *(referring(first[0], **both) for _ in range(3)))
    third = await post(client, referring(second[0]), a_statement(**FITTING))
    return [*first, *second, *third]


@pytest.mark.requirement("XAPI-00108", "XAPI-00111")
@pytest.mark.parametrize("size", [1, 3, 9])
@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS.keys())
async def test_pages_are_complete_under_every_filter(
    client: httpx.AsyncClient, asked: Json, size: int
) -> None:
    fitting = await some_that_fit(client)
    whole = await listed(client, **asked, ascending="true", limit=100)
    assert [each for each in whole if each in fitting] == fitting
    for ascending, expected in (("true", whole), ("false", whole[::-1])):
        walked = [ids async for ids in pages(client, **asked, ascending=ascending, limit=size)]
        assert [each for ids in walked for each in ids] == expected
        assert {len(ids) for ids in walked[:-1]} <= {size}
        assert 1 <= len(walked[-1]) <= size


@pytest.mark.requirement("XAPI-00109", "XAPI-00113")
async def test_a_page_that_holds_the_last_has_no_more(client: httpx.AsyncClient) -> None:
    await post(client, *(a_statement() for _ in range(4)))
    assert (await page(client, limit=4))["more"] == ""
    assert (await page(client, limit=3))["more"] != ""


@pytest.mark.parametrize("ascending", ["true", "false"])
async def test_a_batch_of_more_than_1024_is_paged_whole(
    client: httpx.AsyncClient, ascending: str
) -> None:
    ids = await post(client, *(a_statement() for _ in range(2100)))
    walked = await listed(client, limit=700, ascending=ascending)
    assert walked == (ids if ascending == "true" else ids[::-1])


@pytest.mark.requirement("XAPI-00114", "XAPI-00173")
@pytest.mark.parametrize("limit", [{}, {"limit": 0}], ids=["no limit", "limit 0"])
async def test_the_lrs_chooses_the_size_of_a_page(client: httpx.AsyncClient, limit: Json) -> None:
    ids = await post(client, *(a_statement() for _ in range(30)))
    walked = [each async for each in pages(client, ascending="true", **limit)]
    assert walked == [ids[:25], ids[25:]]  # the app of these tests has pages of 25


@pytest.mark.requirement("XAPI-00114", "XAPI-00173")
async def test_a_limit_above_the_highest_gives_the_highest(client: httpx.AsyncClient) -> None:
    await post(client, *(a_statement() for _ in range(1001)))
    walked = [each async for each in pages(client, limit=999_999_999)]
    assert [len(ids) for ids in walked] == [1000, 1]


async def test_more_is_an_absolute_path(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement())
    link = urlsplit((await page(client, limit=1))["more"])
    assert (link.scheme, link.netloc, link.path) == ("", "", "/xapi/statements")
    assert list(parse_qs(link.query)) == ["more"]
    assert len(link.query) < 2000


async def test_more_works_after_new_writes(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(4)))
    newest_first = await page(client, limit=2)
    oldest_first = await page(client, limit=2, ascending="true")
    new = await post(client, a_statement(), a_statement())
    assert ids_on(await following(client, newest_first["more"])) == [ids[1], ids[0]]
    second = await following(client, oldest_first["more"])
    assert ids_on(second) == ids[2:]
    assert ids_on(await following(client, second["more"])) == new


async def test_more_can_be_followed_again(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement())
    more = (await page(client, limit=1))["more"]
    assert await following(client, more) == await following(client, more)


async def test_more_works_on_another_instance(client: httpx.AsyncClient, database_url: str) -> None:
    ids = await post(client, a_statement(), a_statement())
    more = (await page(client, limit=1))["more"]
    elsewhere = build_app(settings_for(database_url))
    async with (
        elsewhere.router.lifespan_context(elsewhere),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(elsewhere), auth=client.auth, headers=client.headers
        ) as second,
    ):
        answer = await second.get("http://lrs.test" + more)
    assert [each["id"] for each in answer.json()["statements"]] == [ids[0]]


async def test_a_changed_link_is_refused(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement())
    more = (await page(client, limit=1))["more"]
    token = parse_qs(urlsplit(more).query)["more"][0]
    for place in (0, 5, len(token) // 2, len(token) - 1):
        # The last letter stands for four bits only, in which A to D are the same.
        changed = token[:place] + ("Z" if token[place] in "ABCD" else "A") + token[place + 1 :]
        answer = await client.get("/statements", params={"more": changed})
        assert answer.status_code == 400, place


@pytest.mark.parametrize("token", ["", "abc", "a.b", "\u00e4", "x" * 5000, "W10.W10"])
async def test_a_made_up_link_is_refused(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.get("/statements", params={"more": token})).status_code == 400


async def test_the_link_of_another_store_is_refused(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await post(client, a_statement(), a_statement())
    await post(other, a_statement(), a_statement())
    more = (await page(client, limit=1))["more"]
    answer = await other.get("http://lrs.test" + more)
    assert answer.status_code == 400
    assert "statements" not in answer.json()


async def test_more_needs_credentials_and_a_version(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await post(client, a_statement(), a_statement())
    more = "http://lrs.test" + (await page(client, limit=1))["more"]
    del client.headers["X-Experience-API-Version"]
    assert (await client.get(more)).status_code == 400
    assert (await anonymous.get(more)).status_code == 401


@pytest.mark.requirement("XAPI-00111")
async def test_more_keeps_the_format(client: httpx.AsyncClient) -> None:
    shown = a_statement(verb=verb() | {"display": {"en": "completed"}})
    await post(client, shown, shown)
    first = await page(client, limit=1, format="ids")
    (second,) = (await following(client, first["more"]))["statements"]
    assert second["verb"] == verb()


async def test_more_keeps_the_language(client: httpx.AsyncClient) -> None:
    shown = a_statement(verb=verb() | {"display": {"en": "completed", "de": "beendet"}})
    await post(client, shown, shown)
    german = {"Accept-Language": "de"}
    answer = await client.get(
        "/statements", params={"limit": 1, "format": "canonical"}, headers=german
    )
    english = await following(client, answer.json()["more"], Accept_Language="en")
    assert english["statements"][0]["verb"]["display"] == {"de": "beendet"}


MANY_TIMES: Json = {
    "actor": group(agent("grace"), agent("bob"), mbox="mailto:readers@example.org"),
    "object": a_substatement(
        actor=agent("grace"),
        object=QUIZ,
        context={
            "instructor": group(agent("grace"), agent("grace")),
            "contextActivities": {"parent": [QUIZ], "category": [QUIZ, QUIZ]},
        },
    ),
    "context": {
        "instructor": agent("grace"),
        "team": group(agent("grace")),
        "contextActivities": {"grouping": [QUIZ, QUIZ], "other": QUIZ},
    },
}
RELATED: dict[str, Json] = {
    "agent": {"agent": json.dumps(agent("grace")), "related_agents": "true"},
    "activity": {"activity": QUIZ["id"], "related_activities": "true"},
    "both": {
        "agent": json.dumps(agent("grace")),
        "activity": QUIZ["id"],
        "related_agents": "true",
        "related_activities": "true",
    },
}


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("asked", RELATED.values(), ids=RELATED.keys())
async def test_pages_repeat_nothing_where_agents_and_activities_are_named_many_times(
    client: httpx.AsyncClient, asked: Json, size: int
) -> None:
    late = new_id()
    speaking = {name: MANY_TIMES[name] for name in ("actor", "context")}
    before = await post(client, referring(late, **speaking), referring(late, **speaking))
    targets = await post(client, a_statement(id=late, **MANY_TIMES), a_statement(**MANY_TIMES))
    after = await post(client, *(referring(before[0], **speaking) for _ in range(3)))
    expected = [*before, *targets, *after]
    for ascending, whole in (("true", expected), ("false", expected[::-1])):
        walked = [ids async for ids in pages(client, **asked, ascending=ascending, limit=size)]
        assert [each for ids in walked for each in ids] == whole
        assert [len(ids) for ids in walked[:-1]] == [size] * (len(walked) - 1)


@dataclass(frozen=True)
class Spoken:
    """A statement in small numbers, of which everything that filters look at is made.

    Attributes:
        target: how many statements before it lies the one that it is about; 0 for an activity.
    """

    actor: int
    verb: int
    activity: int
    target: int
    instructor: int
    parent: int


class Asked(NamedTuple):
    """A filter in the same numbers; None for what is not asked for."""

    actor: int | None
    verb: int | None
    activity: int | None
    is_related: bool


NUMBERS = st.integers(0, 2)
SPOKEN = st.builds(Spoken, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 3), NUMBERS, NUMBERS)
ASKED = st.builds(Asked, *[st.none() | NUMBERS] * 3, st.booleans())


def told(place: int, said: Sequence[Spoken], ids: Sequence[str], registration: str) -> Json:
    """Write a statement."""
    it = said[place]
    target = place - it.target
    context = {
        "registration": registration,
        "instructor": agent(f"a{it.instructor}"),
        "contextActivities": {"parent": activity(f"c{it.parent}")},
    }
    is_reference = it.target > 0 and target >= 0
    return a_statement(
        id=ids[place],
        actor=agent(f"a{it.actor}"),
        verb=verb(f"v{it.verb}"),
        object=reference(ids[target]) if is_reference else activity(f"c{it.activity}"),
        context=context,
    )


def fits(place: int, said: Sequence[Spoken], asked: Asked) -> bool:
    """Tell whether a statement, or one that it leads to, has all that is asked for."""
    it = said[place]
    target = place - it.target
    is_reference = it.target > 0 and target >= 0
    actors, activities = {it.actor}, set() if is_reference else {it.activity}
    if asked.is_related:
        actors, activities = actors | {it.instructor}, activities | {it.parent}
    fits_itself = (
        asked.actor in {None, *actors}
        and asked.verb in {None, it.verb}
        and asked.activity in {None, *activities}
    )
    return fits_itself or (is_reference and fits(target, said, asked))


def parameters_of(asked: Asked) -> Json:
    named = {
        "agent": None if asked.actor is None else json.dumps(agent(f"a{asked.actor}")),
        "verb": None if asked.verb is None else verb(f"v{asked.verb}")["id"],
        "activity": None if asked.activity is None else activity(f"c{asked.activity}")["id"],
        "related_agents": str(asked.is_related).lower(),
        "related_activities": str(asked.is_related).lower(),
    }
    return {name: value for name, value in named.items() if value is not None}


@pytest.mark.requirement("XAPI-00108")
@given(
    said=st.lists(SPOKEN, min_size=1, max_size=16),
    size=st.integers(1, 16),
    several=st.lists(st.tuples(ASKED, st.integers(1, 7)), min_size=1, max_size=3),
    targets_first=st.booleans(),
)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],  # looking for a smaller example takes minutes over a database
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_pages_together_are_the_whole_in_both_directions(
    client: httpx.AsyncClient,
    *,
    said: list[Spoken],
    size: int,
    several: list[tuple[Asked, int]],
    targets_first: bool,
) -> None:
    registration = new_id()
    ids = [new_id() for _ in said]
    places = list(range(len(said)))[:: 1 if targets_first else -1]
    statements = [told(place, said, ids, registration) for place in places]
    for start in range(0, len(statements), size):
        await post(client, *statements[start : start + size])
    for asked, limit in several:
        expected = [ids[place] for place in places if fits(place, said, asked)]
        parameters = parameters_of(asked) | {"registration": registration, "limit": limit}
        assert await listed(client, **parameters, ascending="true") == expected
        assert await listed(client, **parameters, ascending="false") == expected[::-1]


async def test_pages_are_full_where_many_references_lead_to_one_statement(
    client: httpx.AsyncClient,
) -> None:
    chain = [a_statement(id=new_id(), verb=verb("tried"))]
    for _ in range(19):
        chain.append(referring(chain[-1]["id"], id=new_id(), verb=verb("tried")))
    await post(client, *chain)

    found = [ids async for ids in pages(client, verb=verb("tried")["id"], limit=6)]

    assert [len(ids) for ids in found] == [6, 6, 6, 2]
    assert [each for ids in found for each in ids] == [each["id"] for each in reversed(chain)]
