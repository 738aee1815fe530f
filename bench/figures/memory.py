"""The resident memory of a worker: after a long load, and while large things go through it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from time import perf_counter

from bench.figures.mixed import mixed_load
from bench.http_client import Connection, RefusedError
from bench.plan import BLOCK
from bench.requests import STATEMENTS, Request, get, get_target, post_statements
from bench.rows import MILLISECONDS, Row, at_most
from bench.service import Service
from bench.stage import Stage

NAME = "memory"
_STEADY, _PEAK = at_most(150), at_most(300)
_BETWEEN_LOOKS = 0.02
_BATCH, _WALKED, _PAGE = 10_000, 10_000, 1_000
_MEGABYTE = 1_000_000


async def measure(stage: Stage) -> list[Row]:
    """Load the worker and read its memory; then the same while large things go through it."""
    async with stage.serving() as service:
        at_start = service.memory()
        (await mixed_load(stage, service, stage.plan.steady)).check()
        steady = service.memory()
        rows = [_row(f"memory after {stage.plan.steady:.0f} s of load", steady, at_start)]
        async with service.connection() as connection:
            size = f"{stage.plan.large_body // _MEGABYTE} MB"
            body = _large_batch(stage)
            rows.append(await _peak(service, f"a batch of {size}", lambda: _send(connection, body)))
            rows.append(
                await _peak(
                    service, f"a walk over {_WALKED:,} statements", lambda: _walk(connection)
                )
            )
    rows.append(
        Row(
            figure=NAME,
            label="memory while a large export goes on",
            unit="MiB",
            measured=[],
            beside="no export yet",
            target=_PEAK,
        )
    )
    return rows


def _row(label: str, steady: float, at_start: float) -> Row:
    note = f"{at_start:.0f} MiB right after the start"
    return Row(figure=NAME, label=label, unit="MiB", measured=[steady], target=_STEADY, note=note)


def _large_batch(stage: Stage) -> Request:
    """Make as many statements as a batch may have, and fill the body with long extensions."""
    texts = list(stage.fresh_lane(_BATCH).texts(_BATCH))
    missing = stage.plan.large_body - sum(map(len, texts)) - 100 * BLOCK
    filling = b'"result":{"extensions":{"https://lms.example.org/log":"%b"}},"timestamp"' % (
        b"x" * max(0, missing // _BATCH)
    )
    return post_statements(
        [text if b'"result"' in text else text.replace(b'"timestamp"', filling) for text in texts]
    )


async def _send(connection: Connection, request: Request) -> None:
    await connection.succeed(request)


async def _walk(connection: Connection) -> None:
    request = get(STATEMENTS, {"limit": _PAGE})
    for _ in range(_WALKED // _PAGE):
        more = json.loads((await connection.succeed(request)).body)["more"]
        if not more:
            return
        request = get_target(more)


async def _peak(service: Service, name: str, work: Callable[[], Awaitable[None]]) -> Row:
    """Watch the memory while something is done."""
    label = f"memory while {name} goes through, peak"
    peak, began = service.memory(), perf_counter()
    task = asyncio.ensure_future(work())
    try:
        while not task.done():
            peak = max(peak, service.memory())
            await asyncio.sleep(_BETWEEN_LOOKS)
        await task
    except (OSError, RefusedError) as error:
        return Row(
            figure=NAME, label=label, unit="MiB", measured=[peak], target=_PEAK, note=str(error)
        )
    taken = (perf_counter() - began) * MILLISECONDS
    return Row(
        figure=NAME,
        label=label,
        unit="MiB",
        measured=[peak],
        target=_PEAK,
        details={"milliseconds": taken},
    )
