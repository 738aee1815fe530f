"""Reads what suggestions are made of, and keeps those that were refused."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.suggestions import Known
from lrs.storage.driver import fetch
from lrs.xapi.keys import Ifi

# What is looked at, at most, of each: of more, only a part is compared.
MOST_LOOKED_AT = 50_000

_STORE = bindparam("store", type_=Integer)
_PERSONS = text(
    """
    SELECT id, name FROM people WHERE store = :store AND merged_into IS NULL ORDER BY id
    LIMIT :most
    """
).bindparams(_STORE)
_IDENTIFIERS = text(
    """
    SELECT kept.person, kept.agent, kept.ifi_type, kept.ifi, named.names
    FROM (SELECT * FROM person_identifiers WHERE store = :store LIMIT :most) AS kept
    LEFT JOIN LATERAL (
        SELECT array_agg(name) AS names FROM (
            SELECT name FROM agent_names WHERE store = :store AND agent = kept.agent
            ORDER BY digest LIMIT 3
        ) AS few
    ) AS named ON true
    """
).bindparams(_STORE)
_AGENTS = text(
    """
    SELECT agents.key, agents.ifi_type, agents.ifi, named.names, EXISTS (
        SELECT FROM person_identifiers AS kept
        WHERE kept.store = :store AND kept.agent = agents.key
    ) AS is_joined
    FROM (SELECT * FROM agents WHERE store = :store ORDER BY key LIMIT :most) AS agents
    LEFT JOIN LATERAL (
        SELECT array_agg(name) AS names FROM (
            SELECT name FROM agent_names WHERE store = :store AND agent = agents.key
            ORDER BY digest LIMIT 3
        ) AS few
    ) AS named ON true
    """
).bindparams(_STORE)
_REFUSED = text("SELECT first, second FROM refused_suggestions WHERE store = :store")
_REFUSE = text(
    """
    INSERT INTO refused_suggestions (store, first, second, refused_by)
    VALUES (:store, :first, :second, :by)
    ON CONFLICT DO NOTHING
    """
).bindparams(_STORE, bindparam("by", type_=Text))


@dataclass(frozen=True, slots=True)
class Comparable:
    """Everybody who can be compared.

    Attributes:
        keys: of the identifiers of each, by their ids.
        refused: pairs of ids, the smaller first, of whom somebody has said that they are two.
        is_whole: whether these are all.
    """

    everybody: Collection[Known]
    keys: dict[UUID, set[UUID]]
    refused: frozenset[tuple[UUID | None, ...]]
    is_whole: bool


async def comparable(
    connection: AsyncConnection, store: int, most: int = MOST_LOOKED_AT
) -> Comparable:
    """Return all persons and agents of a store, up to a bound, with their names and identifiers."""
    values = {"store": store, "most": most}
    persons = await fetch(connection, _PERSONS, values)
    identifiers = await fetch(connection, _IDENTIFIERS, values)
    agents = await fetch(connection, _AGENTS, values)
    refused = await fetch(connection, _REFUSED, {"store": store})
    names: dict[UUID, list[str]] = {row["id"]: [row["name"]] * bool(row["name"]) for row in persons}
    ifis: dict[UUID, list[Ifi]] = {row["id"]: [] for row in persons}
    keys: dict[UUID, set[UUID]] = {row["id"]: set() for row in persons}
    whose = [(row["person"], row["agent"], row) for row in identifiers if row["person"] in names]
    whose += [(row["key"], row["key"], row) for row in agents if not row["is_joined"]]
    for person, agent, row in whose:
        names.setdefault(person, []).extend(row["names"] or ())
        ifis.setdefault(person, []).append(Ifi(row["ifi_type"], row["ifi"]))
        keys.setdefault(person, set()).add(agent)
    now = {key: person for person, theirs in keys.items() for key in (person, *theirs)}
    return Comparable(
        everybody=[Known(each, names[each], ifis[each]) for each in names],
        keys=keys,
        refused=frozenset(
            _ordered(now.get(row["first"]), now.get(row["second"])) for row in refused
        ),
        is_whole=max(map(len, (persons, identifiers, agents))) < most,
    )


async def refuse(
    connection: AsyncConnection, store: int, pair: Iterable[UUID], refused_by: str
) -> None:
    """Remember that two are two."""
    first, second = _ordered(*pair)
    values = {"store": store, "first": first, "second": second, "by": refused_by}
    await fetch(connection, _REFUSE, values)


def _ordered(*pair: UUID | None) -> tuple[UUID | None, ...]:
    return tuple(sorted(pair, key=lambda each: each or UUID(int=0)))
