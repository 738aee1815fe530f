"""What it costs to know who asks, and whether the time of a refusal tells a key that there is."""

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist
from time import perf_counter

from bench.database import LARGE
from bench.http_client import Connection, RefusedError
from bench.plan import SEED
from bench.requests import KEY, SECRET, STATEMENTS, Request, get, post_statements, shown_by
from bench.rows import Row, at_most
from bench.service import SERVER_KEY, lrs_serving
from bench.spread import percentile
from bench.stage import Stage
from lrs.auth.audit import Caller, WhoKind
from lrs.auth.terms import Terms
from lrs.services.administrators import Administrator
from lrs.services.authentication import AuthenticationService
from lrs.services.credentials import CredentialsService, WantedCredential
from lrs.storage.engines import DatabaseOptions, open_database

NAME = "authentication"
_MICROSECONDS = 1_000_000
_CALLS, _REFUSALS = 20_000, 20  # the latter times as many as for other latencies
_OVERLAP = 3_600
_UNAUTHENTICATED = 401
_SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# As long as the keys that are made.
_UNKNOWN = "0123456789abcdef"


async def measure(stage: Stage) -> list[Row]:
    """Time the check of a credential beside a GET, then unknown keys beside wrong secrets."""
    url = stage.databases.url(LARGE)
    async with (
        lrs_serving(database_url=url, failed_sign_ins_per_minute=1_000_000_000) as service,
        service.connection() as http,
    ):
        wrong = await _credentials(url)
        return [
            await _cost(stage, url, http),
            *[await _refusals(stage, http, label, key) for label, key in wrong.items()],
        ]


async def _credentials(url: str) -> dict[str, str]:
    """Make a credential, and one that two secrets are good for; return their keys."""
    operator = Administrator(Caller(WhoKind.SYSTEM, "bench"))
    database = await open_database(DatabaseOptions(url))
    service = CredentialsService(database, SERVER_KEY.encode())
    wanted = WantedCredential(Terms(label="One", system="bench"))
    one, two = [await service.create(operator, wanted) for _ in range(2)]
    await service.rotate(operator, two.key, _OVERLAP)
    await database.close()
    return {"wrong secret": one.key, "wrong secret, two are good": two.key}


async def _cost(stage: Stage, url: str, http: Connection) -> Row:
    lane = stage.fresh_lane(1)
    (text,) = lane.texts(1)
    await http.succeed(post_statements([text]))
    request = get(STATEMENTS, {"statementId": lane.id(0).decode()})
    database = await open_database(DatabaseOptions(url))
    authentication = AuthenticationService(database, SERVER_KEY.encode(), "http://lrs.local")
    checked, answered = [], []
    for _ in range(stage.plan.rounds + 1):
        checked.append(await _check(authentication))
        times = [
            (await http.succeed(request)).seconds for _ in range(stage.plan.requests * _REFUSALS)
        ]
        answered.append(percentile(times, 0.5) * _MICROSECONDS)
    await database.close()
    return Row(
        figure=NAME,
        label="check of a credential",
        unit="µs",
        measured=checked[1:],
        limit=answered[1:],
        beside="GET of a statement, p50",
        target=at_most(0.05),
    )


async def _check(authentication: AuthenticationService) -> float:
    """Return the microseconds of one check; a look at the database for news is among so many."""
    began = perf_counter()
    for _ in range(_CALLS):
        await authentication.authenticate(KEY, SECRET)
    return (perf_counter() - began) / _CALLS * _MICROSECONDS


async def _refusals(stage: Stage, http: Connection, label: str, key: str) -> Row:
    request = get(STATEMENTS, {"limit": 1})
    asked = (shown_by(request, _UNKNOWN, SECRET), shown_by(request, key, SECRET))
    medians: tuple[list[float], list[float]] = [], []
    times: tuple[list[float], list[float]] = [], []
    for number in range(stage.plan.rounds + 1):
        found = await _in_turn(http, asked, stage.plan.requests * _REFUSALS, number)
        if number:
            for place in (0, 1):
                medians[place].append(percentile(found[place], 0.5))
                times[place].extend(found[place])
    unknown, wrong = times
    return Row(
        figure=NAME,
        label="refusal of an unknown key",
        unit="µs",
        measured=medians[0],
        limit=medians[1],
        beside=label,
        note=f"{len(unknown):,} of each in random order: {_compared(unknown, wrong)}",
        details={
            "percentiles": _SHARES,
            "unknown_key": [percentile(unknown, share) for share in _SHARES],
            "wrong_secret": [percentile(wrong, share) for share in _SHARES],
        },
    )


async def _in_turn(
    http: Connection, asked: Sequence[Request], count: int, seed: int
) -> tuple[list[float], list[float]]:
    """Return the microseconds of so many refusals of each kind, asked for in random order."""
    order = [0, 1] * count
    Random(SEED + seed).shuffle(order)
    times: tuple[list[float], list[float]] = [], []
    for which in order:
        answer = await http.send(asked[which])
        if answer.status != _UNAUTHENTICATED:
            raise RefusedError(f"not refused as expected: {answer.status} {answer.body[:300]!r}")
        times[which].append(answer.seconds * _MICROSECONDS)
    return times


def _compared(ones: Sequence[float], others: Sequence[float]) -> str:
    """Compare two samples by Mann and Whitney: does one tend to be larger than the other?

    The chance that one of the first is larger than one of the others is a half if they do not
    differ; p is how often so much of a difference comes about by chance.
    """
    marked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    rank_sum = sum(rank for rank, (_, which) in enumerate(marked, 1) if which == 0)
    pairs = len(ones) * len(others)
    larger = rank_sum - len(ones) * (len(ones) + 1) / 2
    z = (larger - pairs / 2) / math.sqrt(pairs * (len(marked) + 1) / 12)
    p = 2 * (1 - NormalDist().cdf(abs(z)))
    return f"the unknown one takes longer in {larger / pairs:.1%} of pairs, p = {p:.2f}"
