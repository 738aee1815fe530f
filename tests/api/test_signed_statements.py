"""Signed statements: a signature is verified before anything is stored (Data 2.6)."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, agent
from multipart_requests import Part, multipart
from signing import Signer, base64url, certified, new_signer, signed, x5c
from statement_resource import exists, get, listed, new_id, post

PROVENANCE = "http://lrs.test/api/v1/statements"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
in_both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])


@pytest.fixture(scope="session")
def signer() -> Signer:
    return new_signer()


@pytest.fixture(scope="session")
def forger() -> Signer:
    return new_signer()


@pytest.fixture
def statement() -> Json:
    return a_statement(id=new_id(), result={"score": {"raw": 7}})


def attachment(data: bytes, **properties: Any) -> Json:
    return {
        "usageType": SIGNATURE,
        "display": {"en": "Signature"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    } | properties


def bearing(statement: Json, *signatures: bytes) -> Json:
    return statement | {"attachments": [attachment(each) for each in signatures]}


async def send(client: httpx.AsyncClient, sent: Json | list[Json], *data: bytes) -> httpx.Response:
    body, headers = multipart(sent, *map(Part, data))
    return await client.post("/statements", content=body, headers=headers)


async def what_became_of(client: httpx.AsyncClient, identifier: str) -> str | None:
    answer = await client.get(f"{PROVENANCE}/{identifier}")
    assert answer.status_code == 200, answer.text
    signature: str | None = answer.json()["signature"]
    return signature


async def reason(client: httpx.AsyncClient, answer: httpx.Response) -> str:
    """Expect one violation, an empty store and that the next request works; return what it says."""
    assert answer.status_code == 400, answer.text
    (violation,) = answer.json()["violations"]
    assert violation["section"] == "Data 2.6"
    assert violation["path"] in {"attachments[0]", "attachments[0].contentType"}
    assert await listed(client) == []
    (identifier,) = await post(client, a_statement())
    assert await listed(client) == [identifier]
    message: str = violation["message"]
    return message


# What is accepted


@pytest.mark.requirement("XAPI-00115", "XAPI-00117")
@in_both_versions
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
async def test_a_signature_with_its_certificate_is_verified(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str, algorithm: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = certified(statement, signer, alg=algorithm)
    answer = await send(client, bearing(statement, jws), jws)
    assert answer.status_code == 200, answer.text
    assert await what_became_of(client, statement["id"]) == "verified"


@pytest.mark.requirement("XAPI-00115", "XAPI-00117")
@in_both_versions
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
async def test_a_signature_without_certificate_is_kept_as_unverified(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str, algorithm: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = signed(statement, signer, alg=algorithm)
    answer = await send(client, bearing(statement, jws), jws)
    assert answer.status_code == 200, answer.text
    assert await what_became_of(client, statement["id"]) == "unverified"


async def test_the_signature_comes_back_to_the_byte(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    jws = certified(statement, signer)
    await send(client, bearing(statement, jws), jws)
    parameters = {"statementId": statement["id"], "attachments": "true"}
    answer = await client.get("/statements", params=parameters)
    assert b"\r\n\r\n" + jws + b"\r\n--" in answer.content


async def test_the_payload_may_lack_what_the_lrs_sets(
    client: httpx.AsyncClient, signer: Signer
) -> None:
    jws = certified(a_statement(), signer)
    sent = bearing(a_statement(authority=agent("lms"), timestamp="2026-03-01T12:00:00Z"), jws)
    answer = await send(client, sent, jws)
    assert answer.status_code == 200, answer.text
    assert await what_became_of(client, answer.json()[0]) == "verified"


@in_both_versions
async def test_a_signed_statement_is_put(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = certified(statement, signer)
    body, headers = multipart(bearing(statement, jws), Part(jws))
    parameters = {"statementId": statement["id"]}
    answer = await client.put("/statements", params=parameters, content=body, headers=headers)
    assert answer.status_code == 204, answer.text
    assert await what_became_of(client, statement["id"]) == "verified"


async def test_a_signed_id_is_that_under_which_the_statement_is_put(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    """Or else whoever has seen a signed statement could store it under ever new ids."""
    jws = certified(statement, signer)
    unnamed = {name: value for name, value in statement.items() if name != "id"}
    body, headers = multipart(bearing(unnamed, jws), Part(jws))
    for identifier, status in ((new_id(), 400), (statement["id"], 204)):
        parameters = {"statementId": identifier}
        answer = await client.put("/statements", params=parameters, content=body, headers=headers)
        assert answer.status_code == status, answer.text
    posted = await client.post("/statements", content=body, headers=headers)
    assert posted.status_code == 400
    assert 'differ in "id"' in posted.json()["detail"]
    assert await listed(client) == [statement["id"]]


async def test_ten_signatures_are_enough(client: httpx.AsyncClient, signer: Signer) -> None:
    sent = a_statement()
    signatures = [certified(sent | {"version": f"1.0.{n}"}, signer) for n in range(11)]
    assert len(set(signatures)) == 11
    answer = await send(client, bearing(sent, *signatures), *signatures)
    assert "10 are allowed" in await reason(client, answer)
    many = [signatures[0]] * 500 + signatures[:10]
    answer = await send(client, bearing(sent, *many), *signatures[:10])
    assert answer.status_code == 200, answer.text


async def test_a_signed_statement_may_come_again(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    jws = certified(statement, signer)
    answers = [await send(client, bearing(statement, jws), jws) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert await listed(client) == [statement["id"]]


async def test_a_statement_is_verified_if_all_its_signatures_are(
    client: httpx.AsyncClient, signer: Signer, forger: Signer
) -> None:
    sent = a_statement()
    good, other, bare = certified(sent, signer), certified(sent, forger), signed(sent, signer)
    for signatures, result in (((good, other), "verified"), ((good, bare), "unverified")):
        answer = await send(client, bearing(sent, *signatures), *signatures)
        assert answer.status_code == 200, answer.text
        assert await what_became_of(client, answer.json()[0]) == result


async def test_a_batch_of_signed_and_other_statements(
    client: httpx.AsyncClient, signer: Signer
) -> None:
    named = [a_statement(id=new_id()) for _ in range(3)]
    tokens = certified(named[0], signer), signed(named[1], signer)
    batch = [bearing(named[0], tokens[0]), bearing(named[1], tokens[1]), named[2]]
    answer = await send(client, batch, *tokens)
    assert answer.status_code == 200, answer.text
    results = [await what_became_of(client, each["id"]) for each in named]
    assert results == ["verified", "unverified", None]


async def test_a_signature_at_an_address_is_not_fetched(client: httpx.AsyncClient) -> None:
    away = attachment(b"x", fileUrl="http://lrs.invalid/signature")
    (identifier,) = await post(client, a_statement(attachments=[away]))
    assert await what_became_of(client, identifier) == "unverified"


async def test_another_attachment_may_hold_anything(client: httpx.AsyncClient) -> None:
    proof = attachment(b"no JWS", usageType="http://example.org/proof")
    answer = await send(client, a_statement(attachments=[proof]), b"no JWS")
    assert answer.status_code == 200
    assert await what_became_of(client, answer.json()[0]) is None


# What is refused, and leaves nothing


@in_both_versions
async def test_another_payload_under_a_signature_is_refused(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    header, _, signature = certified(statement, signer).split(b".")
    better = statement | {"result": {"score": {"raw": 10}}}
    forged = b".".join((header, base64url(json.dumps(better).encode()), signature))
    answer = await send(client, bearing(better, forged), forged)
    assert "was not made with the key" in await reason(client, answer)
    assert not await exists(client, statement["id"])


@pytest.mark.requirement("XAPI-00116")
@in_both_versions
async def test_a_payload_that_differs_is_refused_and_the_difference_named(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    better = statement | {"result": {"score": {"raw": 10}}}
    bare = signed(statement, signer)
    answer = await send(client, bearing(better, bare), bare)
    assert 'differ in "result"' in answer.json()["violations"][0]["message"]
    jws = certified(statement, signer)
    answer = await send(client, bearing(better, jws), jws)
    assert 'differ in "result"' in await reason(client, answer)
    assert answer.headers["X-Experience-API-Version"] == version


async def test_the_signature_of_another_statement_is_refused(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    jws = certified(statement, signer)
    answer = await send(client, bearing(statement | {"id": new_id()}, jws), jws)
    assert 'differ in "id"' in await reason(client, answer)


async def test_the_certificate_of_another_is_refused(
    client: httpx.AsyncClient, signer: Signer, forger: Signer, statement: Json
) -> None:
    jws = signed(statement, forger, **x5c(signer.certificate))
    answer = await send(client, bearing(statement, jws), jws)
    assert "was not made with the key" in await reason(client, answer)


async def test_what_is_no_certificate_is_refused(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    jws = signed(statement, signer, **x5c(signer.certificate, b"no certificate"))
    answer = await send(client, bearing(statement, jws), jws)
    assert "x5c[1]" in await reason(client, answer)


@pytest.mark.requirement("XAPI-00117")
@in_both_versions
@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "PS256", "rs256"])
async def test_another_algorithm_is_refused_and_named(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str, algorithm: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = certified(statement, signer, alg=algorithm)
    answer = await send(client, bearing(statement, jws), jws)
    assert f'not "{algorithm}"' in await reason(client, answer)


@pytest.mark.requirement("XAPI-00115")
@pytest.mark.parametrize(
    "data", [b"", b"no JWS", b"{}", b"a.b.c", b"\xff" * 1_000, b"." * 5_000_000],
    ids=["nothing", "text", "JSON", "dots", "bytes", "many dots"],
)  # fmt: skip
async def test_what_is_no_jws_is_refused(
    client: httpx.AsyncClient, statement: Json, data: bytes
) -> None:
    answer = await send(client, bearing(statement, data), data)
    assert await reason(client, answer)
    assert len(answer.content) < 1_000


@pytest.mark.requirement("XAPI-00115")
@in_both_versions
@pytest.mark.parametrize("kind", ["application/json", "application/jose", "text/plain"])
async def test_a_signature_of_another_type_is_refused(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str, kind: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = certified(statement, signer)
    sent = statement | {"attachments": [attachment(jws, contentType=kind)]}
    body, headers = multipart(sent, Part(jws, content_type=kind))
    answer = await client.post("/statements", content=body, headers=headers)
    assert "application/octet-stream" in await reason(client, answer)


async def test_nothing_of_a_refused_signature_is_kept(
    client: httpx.AsyncClient, signer: Signer, statement: Json
) -> None:
    jws = certified(statement, signer)
    other = statement | {"actor": agent("eve")}
    assert (await send(client, bearing(other, jws), jws)).status_code == 400
    digest = hashlib.sha256(jws).hexdigest()
    assert (await client.get(f"http://lrs.test/api/v1/attachments/{digest}")).status_code == 404


@in_both_versions
async def test_a_batch_with_one_bad_signature_is_refused_whole(
    client: httpx.AsyncClient, signer: Signer, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    named = [a_statement(id=new_id()) for _ in range(3)]
    tokens = [certified(each, signer) for each in named]
    batch = [bearing(each, jws) for each, jws in zip(named, tokens, strict=True)]
    batch[1] |= {"actor": agent("eve")}
    answer = await send(client, batch, *tokens)
    assert answer.status_code == 400
    (violation,) = answer.json()["violations"]
    assert violation["path"] == "statements[1].attachments[0]"
    assert 'differ in "actor"' in violation["message"]
    assert await listed(client) == []
    for each in named:
        assert not await exists(client, each["id"])


async def test_every_bad_signature_of_a_batch_is_named(
    client: httpx.AsyncClient, signer: Signer
) -> None:
    named = [a_statement(id=new_id()) for _ in range(3)]
    tokens = [certified(each, signer, alg="HS256") for each in named]
    batch = [bearing(each, jws) for each, jws in zip(named, tokens, strict=True)]
    answer = await send(client, batch, *tokens)
    paths = [each["path"] for each in answer.json()["violations"]]
    assert paths == [f"statements[{number}].attachments[0]" for number in range(3)]


@in_both_versions
async def test_a_forged_statement_is_not_put(
    client: httpx.AsyncClient, signer: Signer, statement: Json, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    jws = certified(statement, signer)
    body, headers = multipart(bearing(statement | {"actor": agent("eve")}, jws), Part(jws))
    parameters = {"statementId": statement["id"]}
    answer = await client.put("/statements", params=parameters, content=body, headers=headers)
    assert 'differ in "actor"' in await reason(client, answer)
    assert (await get(client, statement["id"])).status_code == 404


async def test_a_signature_in_a_substatement_is_checked_too(
    client: httpx.AsyncClient, signer: Signer
) -> None:
    planned = a_substatement()
    jws = certified(a_statement(), signer)
    sent = a_statement(object=planned | {"attachments": [attachment(jws)]})
    answer = await send(client, sent, jws)
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["path"] == "object.attachments[0]"
