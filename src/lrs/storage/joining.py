"""Joins agents that statements bring, by the exact rules of a store.

Each statement is looked at once, in the order of positions, up to a watermark: none is missed.
What a person has by rules is kept with the person as soon as it is known (`apply_rules`); what is
joined here are agents of whom nobody has said anything: an mbox_sha1sum and the mbox that it is the
SHA-1 of, or an account that is named by a mail address and that address.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from lrs.people.identifiers import account_parts, mbox_of, sha1_of
from lrs.people.joining import JoiningRule, RuleKind, implied_identifiers
from lrs.storage.driver import Values, fetch, fetch_value
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import NewPerson, create_people, lock_people
from lrs.storage.people_tables import hashed_mboxes
from lrs.storage.person_identifiers import (
    FROM_STATEMENTS,
    apply_rules,
    claim_identifiers,
    owners_of,
    rules_of,
)
from lrs.storage.rows import insert_rows
from lrs.xapi.keys import Ifi, ifi_key

# The first of the two numbers of the advisory lock of who joins. It is none that readers look at.
LOCK_CLASS = 19_545
# Statements, and persons, in one step, which is one short transaction.
STEP = 20_000
_PERSONS_AT_ONCE = 500
_FIRST_POSITION = -(2**63)
_STORE = bindparam("store", type_=Integer)

_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)")
_BEHIND = text(
    """
    SELECT stores.id
    FROM stores
    LEFT JOIN joining_progress AS progress ON progress.store = stores.id
    LEFT JOIN LATERAL (
        SELECT position FROM statements WHERE store = stores.id ORDER BY position DESC LIMIT 1
    ) AS newest ON true
    WHERE stores.deleting IS NULL
      AND (newest.position > coalesce(progress.position, :first) OR progress.person IS NOT NULL)
    ORDER BY stores.id
    """
).bindparams(bindparam("first", _FIRST_POSITION, BigInteger))
_BEGIN = text(
    """
    INSERT INTO joining_progress (store, position)
    SELECT :store, :first
    WHERE NOT EXISTS (SELECT FROM store_deletions WHERE store = :store)
    ON CONFLICT DO NOTHING
    """
).bindparams(_STORE, bindparam("first", _FIRST_POSITION, BigInteger))
_PROGRESS = text(
    """
    SELECT position, person FROM joining_progress
    WHERE store = :store AND NOT EXISTS (SELECT FROM store_deletions WHERE store = :store)
    FOR UPDATE
    """
)
_NEXT = text(
    """
    SELECT count(*) AS count, max(position) AS last
    FROM (
        SELECT position FROM statements
        WHERE store = :store AND position > :since AND position <= :until
        ORDER BY position LIMIT :step
    ) AS next
    """
)
_ADVANCE = text("UPDATE joining_progress SET position = :until WHERE store = :store")
_NEXT_PERSONS = text(
    """
    SELECT id FROM people WHERE store = :store AND id > :since AND merged_into IS NULL
    ORDER BY id LIMIT :step
    """
)
_ADVANCE_PERSON = text("UPDATE joining_progress SET person = :until WHERE store = :store")
# Those whom nobody has joined: of all others the rules were asked when they were told. An mbox that
# was met before is found by what comes after it.
_MET = text(
    """
    SELECT agents.key, agents.ifi_type, agents.ifi
    FROM (
        SELECT DISTINCT unnest(array_append(
            coalesce(direct_agents, '{}') || actor,
            CASE WHEN object_type = 'Agent' THEN object END
        )) AS agent
        FROM statements
        WHERE store = :store AND position > :since AND position <= :until
    ) AS met
    JOIN agents ON agents.store = :store AND agents.key = met.agent
    WHERE NOT EXISTS (
        SELECT FROM person_identifiers WHERE store = :store AND person_identifiers.agent = met.agent
    ) AND NOT EXISTS (
        SELECT FROM hashed_mboxes WHERE store = :store AND hashed_mboxes.mbox = met.agent
    )
    """
).bindparams(_STORE)
_MBOXES = text(
    """
    SELECT mbox FROM hashed_mboxes
    WHERE store = :store AND mbox_sha1sum = ANY (CAST(:keys AS uuid[]))
    """
)
_KNOWN = text(
    """
    SELECT key, ifi_type, ifi FROM agents
    WHERE store = :store AND key = ANY (CAST(:keys AS uuid[]))
    """
)


class _Progress(NamedTuple):
    """How far a store has come."""

    position: int
    person: UUID | None


async def stores_to_join(connection: AsyncConnection) -> list[int]:
    """Return the stores that have statements or persons to which rules were not applied."""
    return [row[0] for row in await fetch(connection, _BEHIND, {})]


async def join_some(
    connection: AsyncConnection, store: int, until_position: int, step: int = STEP
) -> bool:
    """Apply the rules of a store to some more, and tell whether there are more.

    While another process does it, nothing is done.

    Args:
        connection: within a writing transaction.
        store: the store.
        until_position: of a watermark that was taken before the transaction.
        step: the most statements to look at.
    """
    if not await fetch_value(connection, _ONLY_ONE, {"lock_class": LOCK_CLASS}):
        return False
    await lock_people(connection, store)
    await fetch(connection, _BEGIN, {"store": store})
    for row in await fetch(connection, _PROGRESS, {"store": store}):
        progress = _Progress(**row)
        if progress.person is not None:
            return await _join_persons(connection, store, progress.person)
        values = {"store": store, "since": progress.position, "until": until_position}
        return await _join_statements(connection, store, {**values, "step": step})
    return False


async def _join_persons(connection: AsyncConnection, store: int, since: UUID) -> bool:
    """Apply rules that are new, or no more, to further persons."""
    values = {"store": store, "since": since, "step": _PERSONS_AT_ONCE}
    persons = [row["id"] for row in await fetch(connection, _NEXT_PERSONS, values)]
    if persons:
        await apply_rules(connection, store, persons)
        await refresh_frozen(connection, store)
    until = persons[-1] if len(persons) == _PERSONS_AT_ONCE else None
    await fetch(connection, _ADVANCE_PERSON, {"store": store, "until": until})
    return True


async def _join_statements(connection: AsyncConnection, store: int, values: Values) -> bool:
    (next_,) = await fetch(connection, _NEXT, values)
    if not next_["count"]:
        return False
    met = await fetch(connection, _MET, {**values, "until": next_["last"]})
    await _join_agents(connection, store, [Ifi(row["ifi_type"], row["ifi"]) for row in met])
    await fetch(connection, _ADVANCE, {"store": store, "until": next_["last"]})
    return bool(next_["count"] == values["step"])


async def _join_agents(connection: AsyncConnection, store: int, met: Collection[Ifi]) -> None:
    """Make persons of agents that nobody has joined, where a rule says so of two that are known."""
    rules = await rules_of(connection, store)
    await _keep_hashes(connection, store, [ifi for ifi in met if ifi.type == "mbox"])
    # Each mbox that is or may be known, and what is the same person's by rules.
    mboxes = await _mboxes(connection, store, rules, met)
    implied = {mbox: [*implied_identifiers(rules, [mbox], {})] for mbox in mboxes}
    owners = await owners_of(connection, store, _keys(implied))
    known = await _known(connection, store, _keys(implied)) | owners.keys()
    claims: dict[Ifi, UUID] = {}
    for mbox, others in implied.items():
        there = [ifi_key(each) for each in others if ifi_key(each) in known]
        persons = {owners[key].person for key in there if key in owners}
        # Where those are two, nothing tells whose the mbox is.
        if there and ifi_key(mbox) not in owners and len(persons) <= 1:
            claims[mbox] = next(iter(persons), None) or uuid7()
    owned = {owner.person for owner in owners.values()}
    new = {person: NewPerson() for person in claims.values() if person not in owned}
    if claims:
        await create_people(connection, store, new)
        await claim_identifiers(connection, store, claims, FROM_STATEMENTS)
        await apply_rules(connection, store, {*claims.values()})
        await refresh_frozen(connection, store)


async def _keep_hashes(connection: AsyncConnection, store: int, mboxes: Collection[Ifi]) -> None:
    columns = {
        "mbox": [ifi_key(mbox) for mbox in mboxes],
        "mbox_sha1sum": [ifi_key(sha1_of(mbox)) for mbox in mboxes],
    }
    if mboxes:
        await insert_rows(connection, hashed_mboxes, store, columns)


async def _mboxes(
    connection: AsyncConnection, store: int, rules: Iterable[JoiningRule], met: Collection[Ifi]
) -> list[Ifi]:
    """Return the mboxes among agents, and those that statements have brought and others imply."""
    hashes = [ifi_key(ifi) for ifi in met if ifi.type == "mbox_sha1sum"]
    rows = await fetch(connection, _MBOXES, {"store": store, "keys": hashes}) if hashes else ()
    wanted = {row["mbox"] for row in rows}
    pages = {rule.home_page for rule in rules if rule.kind is RuleKind.ACCOUNT_IS_MAIL}
    for ifi in met:
        if ifi.type == "account":
            page, name = account_parts(ifi)
            if page in pages:
                wanted.add(ifi_key(mbox_of(name)))
    found = await fetch(connection, _KNOWN, {"store": store, "keys": [*wanted]}) if wanted else ()
    of_others = [Ifi(row["ifi_type"], row["ifi"]) for row in found]
    return [*{*of_others, *(ifi for ifi in met if ifi.type == "mbox")}]


async def _known(connection: AsyncConnection, store: int, keys: Collection[UUID]) -> set[UUID]:
    rows = await fetch(connection, _KNOWN, {"store": store, "keys": [*keys]}) if keys else ()
    return {row["key"] for row in rows}


def _keys(implied: Mapping[Ifi, Iterable[Ifi]]) -> set[UUID]:
    return {ifi_key(each) for mbox, others in implied.items() for each in (mbox, *others)}
