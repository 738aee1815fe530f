"""The addresses that real clients use are served, and never redirected."""

import httpx
import pytest

from builders import a_statement
from statement_resource import new_id

HOST = "http://lrs.test"
ENDPOINTS = [
    "/xapi",
    "/xAPI",
    "/XAPI",
    "/xApi",
    "/data/xapi",
    "/data/xAPI",
    "/xapi/",
    "/data/XAPI/",
]
SPELLINGS = [
    *(endpoint + "/statements" for endpoint in ENDPOINTS),
    *(endpoint + "/statements/" for endpoint in ENDPOINTS),
    "//xapi/statements",
    "//xapi//statements//",
    "/xapi///statements",
    "/data//xAPI//statements",
    "/xapistatements",
    "/xAPIstatements",
    "/XAPIstatements/",
    "/data/xAPIstatements",
]


@pytest.mark.requirement("XAPI-00139")
@pytest.mark.parametrize("path", SPELLINGS)
async def test_statements_are_served_at(client: httpx.AsyncClient, path: str) -> None:
    first, second = new_id(), new_id()
    answers = [
        await client.post(HOST + path, json=a_statement(id=first)),
        await client.put(f"{HOST}{path}?statementId={second}", json=a_statement()),
        await client.get(f"{HOST}{path}?statementId={first}"),
        await client.head(HOST + path),
    ]
    assert [answer.status_code for answer in answers] == [200, 204, 200, 200]
    assert all("Location" not in answer.headers for answer in answers)
    listed = (await client.get(HOST + path)).json()["statements"]
    assert [each["id"] for each in listed] == [second, first]


@pytest.mark.requirement("XAPI-00315")
@pytest.mark.parametrize(
    "path", ["/xapi/about", "/xapi/about/", "/xAPI//about", "/data/xAPI/about", "/xapiabout"]
)
async def test_about_is_served_at(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(HOST + path)).status_code == 200


OF_DOCUMENTS = "DELETE, GET, HEAD, POST, PUT"


@pytest.mark.requirement("XAPI-00140")
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        pytest.param("/about", "GET, HEAD", marks=pytest.mark.requirement("XAPI-00315")),
        pytest.param("/activities", "GET, HEAD", marks=pytest.mark.requirement("XAPI-00252")),
        pytest.param(
            "/activities/profile", OF_DOCUMENTS, marks=pytest.mark.requirement("XAPI-00311")
        ),
        pytest.param(
            "/activities/state", OF_DOCUMENTS, marks=pytest.mark.requirement("XAPI-00230")
        ),
        pytest.param("/agents", "GET, HEAD", marks=pytest.mark.requirement("XAPI-00245")),
        pytest.param("/agents/profile", OF_DOCUMENTS, marks=pytest.mark.requirement("XAPI-00282")),
        pytest.param(
            "/statements", "GET, HEAD, POST, PUT", marks=pytest.mark.requirement("XAPI-00139")
        ),
    ],
)
async def test_each_resource_of_the_standard_has_its_path_and_methods(
    client: httpx.AsyncClient, path: str, methods: str
) -> None:
    answer = await client.patch(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, methods)


@pytest.mark.parametrize("path", SPELLINGS)
async def test_more_leads_on_from(client: httpx.AsyncClient, path: str) -> None:
    ids = (await client.post(HOST + path, json=[a_statement(), a_statement()])).json()
    more = (await client.get(HOST + path, params={"limit": 1})).json()["more"]
    assert more.startswith("/xapi/statements?")
    following = (await client.get(HOST + more)).json()
    assert [each["id"] for each in following["statements"]] == [ids[0]]


@pytest.mark.parametrize(
    "path",
    ["/", "/xapi", "/xapi/", "/xapi/Statements", "/xapi/statement", "/xapi/statements/x",
     "/statements", "/data/statements", "/other/xapi/statements", "/xapistatementsx",
     "/xapi2/about"],
)  # fmt: skip
async def test_nothing_is_served_at(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(HOST + path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:lrs:error:no-such-resource"


@pytest.mark.parametrize(
    "query",
    ["cachebuster=1", "cachebuster=", "cachebuster", "cachebuster=1&limit=1",
     "limit=1&cachebuster=2",
     "cachebuster=1&cachebuster=2", "", "limit=1&"],
)  # fmt: skip
async def test_a_cachebuster_is_ignored(client: httpx.AsyncClient, query: str) -> None:
    await client.post("/statements?cachebuster=1", json=[a_statement(), a_statement()])
    answer = await client.get(f"{HOST}/xapi/statements?{query}")
    assert answer.status_code == 200
    assert len(answer.json()["statements"]) == (1 if "limit" in query else 2)


async def test_a_cachebuster_does_not_break_a_put_or_more(client: httpx.AsyncClient) -> None:
    query = f"statementId={new_id()}&cachebuster=1"
    assert (await client.put(f"/statements?{query}", json=a_statement())).status_code == 204
    await client.post("/statements", json=a_statement())
    more = (await client.get("/statements", params={"limit": 1})).json()["more"]
    assert (await client.get(f"{HOST}{more}&cachebuster=1")).status_code == 200


@pytest.mark.parametrize("query", ["Cachebuster=1", "cachebusters=1", "xcachebuster=1"])
async def test_only_the_cachebuster_is_ignored(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/statements?{query}")).status_code == 400
