"""Pages of who may see a part of the store, beside the same pages of who may see all of it."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from bench.database import LARGE
from bench.filters import PAGE, count_of
from bench.http_client import Connection
from bench.population import population
from bench.requests import STATEMENTS, Parameters, Request, get, post_statements, shown_by
from bench.rows import MILLISECONDS, Row
from bench.service import SERVER_KEY, Service
from bench.spread import percentile
from bench.stage import Stage
from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.secrets import mac
from lrs.storage.credentials import NewCredential, insert_credential
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.xapi.agents import read_agent

NAME = "restricted"
_SECRET = "a secret of who sees a part"  # noqa: S105 - of a store that is thrown away
_READ = Scopes({Scope.STATEMENTS_READ})
# So many people in the team and activities of an owner, from the busiest to those met seldom.
_TEAM, _ACTIVITIES = 20, 5
_MINE, _RARE = "mine, frequent", "mine, rare"
# What a tool brings that has brought nothing else: a little more than a page.
_FEW = PAGE + 10
_STORE: Final = "SELECT store FROM credentials WHERE key = 'bench'"
_SHARE_AUTHORITY: Final = "UPDATE credentials SET authority_key = $1 WHERE key = 'bench'"


async def measure(stage: Stage) -> list[Row]:
    """Let some readers in, then have each of them and who sees all ask the same in turn."""
    async with stage.serving() as service, service.connection() as connection:
        readers = await _let_in(stage, connection)
        await _write_few(stage, service)
        return [
            await _row(stage, connection, f"{name}, {asked}", key, parameters)
            for name, key in readers.items()
            for asked, parameters in _questions().items()
        ]


def _questions() -> dict[str, Parameters]:
    verbs = population().verbs
    hot, rare = verbs[0].iri, verbs[-1].iri
    return {
        "no filter": {},
        "no filter, ascending": {"ascending": "true"},
        "hot verb": {"verb": hot},
        "rare verb": {"verb": rare},
    }


async def _let_in(stage: Stage, connection: Connection) -> dict[str, str]:
    """Make a credential for each reader, and return their keys."""
    answer = await connection.succeed(get(STATEMENTS, {"limit": 1}))
    authority = json.dumps(json.loads(answer.body)["statements"][0]["authority"])
    key = read_agent(authority).key
    async with stage.databases.connection(LARGE) as plain:
        store = await plain.fetchval(_STORE)
        # Who brought everything shares its authority with the first reader.
        await plain.execute(_SHARE_AUTHORITY, key)
    readers = _readers(authority, key)
    database = await open_database(DatabaseOptions(stage.databases.url(LARGE)))
    try:
        async with database.writing() as writing:
            for name, access in readers.items():
                await insert_credential(writing, store, _credential(name, access))
    finally:
        await database.close()
    return {name: _key(name) for name in readers}


def _readers(authority: str, key: UUID | None) -> Mapping[str, dict[str, Any]]:
    people = population()
    team = people.learners[: -1 : len(people.learners) // _TEAM]
    owned = people.activities[: -1 : len(people.activities) // _ACTIVITIES]
    agents = [each.decode() for each in team]
    iris = [each.iri for each in owned]
    return {
        _MINE: {"scopes": DEFAULT, "authority": authority, "authority_key": key},
        _RARE: {"scopes": DEFAULT},
        f"a team of {len(agents)}": {"scopes": _READ, "grant": Grant.of(agents, None)},
        f"{len(iris)} activities": {"scopes": _READ, "grant": Grant.of(None, iris)},
    }


def _credential(name: str, access: dict[str, Any]) -> NewCredential:
    secret_mac = mac(SERVER_KEY.encode(), _SECRET)
    return NewCredential(_key(name), secret_mac, name, "the bench", SystemKind.OTHER, **access)


def _key(name: str) -> str:
    return "-".join(name.replace(",", "").split())


async def _write_few(stage: Stage, service: Service) -> None:
    """Let the tool bring something of which little is there."""
    texts = list(stage.fresh_lane(_FEW).texts(_FEW))
    async with service.connection() as connection:
        await connection.succeed(_by(_RARE, post_statements(texts)))


def _by(name: str, request: Request) -> Request:
    return shown_by(request, _key(name), _SECRET)


async def _row(
    stage: Stage, connection: Connection, name: str, key: str, parameters: Parameters
) -> Row:
    asked = get(STATEMENTS, {"limit": PAGE, **parameters})
    restricted = shown_by(asked, key, _SECRET)
    measured, limit = [], []
    shown = [count_of(await connection.succeed(each)) for each in (restricted, asked)]
    for _ in range(stage.plan.rounds + 1):
        measured.append(await _median(stage, connection, restricted))
        limit.append(await _median(stage, connection, asked))
    return Row(
        figure=NAME,
        label=f"page of who sees a part: {name}, p50",
        unit="ms",
        measured=measured[1:],
        limit=limit[1:],
        beside="who sees all",
        note="" if shown == [PAGE, PAGE] else f"{shown[0]} statements, {shown[1]} of all",
    )


async def _median(stage: Stage, connection: Connection, request: Request) -> float:
    answers = [await connection.succeed(request) for _ in range(stage.plan.requests)]
    return percentile([answer.seconds for answer in answers], 0.5) * MILLISECONDS
