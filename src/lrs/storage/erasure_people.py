"""Takes a person out of what is known of people, and lets nobody have archives of them."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from lrs.people.erasures import Mode, Subject
from lrs.storage.archives import wait_for_makers
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import lock_people
from lrs.storage.sql_texts import sql
from lrs.xapi.keys import ifi_key
from lrs.xapi.replacing import replace_in_json, replace_in_text

# Other persons who share a value or a team, so that it tells of nobody.
_FEWEST_OTHERS: Final = 5

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "persons": ARRAY(Uuid),
    "nobody": Uuid(),
    "values": ARRAY(Text),
}


_NOBODY = sql(
    "INSERT INTO people (store, id) VALUES (:store, :nobody) ON CONFLICT DO NOTHING", _TYPES
)
_NOBODYS_IDENTIFIERS = sql(
    """
    INSERT INTO person_identifiers (store, agent, person, own, ifi_type, ifi, source)
    SELECT :store, agent, :nobody, :nobody, 'account', ifi, 'erasure'
    FROM unnest(:keys, :texts) AS instead (agent, ifi)
    ON CONFLICT DO NOTHING
    """,
    _TYPES,
)
_NOBODYS_ATTRIBUTES = sql(
    f"""
    INSERT INTO person_attributes (store, own, name, valid_from, valid_until, value, person)
    SELECT kept.store, :nobody, kept.name, kept.valid_from, kept.valid_until, kept.value, :nobody
    FROM person_attributes AS kept
    JOIN attribute_definitions AS defined
      ON defined.store = kept.store AND defined.name = kept.name AND NOT defined.is_sensitive
    WHERE kept.store = :store AND kept.person = ANY (:persons) AND kept.person <> :nobody AND (
        SELECT count(DISTINCT other.person) FROM person_attributes AS other
        WHERE other.store = :store AND other.name = kept.name AND other.value = kept.value
          AND other.person <> ALL (:persons)
    ) >= {_FEWEST_OTHERS}
    ON CONFLICT DO NOTHING
    """,  # noqa: S608 - a number of ours
    _TYPES,
)
_NOBODYS_TEAMS = sql(
    f"""
    INSERT INTO team_members (store, team, own, valid_from, valid_until, person)
    SELECT kept.store, kept.team, :nobody, kept.valid_from, kept.valid_until, :nobody
    FROM team_members AS kept
    WHERE kept.store = :store AND kept.person = ANY (:persons) AND (
        SELECT count(DISTINCT other.person) FROM team_members AS other
        WHERE other.store = :store AND other.team = kept.team AND other.person <> ALL (:persons)
    ) >= {_FEWEST_OTHERS}
    ON CONFLICT DO NOTHING
    """,  # noqa: S608 - a number of ours
    _TYPES,
)
# Whose manager and the like the person was.
_OF_OTHERS = sql(
    """
    UPDATE person_attributes AS kept SET value = CAST(:nobody AS text)
    FROM attribute_definitions AS defined
    WHERE defined.store = kept.store AND defined.name = kept.name AND defined.type = 'person'
      AND kept.store = :store AND kept.value = ANY (:values)
    """,
    _TYPES,
)
_NOT_OF_OTHERS = sql(
    """
    DELETE FROM person_attributes AS kept
    USING attribute_definitions AS defined
    WHERE defined.store = kept.store AND defined.name = kept.name AND defined.type = 'person'
      AND kept.store = :store AND kept.value = ANY (:values)
    """,
    _TYPES,
)
_BEFORE_OR_AFTER: Final = "before ILIKE ANY (:patterns) OR after ILIKE ANY (:patterns)"
_GONE = tuple(
    sql(f"DELETE FROM {table} WHERE store = :store AND ({condition})", _TYPES)  # noqa: S608 - our own names
    for table, condition in (
        (
            "person_identifiers",
            "person = ANY (:persons) OR own = ANY (:persons) OR agent = ANY (:keys)",
        ),
        ("person_attributes", "person = ANY (:persons) OR own = ANY (:persons)"),
        ("team_members", "person = ANY (:persons) OR own = ANY (:persons)"),
        ("person_merges", "kept = ANY (:persons) OR merged = ANY (:persons)"),
        (
            "refused_suggestions",
            "first = ANY (:persons || :keys) OR second = ANY (:persons || :keys)",
        ),
        ("person_changes", f"person = ANY (:persons || :keys) OR {_BEFORE_OR_AFTER}"),
        ("user_people", "person = ANY (:persons)"),
        ("person_freezes", "person = ANY (:persons || :keys)"),
        ("pseudonyms", "agent = ANY (:keys)"),
        ("reidentifications", "agent = ANY (:keys)"),
        ("legal_holds", "released IS NOT NULL AND (person = ANY (:persons) OR keys && :keys)"),
    )
)
_GONE_PERSONS = sql(
    "DELETE FROM people WHERE store = :store AND id = ANY (:persons) RETURNING id", _TYPES
)
_TEAMS = sql(
    """
    SELECT id, name, CAST(scim AS text) AS scim FROM teams
    WHERE store = :store
      AND (name ILIKE ANY (:patterns) OR CAST(scim AS text) ILIKE ANY (:patterns))
    """
)
_RENAME_TEAM = sql(
    """
    UPDATE teams
    SET name = :name, scim = CAST(:scim AS json), version = version + 1, updated = now()
    WHERE store = :store AND id = :id
    """
)
_ARCHIVES = sql(
    """
    WITH named AS (
        SELECT id FROM person_archives
        WHERE store = :store AND (keys && :keys OR person = ANY (:persons) OR "user" = ANY (:ids))
        UNION
        SELECT archive FROM archive_agents WHERE store = :store AND agent = ANY (:keys)
    ),
    pieces AS (
        DELETE FROM archive_pieces
        WHERE store = :store AND archive IN (SELECT id FROM named) RETURNING 1
    ),
    entries AS (
        DELETE FROM archive_entries
        WHERE store = :store AND archive IN (SELECT id FROM named) RETURNING 1
    ),
    data AS (
        DELETE FROM archive_attachments
        WHERE store = :store AND archive IN (SELECT id FROM named) RETURNING 1
    ),
    others AS (
        DELETE FROM archive_agents
        WHERE store = :store AND archive IN (SELECT id FROM named) RETURNING 1
    ),
    gone AS (
        DELETE FROM person_archives
        WHERE store = :store AND id IN (SELECT id FROM named) RETURNING 1
    )
    SELECT count(*) FROM gone
    """,
    _TYPES,
)


async def erase_person_rows(
    connection: AsyncConnection, store: int, subject: Subject, mode: Mode
) -> int:
    """Take a person out of what is known of people, and return of how many persons that was.

    In mode anonymise a person without a name is left, who has the accounts of nobody; of what was
    known there stays what is not sensitive and what enough others share.
    """
    await lock_people(connection, store)
    values = _values(store, subject)
    if mode is Mode.ANONYMISE and subject.nobody is not None:
        await _make_nobody(connection, values, subject)
        await fetch(connection, _OF_OTHERS, values)
    else:
        await fetch(connection, _NOT_OF_OTHERS, values)
    for statement in _GONE:
        await fetch(connection, statement, values)
    gone = await fetch(connection, _GONE_PERSONS, values)
    await _rename_teams(connection, store, subject)
    await refresh_frozen(connection, store)
    return len(gone)


async def _make_nobody(
    connection: AsyncConnection, values: Mapping[str, Any], subject: Subject
) -> None:
    instead = [each.replacement for each in subject.identifiers]
    accounts = {
        **values,
        "keys": [ifi_key(each) for each in instead],
        "texts": [each.value for each in instead],
    }
    await fetch(connection, _NOBODY, values)
    await fetch(connection, _NOBODYS_IDENTIFIERS, accounts)
    await fetch(connection, _NOBODYS_ATTRIBUTES, values)
    await fetch(connection, _NOBODYS_TEAMS, values)


async def _rename_teams(connection: AsyncConnection, store: int, subject: Subject) -> None:
    values = {"store": store, "patterns": subject.patterns}
    for row in await fetch(connection, _TEAMS, values):
        scim = row["scim"]
        if scim is not None:
            scim = replace_in_json(scim.encode(), subject.replacing).decode()
        name = replace_in_text(row["name"], subject.replacing)
        if (name, scim) != (row["name"], row["scim"]):
            # Two teams may not have one name.
            name = row["name"] if name == row["name"] else f"{name} {row['id']}"
            change = {"store": store, "id": row["id"], "name": name, "scim": scim}
            await fetch(connection, _RENAME_TEAM, change)


async def erase_archives(connection: AsyncConnection, store: int, subject: Subject) -> int:
    """Delete the archives that tell of a person, and return how many there were."""
    # A step that read statements before they were changed may be about to keep them.
    await wait_for_makers(connection)
    values = _values(store, subject) | {"ids": [*subject.users]}
    return int(await fetch_value(connection, _ARCHIVES, values))


def _values(store: int, subject: Subject) -> dict[str, Any]:
    return {
        "store": store,
        "persons": [*subject.persons],
        "keys": subject.keys,
        "patterns": subject.patterns,
        "nobody": subject.nobody,
        "values": [str(each) for each in subject.persons],
    }
