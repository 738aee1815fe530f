"""The bytes of all tables with their indexes, beside the bytes of the payloads."""

from bench.database import LARGE
from bench.rows import Row, at_most
from bench.stage import Stage

NAME = "disk"
_PAYLOADS = "SELECT sum(octet_length(payload::text)), count(*) FROM statement_payloads"


async def measure(stage: Stage) -> list[Row]:
    """Look at the store as it was filled."""
    async with stage.databases.connection(LARGE) as connection:
        row = await connection.fetchrow(_PAYLOADS)
    if row is None:
        return []
    payloads, count = int(row[0]), int(row[1])
    tables = await stage.databases.sizes(LARGE)
    share = f"{stage.plan.references:.0%} of the statements are StatementRefs"
    parts = ", ".join(f"{name} {size / count:,.0f}" for name, size in tables.items())
    return [
        Row(
            figure=NAME,
            label="disk per statement, all tables and indexes",
            unit="bytes",
            measured=[sum(tables.values()) / count],
            limit=[payloads / count],
            beside="payload",
            target=at_most(2.5),
            note=f"{share}; bytes by table: {parts}",
            details={"tables": tables, "payloads": payloads, "statements": count},
        )
    ]
