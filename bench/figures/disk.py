"""The bytes of all tables with their indexes, beside the bytes of the payloads."""

from bench.database import LARGE
from bench.plan import BLOCK
from bench.rows import Row, at_most
from bench.sources import Batches
from bench.stage import Stage

NAME = "disk"
_WRITTEN = "written"
_PAYLOADS = "SELECT sum(octet_length(payload::text)) FROM statement_payloads"
_COUNT = "SELECT count(*) FROM statements"


async def measure(stage: Stage) -> list[Row]:
    """Look at the store as it was filled, and at one with fewer StatementRefs."""
    rows = [await _row(stage, LARGE, stage.plan.references)]
    await stage.databases.create(_WRITTEN)
    try:
        async with stage.serving(_WRITTEN) as service:
            blocks = max(1, stage.plan.small // BLOCK)
            source = Batches(stage.fresh_lane(blocks * BLOCK), 0, blocks, BLOCK)
            await stage.run(service, [source], connections=1)
        await stage.databases.settle(_WRITTEN)
        rows.append(await _row(stage, _WRITTEN, stage.plan.written_references))
    finally:
        await stage.databases.drop(_WRITTEN)
    return rows


async def _row(stage: Stage, database: str, references: float) -> Row:
    async with stage.databases.connection(database) as connection:
        payloads = int(await connection.fetchval(_PAYLOADS))
        count = int(await connection.fetchval(_COUNT))
    tables = await stage.databases.sizes(database)
    parts = ", ".join(f"{name} {size / count:,.0f}" for name, size in tables.items())
    return Row(
        figure=NAME,
        label=f"disk per statement, {references:.0%} StatementRefs",
        unit="bytes",
        measured=[sum(tables.values()) / count],
        limit=[payloads / count],
        beside="payload",
        target=at_most(2.5),
        note=f"{count:,} statements; bytes by table and its indexes: {parts}",
        details={"tables": tables, "payloads": payloads, "statements": count},
    )
