"""Takes in persons of whom nobody has told anything: whom rules alone have made, of statements.

A rule may join two agents before anybody has said who they are. Whoever says it later means that
very person, and contradicts nobody.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.person_merges import merge_people
from lrs.xapi.keys import Ifi, ifi_key

_UNTOLD = text(
    """
    SELECT owner.id
    FROM people AS owner
    WHERE owner.store = :store AND owner.id <> :person AND owner.id IN (
            SELECT person FROM person_identifiers
            WHERE store = :store AND agent = ANY (CAST(:agents AS uuid[]))
        )
      AND owner.name IS NULL AND owner.user_name IS NULL AND owner.external_id IS NULL
      AND NOT EXISTS (
          SELECT FROM person_identifiers
          WHERE store = :store AND person = owner.id
            AND source <> 'statements' AND source NOT LIKE 'rule:%'
      )
      AND NOT EXISTS (
          SELECT FROM person_attributes WHERE store = :store AND person = owner.id
      )
      AND NOT EXISTS (SELECT FROM team_members WHERE store = :store AND person = owner.id)
      AND NOT EXISTS (SELECT FROM user_people WHERE store = :store AND person = owner.id)
      AND NOT EXISTS (
          SELECT FROM person_merges
          WHERE store = :store AND kept = owner.id AND undone_at IS NULL
      )
    ORDER BY owner.id
    """
).bindparams(bindparam("store", type_=Integer))


async def take_in_untold(
    connection: AsyncConnection, store: int, person: UUID, ifis: Iterable[Ifi], by: str
) -> list[UUID]:
    """Merge those into a person whom rules alone have made of these identifiers; return them.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the person.
        person: who is no part of another.
        ifis: that the person is told to have.
        by: who says so.

    Raises:
        TooLargeError: the person would have too many identifiers.
    """
    values = {"store": store, "person": person, "agents": [ifi_key(each) for each in ifis]}
    untold: list[UUID] = [row["id"] for row in await fetch(connection, _UNTOLD, values)]
    for each in untold:
        await merge_people(connection, store, person, each, by)
    return untold
