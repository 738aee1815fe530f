"""The limit of sums: DuckDB on Parquet files of the columns that the service sums over."""

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import asyncpg
import duckdb

from bench.vocabulary import COURSE
from lrs.analytics.measures import COMPLETION_VERBS

_TABLES = {
    "statements": "position, stored, timestamp, voided, credential, verb, actor, object,"
    " object_type, registration, score_scaled, score_raw, score_min, score_max, success,"
    " completion, duration, platform, language",
    "verbs": "key, iri",
    "activities": "key, iri, type",
}
_COMPLETED = ", ".join(f"'{iri}'" for iri in COMPLETION_VERBS)


class Sum(NamedTuple):
    """A sum as the service is asked for it, and in DuckDB's SQL."""

    asked: dict[str, object]
    sql: str


SUMS = {
    "count by verb": Sum(
        {"measures": ["statements.count"], "dimensions": ["verb.id"]},
        """
        SELECT verbs.iri, n
        FROM (SELECT verb, count(*) AS n FROM statements WHERE NOT voided GROUP BY verb)
        JOIN verbs ON verbs.key = verb
        """,
    ),
    "count by day": Sum(
        {"measures": ["statements.count"], "time": {"granularity": "day"}, "limit": 10_000},
        """
        SELECT date_trunc('day', timestamp) AS day, count(*)
        FROM statements WHERE NOT voided GROUP BY day ORDER BY day
        """,
    ),
    "unique actors by week": Sum(
        {"measures": ["actors.unique"], "time": {"granularity": "week"}, "limit": 10_000},
        """
        SELECT date_trunc('week', timestamp) AS week, count(DISTINCT actor)
        FROM statements WHERE NOT voided GROUP BY week ORDER BY week
        """,
    ),
    "completion rate by course": Sum(
        {
            "measures": ["completions.count", "actors.unique"],
            "dimensions": ["activity.id"],
            "filters": [{"member": "activity.type", "operator": "equals", "values": [COURSE]}],
        },
        f"""
        SELECT activities.iri,
               count(*) FILTER (verbs.iri IN ({_COMPLETED}) AND completion IS NOT false),
               count(DISTINCT actor)
        FROM statements
        JOIN activities ON activities.key = object AND object_type = 'Activity'
        JOIN verbs ON verbs.key = verb
        WHERE NOT voided AND activities.type = '{COURSE}'
        GROUP BY activities.iri
        """,
    ),
}


class ParquetFiles:
    """The columns of a store in Parquet files, and DuckDB to sum over them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._duckdb = duckdb.connect()
        self._duckdb.execute("SET TimeZone = 'UTC'")

    async def export(self, connection: asyncpg.Connection) -> None:
        """Write the files, by way of CSV, which both sides read and write quickly."""
        for table, columns in _TABLES.items():
            text = self._directory / f"{table}.csv"
            await connection.copy_from_query(
                f"SELECT {columns} FROM {table}",
                output=text,
                format="csv",
                header=True,
            )
            place = self._directory / f"{table}.parquet"
            self._duckdb.execute(
                f"COPY (FROM read_csv('{text}', sample_size = -1)) TO '{place}' (FORMAT parquet)"
            )
            self._duckdb.execute(f"CREATE VIEW {table} AS FROM read_parquet('{place}')")
            text.unlink()

    def timed(self, sql: str) -> tuple[list[tuple[object, ...]], float]:
        """Return the answer to a query, and the seconds it took."""
        began = perf_counter()
        rows = self._duckdb.execute(sql).fetchall()
        return rows, perf_counter() - began

    def close(self) -> None:
        """Close DuckDB."""
        self._duckdb.close()
