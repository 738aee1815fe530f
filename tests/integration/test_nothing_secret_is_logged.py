"""What a service logs at its most talkative holds no secret, no token and nothing of a person."""

import socket
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from builders import Json, a_statement
from running_service import KEY, Service, environment, postmaster, until

pytestmark = pytest.mark.timeout(300)

# Whatever begins like this must not be found in a log.
PLANT = "planted"
SECRET = f"{PLANT}-secret-of-a-credential"
WRONG = f"{PLANT}-wrong-secret"
TOKEN = f"eyJhbGciOiJSUzI1NiJ9.e30.{PLANT}"
JSON = {"Content-Type": "application/json"}
LEARNER = {"name": f"{PLANT} name of a learner", "mbox": f"mailto:{PLANT}@example.org"}


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    # Not below pytest's own directory, which another run closes to all but its user.
    with tempfile.TemporaryDirectory(prefix="lrs-log-") as directory:
        yield Path(directory) / "data"


@pytest.fixture(scope="module")
def service(directory: Path) -> Iterator[Service]:
    settings: dict[str, object] = {
        "LRS_LOG_LEVEL": "debug",
        "LRS_INITIAL_KEY": KEY,
        "LRS_INITIAL_SECRET": SECRET,
        "LRS_SERVER_KEY": f"{PLANT}-server-key-that-is-long-enough",
        "LRS_OAUTH_ISSUER": "http://127.0.0.1:9",
        "LRS_OAUTH_AUDIENCE": "lrs",
        "LRS_MAX_BODY_BYTES": 100_000,
        "LRS_BODY_TIMEOUT": 1,
    }
    service = Service(environment(LRS_DATA_DIR=directory, **settings))
    try:
        until(lambda: "curl " in service.text or service.running.poll() is not None)
        yield service
    finally:
        service.stop()


class Client:
    """Sends requests with a good secret, or with what is given."""

    def __init__(self, service: Service) -> None:
        self._client = httpx.Client(
            base_url=service.address,
            auth=(KEY, SECRET),
            headers={"X-Experience-API-Version": "1.0.3"},
            timeout=30,
            trust_env=False,
        )
        self.statuses: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = self._client.request(method, path, **how)
        self.statuses.add(answer.status_code)
        return answer


def planted(**properties: Any) -> Json:
    result = {"response": f"{PLANT} answer", "extensions": {"http://example.org/x": f"{PLANT} x"}}
    return a_statement(actor=LEARNER, result=result, **properties)


def agent(**more: str) -> dict[str, str]:
    return {
        "agent": f'{{"mbox":"{LEARNER["mbox"]}"}}',
        "activityId": "http://example.org/a",
        **more,
    }


def use(client: Client) -> None:
    """Write and read what is personal, with success and with every kind of failure."""
    known = str(uuid4())
    client.send("POST", "/xapi/statements", json=planted(id=known))
    client.send(
        "POST", "/xapi/statements", json=planted(id=known, timestamp="2026-01-01T00:00:00Z")
    )
    client.send("GET", "/xapi/statements", params={"agent": agent()["agent"]})
    client.send("GET", "/xapi/statements", params={"agent": f"{PLANT} no agent"})
    client.send("GET", "/xapi/statements", params={PLANT: PLANT})
    client.send("GET", "/xapi/statements", params={"statementId": PLANT})
    client.send("GET", f"/xapi/{PLANT}")
    client.send("PATCH", "/xapi/statements", content=PLANT)
    client.send("POST", "/xapi/statements", content=f'{{"{PLANT}": "{PLANT}')
    client.send("POST", "/xapi/statements", json=planted(verb={"id": f"{PLANT} no IRI"}))
    client.send("POST", "/xapi/statements", json=planted(**{PLANT: PLANT}))
    client.send("POST", "/xapi/statements", content=PLANT * 20_000, headers=JSON)
    client.send("POST", "/xapi/statements", content=PLANT, headers={"Content-Type": f"a/{PLANT}"})
    parts = {"Content-Type": f"multipart/mixed; boundary={PLANT}"}
    client.send("POST", "/xapi/statements", content=f"--{PLANT}\r\n{PLANT}", headers=parts)
    state = agent(stateId=f"{PLANT} state")
    client.send("PUT", "/xapi/activities/state", content=PLANT, params=state)
    client.send("POST", "/xapi/activities/state", content=PLANT, params=state)
    client.send(
        "PUT",
        "/xapi/activities/state",
        content=PLANT,
        params=state,
        headers={"If-Match": f'"{PLANT}"'},
    )
    client.send("GET", "/xapi/activities/state", params=state)
    client.send("GET", "/xapi/activities/state", params=agent(stateId=f"{PLANT} none"))
    client.send("GET", "/xapi/agents", params={"agent": agent()["agent"]})
    form = f"Authorization={PLANT}&content={PLANT}"
    for method in ("PUT", "GET", PLANT):
        where = f"/xapi/statements?method={method}"
        client.send(
            "POST",
            where,
            content=form,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )


def use_our_own(client: Client) -> None:
    ours = "/api/v1"
    client.send("POST", f"{ours}/analytics/query", json={"measures": [PLANT]})
    client.send("POST", f"{ours}/analytics/query", content=PLANT)
    client.send("GET", f"{ours}/statements/{PLANT}")
    client.send("GET", f"{ours}/stores/{PLANT}")
    client.send("GET", f"{ours}/credentials/{PLANT}")
    client.send("GET", f"{ours}/users/{PLANT}")
    client.send("GET", f"{ours}/audit", params={"who": PLANT})
    client.send("POST", f"{ours}/launch-tokens/fetch/{PLANT}")
    person = {"email": f"{PLANT}@example.org", "name": f"{PLANT} name"}
    client.send("POST", f"{ours}/users", json=person)
    client.send("POST", f"{ours}/users", json=person)
    client.send("POST", f"{ours}/session", json={"email": person["email"], "password": WRONG})
    client.send("GET", f"/sign-on/callback?code={PLANT}&state={PLANT}")
    client.send("GET", f"/set-up/{PLANT}")
    made = client.send("POST", f"{ours}/credentials", json={"label": PLANT, "system": "Moodle"})
    if made.is_success:
        weak = (made.json()["key"], made.json()["secret"])
        client.send("POST", f"{ours}/credentials", json={"label": PLANT}, auth=weak)


def come_with_wrong_ones(client: Client) -> None:
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    for shown in (f"Bearer {TOKEN}", f"Bearer lrs_launch_{PLANT}", f"Bearer lrs_token_{PLANT}",
                  f"Basic {PLANT}", f"{PLANT} {basic}", f"Digest username={PLANT}"):  # fmt: skip
        client.send("GET", "/xapi/statements", headers={"Authorization": shown}, auth=httpx.Auth())
    for pair in ((KEY, WRONG), (PLANT, WRONG), (KEY, f"lrs_launch_{PLANT}")):
        client.send("GET", "/xapi/statements", auth=pair)
    cookie = {"Cookie": f"lrs_session={PLANT}"}
    client.send("GET", "/api/v1/session", headers=cookie, auth=httpx.Auth())
    client.send(
        "GET",
        "/xapi/statements",
        headers=cookie | {"X-Request-ID": f"{PLANT} x"},
        auth=httpx.Auth(),
    )


def break_connections(service: Service) -> None:
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    good = f"Host: lrs\r\nAuthorization: Basic {basic}\r\nX-Experience-API-Version: 1.0.3\r\n"
    post = f"POST /xapi/statements?{PLANT} HTTP/1.1\r\n{good}Content-Type: application/json\r\n"
    for sent in (
        f"GET /{PLANT} HTTP/1.1\r\nAuthorization: {PLANT}\r\n",
        f"{PLANT}\r\n\r\n",
        f"GET /{PLANT} HTTP/9\r\n\r\n",
        f"{post}Content-Length: 1000\r\n\r\n{PLANT}",
        f"{post}Transfer-Encoding: chunked\r\n\r\n{PLANT}\r\n",
        f"{post}Content-Length: {PLANT}\r\n\r\n",
        f"GET /{PLANT} HTTP/1.1\r\n{good}A: {PLANT * 12_000}\r\n\r\n",
    ):
        parts = urlsplit(service.address)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(sent.encode())
            if "Content-Length: 1000" in sent:
                connection.recv(65_536)  # the answer to a body that does not come
            connection.shutdown(socket.SHUT_RDWR)


def logged(service: Service, directory: Path) -> dict[str, str]:
    """Return what the service and its PostgreSQL have written."""
    of_postgres = {
        path.name: path.read_text(errors="replace")
        for path in (directory / "postgres").glob("**/log/*")
    }
    return {"the service": service.text, **of_postgres}


def found(texts: dict[str, str]) -> list[str]:
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    return [
        f"{name}: {line[:300]}"
        for name, text in texts.items()
        for line in text.splitlines()
        if PLANT in line or basic in line or "lrs_launch_" in line
    ]


def test_nothing_planted_is_logged(service: Service, directory: Path) -> None:
    with Client(service) as client:
        use(client)
        use_our_own(client)
        come_with_wrong_ones(client)
        break_connections(service)
        before = service.text
        postmaster(directory).kill()
        use(client)
        use_our_own(client)
        assert {200, 204, 400, 401, 403, 404, 405, 409, 412, 413, 503} <= client.statuses
    until(lambda: service.answers("about"))
    assert len(service.text) > len(before), "the loss of the database is told"
    texts = logged(service, directory)
    assert len(texts) > 1
    assert found(texts) == []


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("LRS_DATABASE_URL", f"postgresql://ada:{PLANT}@127.0.0.1:9/lrs"),
        ("LRS_DATABASE_URL", f"postgresql://ada:{PLANT}/x@127.0.0.1/lrs"),
        ("LRS_DATABASE_READ_URL", f"postgresql://ada@127.0.0.1:9/lrs?pasword={PLANT}"),
        ("LRS_MIGRATION_DATABASE_URL", f"postgresql://ada@127.0.0.1:9/lrs?password={PLANT}"),
    ],
)
def test_the_password_of_a_database_is_not_logged(tmp_path: Path, name: str, address: str) -> None:
    variables = {"LRS_DATABASE_URL": "postgresql://ada@127.0.0.1:9/lrs", name: address}
    service = Service(environment(LRS_DATA_DIR=tmp_path, LRS_LOG_LEVEL="debug", **variables))
    assert service.ended() != 0
    assert service.text
    assert PLANT not in service.text
