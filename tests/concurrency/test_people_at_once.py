"""Whoever writes of persons at once: an identifier is one person's, and merges make no ring."""

import asyncio
from collections import Counter
from itertools import pairwise

import httpx

from known_people import PEOPLE, account, agents, get, make, mbox, somebody
from known_people import define as define_attribute

MANY = 8


async def test_of_many_who_claim_an_identifier_one_wins(client: httpx.AsyncClient) -> None:
    wanted = mbox(somebody())
    people = [(await make(client, account(somebody())))["id"] for _ in range(MANY)]
    answers = await asyncio.gather(
        *(
            client.post(f"{PEOPLE}/{each}/identifiers", json={"identifiers": [wanted]})
            for each in people
        ),
        *(client.post(PEOPLE, json={"identifiers": [wanted]}) for _ in range(MANY)),
    )
    assert Counter(each.status_code // 100 for each in answers) == {2: 1, 4: 2 * MANY - 1}
    listed = (await client.get(PEOPLE, params={"limit": 100})).json()["people"]
    assert [wanted in agents(each) for each in listed].count(True) == 1


async def test_two_merges_against_each_other_make_one_person(client: httpx.AsyncClient) -> None:
    for _ in range(4):
        a, b, c = [(await make(client, account(somebody())))["id"] for _ in range(3)]
        pairs = [(a, b), (b, a), (b, c), (c, a)]
        answers = await asyncio.gather(
            *(client.post(f"{PEOPLE}/{one}/merges", json={"other": two}) for one, two in pairs)
        )
        assert Counter(each.status_code for each in answers) == {201: 2, 409: 2}
        (root,) = {(await get(client, each))["id"] for each in (a, b, c)}
        assert len(agents(await get(client, root))) == 3


async def test_values_that_are_set_at_once_never_overlap(client: httpx.AsyncClient) -> None:
    await define_attribute(client, "department")
    person = (await make(client))["id"]
    path = f"{PEOPLE}/{person}/attributes/department"
    bodies = [
        {"value": str(day), "from": f"2024-01-{day:02}", "until": f"2024-01-{day + 2:02}"}
        for day in range(1, 10)
    ]
    answers = await asyncio.gather(*(client.put(path, json=body) for body in bodies))
    kept = sorted(
        (each["from"], each["until"]) for each in (await get(client, person))["attributes"]
    )
    assert len(kept) == [each.status_code for each in answers].count(200)
    assert all(before[1] <= after[0] for before, after in pairwise(kept))


async def test_two_who_become_each_other_s_manager_at_once_are_no_ring(
    client: httpx.AsyncClient,
) -> None:
    await define_attribute(client, "manager", "person")
    for _ in range(3):
        a, b = [(await make(client))["id"] for _ in range(2)]
        answers = await asyncio.gather(
            *(
                client.put(f"{PEOPLE}/{one}/attributes/manager", json={"value": two})
                for one, two in ((a, b), (b, a))
            )
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
