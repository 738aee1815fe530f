"""Keeps whose an identifier is: one person's at most.

`person` in all that follows is a person who is no part of another; see `find_identity`. Whoever
writes holds `lock_people`.

What rules bring stands here too, with their name as the source, so that reading needs no rule. It
is given up as soon as the rule no longer says it: `apply_rules` brings both about.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonConflictError, PersonNotFoundError, TooLargeError
from lrs.people.identifiers import identifier_text
from lrs.people.joining import ALWAYS, JoiningRule, RuleKind, implied_identifiers
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.freezing import refresh_frozen, refuse_frozen
from lrs.storage.people_tables import person_identifiers
from lrs.storage.rows import insert_new_rows
from lrs.xapi.keys import Ifi, ifi_key

# No person has more. Whoever merges so many has something else in mind.
MOST_IDENTIFIERS: Final = 1_000
# Where an identifier is from that our API was told.
FROM_API: Final = "api"
# Where an identifier is from that statements have brought, beside one that a rule joins to it.
FROM_STATEMENTS: Final = "statements"
_BY_RULE: Final = "rule:"

_OWNERS = text(
    """
    SELECT agent, person, source FROM person_identifiers
    WHERE store = :store AND agent = ANY (CAST(:agents AS uuid[]))
    """
)
# What a rule has brought and somebody now says is known for better reasons.
_SAID = text(
    """
    UPDATE person_identifiers AS kept SET source = :source
    FROM unnest(CAST(:agents AS uuid[]), CAST(:persons AS uuid[])) AS said (agent, person)
    WHERE kept.store = :store AND kept.agent = said.agent AND kept.person = said.person
      AND kept.source LIKE 'rule:%'
    """
).bindparams(bindparam("store", type_=Integer))
_REMOVE = text(
    """
    DELETE FROM person_identifiers WHERE store = :store AND agent = :agent AND person = :person
    RETURNING ifi_type, ifi
    """
)
_COUNT = text("SELECT count(*) FROM person_identifiers WHERE store = :store AND person = :person")
_OF_PERSONS = text(
    """
    SELECT agent, person, ifi_type, ifi, source, added FROM person_identifiers
    WHERE store = :store AND person = ANY (CAST(:persons AS uuid[]))
    ORDER BY added, ifi_type, ifi
    """
)
_RULES = text("SELECT kind, home_page, attribute FROM joining_rules WHERE store = :store")
_VALUES = text(
    """
    SELECT DISTINCT person, name, value FROM person_attributes
    WHERE store = :store AND person = ANY (CAST(:persons AS uuid[]))
      AND name = ANY (CAST(:names AS text[]))
    """
)
_GIVE_UP = text(
    """
    DELETE FROM person_identifiers
    WHERE store = :store AND agent = ANY (CAST(:agents AS uuid[])) AND source LIKE 'rule:%'
    """
)


class Owner(NamedTuple):
    """Whose an identifier is, and by what."""

    person: UUID
    source: str


class Contradiction(NamedTuple):
    """An identifier that is claimed for one person, and is another's."""

    ifi: Ifi
    wanted: UUID
    owner: Owner

    def __str__(self) -> str:
        """Tell it, with both persons named."""
        person, source = self.owner
        by = (
            f", by the rule {source.removeprefix(_BY_RULE)}," if source.startswith(_BY_RULE) else ""
        )
        return (
            f"the identifier {identifier_text(self.ifi)} is person {person}'s{by} and can not be"
            f" person {self.wanted}'s too: merge the two, or take it from the one first"
        )


class KeptIdentifier(NamedTuple):
    """An identifier of a person, and where it is from; `added` is None where nobody has said it."""

    key: UUID
    ifi: Ifi
    source: str
    added: datetime | None


async def owners_of(
    connection: AsyncConnection, store: int, keys: Collection[UUID]
) -> dict[UUID, Owner]:
    """Return whose identifiers are, by their keys; what is nobody's is not there."""
    rows = await fetch(connection, _OWNERS, {"store": store, "agents": [*keys]})
    return {row["agent"]: Owner(row["person"], row["source"]) for row in rows}


async def identifiers_of(
    connection: AsyncConnection, store: int, persons: Collection[UUID]
) -> dict[UUID, list[KeptIdentifier]]:
    """Return the identifiers of persons, the oldest first; who has none has an empty list."""
    found: dict[UUID, list[KeptIdentifier]] = {person: [] for person in persons}
    for row in await fetch(connection, _OF_PERSONS, {"store": store, "persons": [*persons]}):
        ifi = Ifi(row["ifi_type"], row["ifi"])
        found[row["person"]].append(KeptIdentifier(row["agent"], ifi, row["source"], row["added"]))
    return found


async def claim_identifiers(
    connection: AsyncConnection, store: int, claims: Mapping[Ifi, UUID], source: str
) -> list[Contradiction]:
    """Give persons all of these identifiers that are nobody's, and return the contradictions.

    What a person has already stays. If a rule had brought it, it is said by `source` from now on.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the persons.
        claims: the persons by the identifiers that they are to have.
        source: where that is from: api, import, scim, sign-on, suggestion.
    """
    _, contradictions = await _claim(connection, store, claims, source)
    return contradictions


async def add_identifiers(
    connection: AsyncConnection, store: int, person: UUID, ifis: Iterable[Ifi], source: str
) -> list[Ifi]:
    """Give a person identifiers, all or none, and return those that are new.

    Raises:
        PersonConflictError: one is another's; both persons are named.
        TooLargeError: they would be more than a person has.
    """
    claims = dict.fromkeys(ifis, person)
    added, contradictions = await _claim(connection, store, claims, source)
    if contradictions:
        raise PersonConflictError(str(contradictions[0]))
    await check_count(connection, store, person)
    return added


async def check_count(connection: AsyncConnection, store: int, person: UUID) -> None:
    """Refuse a person who has got too many identifiers.

    Raises:
        TooLargeError: they have.
    """
    values = {"store": store, "person": person}
    if int(await fetch_value(connection, _COUNT, values)) > MOST_IDENTIFIERS:
        raise TooLargeError(f"a person has up to {MOST_IDENTIFIERS} identifiers")


async def remove_identifier(
    connection: AsyncConnection, store: int, person: UUID, key: UUID
) -> Ifi:
    """Take an identifier from a person, and return it; `apply_rules` gives up what it implied.

    Raises:
        PersonConflictError: their data are frozen.
        PersonNotFoundError: it is not theirs.
    """
    await refuse_frozen(connection, store, person)
    values = {"store": store, "person": person, "agent": key}
    for row in await fetch(connection, _REMOVE, values):
        return Ifi(row["ifi_type"], row["ifi"])
    raise PersonNotFoundError(f"person {person} has no identifier {key}")


async def rules_of(connection: AsyncConnection, store: int) -> list[JoiningRule]:
    """Return the rules of a store, those that always hold among them."""
    rows = await fetch(connection, _RULES, {"store": store})
    own = [JoiningRule(RuleKind(kind), page, attribute) for kind, page, attribute in rows]
    return [*ALWAYS, *(rule for rule in own if rule not in ALWAYS)]


async def apply_rules(
    connection: AsyncConnection, store: int, persons: Collection[UUID]
) -> list[Contradiction]:
    """Give persons the identifiers that rules say are theirs, and take those no rule says now.

    Call it when identifiers or attributes of persons have changed; it is as cheap for a thousand
    as for one. What is somebody else's already stays so, and is returned.
    """
    rules = await rules_of(connection, store)
    values = await _values_for(connection, store, persons, rules)
    implied: dict[Ifi, tuple[UUID, str]] = {}
    gone: list[UUID] = []
    for person, kept in (await identifiers_of(connection, store, persons)).items():
        said = {each.ifi for each in kept if not each.source.startswith(_BY_RULE)}
        by_rules = implied_identifiers(rules, said, values.get(person, {}))
        gone += [each.key for each in kept if each.ifi not in said and each.ifi not in by_rules]
        for ifi, source in by_rules.items():
            implied.setdefault(ifi, (person, source))
    await fetch(connection, _GIVE_UP, {"store": store, "agents": gone})
    contradictions: list[Contradiction] = []
    for source in {source for _, source in implied.values()}:
        claims = {ifi: person for ifi, (person, by) in implied.items() if by == source}
        contradictions += (await _claim(connection, store, claims, source))[1]
    await refresh_frozen(connection, store)
    return contradictions


async def _values_for(
    connection: AsyncConnection,
    store: int,
    persons: Collection[UUID],
    rules: Iterable[JoiningRule],
) -> dict[UUID, dict[str, set[str]]]:
    """Return all values that persons ever had of the attributes that rules ask for."""
    names = {rule.attribute for rule in rules if rule.attribute is not None}
    found: dict[UUID, dict[str, set[str]]] = {}
    if names:
        values = {"store": store, "persons": [*persons], "names": [*names]}
        for person, name, value in await fetch(connection, _VALUES, values):
            found.setdefault(person, {}).setdefault(name, set()).add(value)
    return found


async def _claim(
    connection: AsyncConnection, store: int, claims: Mapping[Ifi, UUID], source: str
) -> tuple[list[Ifi], list[Contradiction]]:
    if not claims:
        return [], []
    keys = {ifi_key(ifi): ifi for ifi in claims}
    persons = [claims[ifi] for ifi in keys.values()]
    columns: dict[str, Sequence[object]] = {
        "agent": [*keys],
        "person": persons,
        "own": persons,
        "ifi_type": [ifi.type for ifi in keys.values()],
        "ifi": [ifi.value for ifi in keys.values()],
        "source": [source] * len(keys),
    }
    new = await insert_new_rows(connection, person_identifiers, store, columns, key="agent")
    there = [key for key in keys if key not in new]
    if not there:
        return [*claims], []
    owners = await owners_of(connection, store, there)
    if not source.startswith(_BY_RULE):
        said = {"agents": there, "persons": [claims[keys[key]] for key in there]}
        await fetch(connection, _SAID, {"store": store, "source": source, **said})
    contradictions = [
        Contradiction(keys[key], claims[keys[key]], owner)
        for key, owner in owners.items()
        if owner.person != claims[keys[key]]
    ]
    return [keys[key] for key in keys if key in new], contradictions
