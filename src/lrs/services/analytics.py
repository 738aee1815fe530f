"""Sums over the statements of a store."""

from datetime import UTC, datetime

from lrs.analytics.answers import Answer
from lrs.analytics.queries import Query
from lrs.auth.principals import Principal
from lrs.storage.analytics import aggregate
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.engines import Database


class AnalyticsService:
    """Answers queries of the analytics language."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def query(self, principal: Principal, query: Query) -> Answer:
        """Compute a query over the principal's store, exact up to the watermark.

        Raises:
            InvalidQueryError: the database does not know the time zone.
            UnavailableError: the database cannot be reached, or took too long.
        """
        async with consistent_reading(self._database, principal.store) as (connection, mark):
            table = await aggregate(
                connection, query, store=principal.store, until_position=mark.position
            )
        return Answer(query.columns, table, datetime.now(UTC), mark.instant)
