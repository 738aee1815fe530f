"""Users are found by filters, in pages, and in the order that is asked for."""

from typing import Any

import httpx
import pytest

from scim import (
    EMPLOYEE,
    SCIM,
    a_user,
    create,
    create_group,
    employee,
    found,
    told,
)

# What each finds of Anna, Bert and Carl.
FOUND = {
    'userName eq "ANNA@example.org"': "A",
    'userName ne "anna@example.org"': "BC",
    'userName sw "b" or userName ew ".net"': "BC",
    'userName co "\\u0025"': "",
    'externalId eq "hr-1"': "A",
    'externalId eq "HR-1"': "",
    "externalId pr": "A",
    'userName eq "\\ud800"': None,
    'meta.created gt "9999-12-31T23:59:59-14:00"': None,
    'meta.created gt "0001-01-01T00:00:00+14:00"': None,
    'not (externalId eq "hr-1")': "BC",
    "externalId eq null": "BC",
    "active eq false": "B",
    'active eq "True"': "AC",
    'displayName gt "anna" and displayName le "bert"': "B",
    'name.familyName eq "berger" and not (name.givenName sw "b")': "A",
    'emails eq "anna@example.org"': "A",
    'emails[type eq "work" and value co "@example"]': "A",
    'emails[type eq "home"].value eq "anna@example.org"': "",
    'emails.type eq "home"': "B",
    "emails[primary eq true]": "B",
    'emails.value ne "anna@example.org"': "BC",
    "emails pr": "AB",
    'title eq "buyer"': "C",
    f'{EMPLOYEE}:department eq "SALES"': "AC",
    f'{EMPLOYEE}:employeeNumber eq "7" or (userName sw "c" and title pr)': "BC",
    'meta.lastModified gt "2011-05-13T04:42:34Z"': "ABC",
    'meta.created lt "2011-05-13T04:42:34+02:00"': "",
    f'schemas eq "{EMPLOYEE}"': None,
    'photos.display eq "x"': None,
    'nobody eq "x"': None,
    'password eq "x"': None,
    "userName eq": None,
    'active gt "x"': None,
    'meta.created co "2011"': None,
    "userName gt null": None,
    'title eq "\\u0000"': None,
    "not(" * 100 + "title pr" + ")" * 100: None,
    "(" * 100 + "title pr" + ")" * 100: None,
    "emails[" * 100 + "title pr" + "]" * 100: None,
    " or ".join(["title pr"] * 101): None,
    "title pr" + " " * 10_000: None,
}


@pytest.fixture
async def people(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a store with Anna, Bert and Carl."""
    anna = a_user(
        "anna@example.org",
        externalId="hr-1",
        displayName="Anna",
        name={"givenName": "Anna", "familyName": "Berger"},
        emails=[{"value": "anna@example.org", "type": "work"}],
        **employee(department="Sales"),
    )
    bert = a_user(
        "bert",
        displayName="Bert",
        active=False,
        name={"givenName": "Bert", "familyName": "Berger"},
        emails=[
            {"value": "b@home.example", "type": "home", "primary": True},
            {"value": "b@work.test", "type": "work"},
        ],
        **employee(employeeNumber="7"),
    )
    carl = a_user("carl@example.net", title="Buyer", **employee(department="Sales"))
    for each in (anna, bert, carl):
        await create(client, each)
    return client


async def test_filters_find_what_they_say_or_are_refused(people: httpx.AsyncClient) -> None:
    seen: dict[str, str | None] = {}
    for text in FOUND:
        answer = await people.get(f"{SCIM}/Users", params={"filter": text})
        if answer.status_code == 200:
            names = [each["userName"][0].upper() for each in answer.json()["Resources"]]
            seen[text] = "".join(names)
        else:
            assert told(answer) == (400, "invalidFilter"), text
            seen[text] = None
    assert seen == FOUND


async def test_pages_and_orders(people: httpx.AsyncClient) -> None:
    async def names(**params: Any) -> tuple[int, str]:
        page = await found(people, **params)
        return page["totalResults"], "".join(each["userName"][0] for each in page["Resources"])

    assert await names() == (3, "abc")
    assert await names(startIndex=2, count=1) == (3, "b")
    assert await names(startIndex=0, count=-1) == (3, "")
    assert await names(startIndex=4) == (3, "")
    assert await names(startIndex=10**30) == (3, "")
    assert await names(sortBy="userName", sortOrder="descending") == (3, "cba")
    assert await names(sortBy="displayName") == (3, "abc")
    assert await names(sortBy="displayName", sortOrder="descending") == (3, "cba")
    assert await names(sortBy=f"{EMPLOYEE}:department", sortOrder="descending") == (3, "bac")
    assert await names(filter='userName co "example"', sortBy="meta.created", count=1) == (2, "a")


@pytest.mark.parametrize(
    "params",
    [
        {"startIndex": "x"},
        {"count": "1.5"},
        {"sortBy": "name"},
        {"sortBy": "emails"},
        {"sortBy": "nobody"},
        {"sortOrder": "up"},
        {"attributes": "title", "excludedAttributes": "title"},
        {"attributes": "emails["},
    ],
    ids=str,
)
async def test_parameters_that_make_no_sense_are_refused(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    status, scim_type = told(await client.get(f"{SCIM}/Users", params=params))
    assert (status, scim_type in {"invalidValue", "invalidPath"}) == (400, True)


async def test_a_search_by_a_body_finds_the_same(people: httpx.AsyncClient) -> None:
    wanted = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName sw "b"',
        "attributes": ["userName"],
    }
    page = (await people.post(f"{SCIM}/Users/.search", json=wanted)).json()
    assert [each["userName"] for each in page["Resources"]] == ["bert"]
    assert {*page["Resources"][0]} == {"schemas", "id", "userName"}


async def test_a_search_over_all_goes_from_users_on_to_groups(people: httpx.AsyncClient) -> None:
    for name in ("Anna", "Team B"):
        await create_group(people, name=name)

    async def names(**wanted: Any) -> tuple[int, list[str]]:
        page = (await people.post(f"{SCIM}/.search", json=wanted)).json()
        return page["totalResults"], [
            each.get("userName") or each["displayName"] for each in page["Resources"]
        ]

    assert (await names())[0] == 5
    assert await names(startIndex=3, count=2) == (5, ["carl@example.net", "Anna"])
    assert await names(startIndex=5) == (5, ["Team B"])
    assert await names(filter='displayName eq "Anna"') == (2, ["anna@example.org", "Anna"])
    assert await names(filter='userName sw "b" or displayName sw "team"') == (2, ["bert", "Team B"])
