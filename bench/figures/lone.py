"""One client that posts one statement after the other, beside one durable INSERT."""

from time import perf_counter
from uuid import UUID

import asyncpg

from bench.http_client import Connection
from bench.requests import post_statements
from bench.rows import MILLISECONDS, Row, at_most
from bench.spread import percentile
from bench.stage import Stage
from bench.statements import Lane

NAME = "lone"
_REQUESTS = 5  # times as many as for other latencies, since they are short
_TABLE = "CREATE TABLE IF NOT EXISTS lone (id uuid PRIMARY KEY, payload json NOT NULL)"


async def measure(stage: Stage) -> list[Row]:
    """Let POST and INSERT take turns with the same statements."""
    measured, limit, tails = [], [], []
    async with (
        stage.serving() as service,
        service.connection() as http,
        stage.databases.connection("postgres") as database,
    ):
        await database.execute(_TABLE)
        for _ in range(stage.plan.rounds + 1):
            count = stage.plan.requests * _REQUESTS
            lane = stage.fresh_lane(count)
            posted = await _posted(http, lane)
            measured.append(percentile(posted, 0.5) * MILLISECONDS)
            tails.append(percentile(posted, 0.99) * MILLISECONDS)
            inserted = await _inserted(database, lane)
            limit.append(percentile(inserted, 0.5) * MILLISECONDS)
    row = Row(
        figure=NAME,
        label="lone single POST, p50",
        unit="ms",
        measured=measured[1:],
        limit=limit[1:],
        beside="one INSERT by asyncpg",
        target=at_most(3),
        details={"p99": tails[1:]},
    )
    return [row]


async def _posted(connection: Connection, lane: Lane) -> list[float]:
    requests = [post_statements([text]) for text in lane.texts(lane.length)]
    return [(await connection.succeed(request)).seconds for request in requests]


async def _inserted(connection: asyncpg.Connection, lane: Lane) -> list[float]:
    insertion = await connection.prepare("INSERT INTO lone VALUES ($1, $2)")
    latencies = []
    for place, text in enumerate(lane.texts(lane.length)):
        identifier, payload = UUID(lane.id(place).decode()), text.decode()
        began = perf_counter()
        await insertion.fetch(identifier, payload)
        latencies.append(perf_counter() - began)
    return latencies
