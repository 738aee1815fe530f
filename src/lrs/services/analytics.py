"""Sums over the statements of a store."""

from datetime import UTC, datetime

from lrs.analytics.answers import Answer, Source
from lrs.analytics.queries import Query, check_attributes
from lrs.auth.principals import Principal
from lrs.auth.restrictions import NOTHING_HIDDEN
from lrs.auth.scopes import Scope
from lrs.services.pseudonyms import PseudonymsService
from lrs.services.shown_people import SEES_SENSITIVE
from lrs.services.turns import Turns
from lrs.storage.analytics import aggregate
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.engines import Database
from lrs.storage.rollup_sums import aggregate_folded
from lrs.xapi.positions import stored_at


class AnalyticsService:
    """Answers queries of the analytics language, from rollups where they can."""

    def __init__(
        self,
        database: Database,
        turns: Turns,
        *,
        has_rollups: bool,
        pseudonyms: PseudonymsService | None = None,
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or PseudonymsService(database)
        self._turns = turns
        self._has_rollups = has_rollups

    async def query(self, principal: Principal, query: Query) -> Answer:
        """Compute a query over what the principal may see, exact up to the watermark.

        Rollups are of whole stores, so who may see a part has statements read: everybody has, but
        the platform's owner, while the data of somebody are frozen. They know actors and not
        persons, so what asks for those has statements read too.

        Raises:
            ForbiddenError: the principal may have nothing computed, or may not see single persons
                or what is sensitive of them.
            UnknownMemberError: the store has no such attribute.
            InvalidQueryError: the database does not know the time zone.
            BusyError: too many sums are computed.
            TooManyRequestsError: the principal has too many computed.
            UnavailableError: the database cannot be reached, or took too long.
        """
        seen = principal.restrict(Scope.ANALYTICS_READ)
        if query.is_personal:
            principal.require(Scope.ANALYTICS_PERSONAL)
        await self._require_attributes(principal, query)
        query = await self._pseudonyms.query(principal.store, query)
        async with (
            self._turns.turn(principal),
            consistent_reading(self._database, principal.store) as (connection, mark),
        ):
            place = {"store": principal.store, "until_position": mark.position}
            is_raw = query.is_raw or not self._has_rollups or seen != NOTHING_HIDDEN
            found = None if is_raw else await aggregate_folded(connection, query, **place)
            table = (
                found.table
                if found
                else await aggregate(connection, query, **place, restriction=seen)
            )
        reached = stored_at(found.position) if found else mark.instant
        source: Source = "rollup" if found else "raw"
        return Answer(query.columns, table, datetime.now(UTC), reached, source)

    async def _require_attributes(self, principal: Principal, query: Query) -> None:
        """Refuse who may not see the values of attributes that are asked for, here as elsewhere."""
        if not query.attributes:
            return
        async with self._database.primary() as connection:
            defined = await definitions_of(connection, principal.store)
        if check_attributes(query, {name: it.is_personal for name, it in defined.items()}):
            principal.require(Scope.ANALYTICS_PERSONAL)
        if check_attributes(query, {name: it.is_sensitive for name, it in defined.items()}):
            principal.require(*SEES_SENSITIVE)
