"""Finds whom somebody may see who was granted persons and teams: by all of their identifiers."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch

# A day of UTC: who acts is in no time zone that the service knows.
_KEYS: Final = text(
    """
    WITH seen AS (
        SELECT person FROM person_identifiers
        WHERE store = :store AND agent = ANY (CAST(:agents AS uuid[]))
        UNION
        SELECT member.person
        FROM teams AS team
        JOIN team_members AS member ON member.store = team.store AND member.team = team.id
        WHERE team.store = :store
          AND lower(team.name) IN (SELECT lower(unnest(CAST(:teams AS text[]))))
          AND member.valid_from <= CAST(now() AT TIME ZONE 'UTC' AS date)
          AND member.valid_until > CAST(now() AT TIME ZONE 'UTC' AS date)
    )
    SELECT unnest(CAST(:agents AS uuid[])) AS agent
    UNION
    SELECT own.agent FROM person_identifiers AS own
    WHERE own.store = :store AND own.person IN (SELECT person FROM seen)
    """
)


async def keys_of_people(
    connection: AsyncConnection, store: int, agents: Collection[UUID], teams: Collection[str]
) -> frozenset[UUID]:
    """Return all keys of persons: of those who have one of these, or are in one of these teams.

    Args:
        connection: any reading one.
        store: of the persons.
        agents: keys of identifiers, which are returned too, whoever has them.
        teams: names, however they are written; who is in them today counts.
    """
    values = {"store": store, "agents": [*agents], "teams": [*teams]}
    return frozenset(row["agent"] for row in await fetch(connection, _KEYS, values))
