"""Joins persons and takes them apart again, by rows of few small tables: no statement is touched.

Merges that are not undone are a tree: each person was merged into one at most, and both were
nobody's part at that moment. So a merge can be undone at any time, whatever was merged before or
since: who was merged gets back all that was their own or of those who were merged into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from lrs.errors import PersonConflictError, PersonNotFoundError
from lrs.storage.dated_rows import ATTRIBUTES, MEMBERSHIPS
from lrs.storage.driver import fetch
from lrs.storage.people import Change, NewPerson, create_person, record_changes, touch_people
from lrs.storage.person_identifiers import apply_rules, check_count
from lrs.storage.person_values import roots_of

_STORE = bindparam("store", type_=Integer)
_INSERT = text(
    """
    INSERT INTO person_merges (store, id, kept, merged, merged_by)
    VALUES (:store, :id, :kept, :merged, :by)
    """
).bindparams(_STORE, bindparam("by", type_=Text))
_MERGE = text("SELECT * FROM person_merges WHERE store = :store AND id = :id")
_UNDO = text(
    """
    UPDATE person_merges SET undone_at = now(), undone_by = :by WHERE store = :store AND id = :id
    """
)
_MERGES_OF = text(
    """
    SELECT * FROM person_merges
    WHERE store = :store AND kept = ANY (
        SELECT id FROM people WHERE store = :store AND :person IN (id, merged_into)
    )
    ORDER BY merged_at, id
    """
).bindparams(_STORE)
# All who were merged into a person, directly or not, who comes first.
_TREE = text(
    """
    WITH RECURSIVE tree (person, path) AS (
        SELECT CAST(:person AS uuid), ARRAY[]::uuid[]
        UNION ALL
        SELECT merges.merged, tree.path || merges.id
        FROM tree
        JOIN person_merges AS merges
          ON merges.store = :store AND merges.kept = tree.person AND merges.undone_at IS NULL
    )
    SELECT person FROM tree ORDER BY path
    """
).bindparams(_STORE)
_SET_ROOT = text(
    """
    UPDATE people
    SET merged_into = nullif(CAST(:root AS uuid), id), updated = now(), version = version + 1
    WHERE store = :store AND id = ANY (CAST(:tree AS uuid[]))
    """
).bindparams(_STORE)
_SET_IDENTIFIERS = text(
    """
    UPDATE person_identifiers SET person = :root
    WHERE store = :store AND own = ANY (CAST(:tree AS uuid[])) AND person <> :root
      AND person = ANY (CAST(:holders AS uuid[]))
    """
).bindparams(_STORE)
_SPLIT = text(
    """
    UPDATE person_identifiers SET person = :new, own = :new, source = CASE
        WHEN source LIKE 'rule:%' THEN 'api' ELSE source END
    WHERE store = :store AND person = :person AND agent = ANY (CAST(:agents AS uuid[]))
    RETURNING agent
    """
)


@dataclass(frozen=True, slots=True)
class Merge:
    """That a person was merged into another.

    Attributes:
        undone_at: when that was taken back; None if it holds.
    """

    id: UUID
    kept: UUID
    merged: UUID
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None


async def merge_people(
    connection: AsyncConnection, store: int, kept: UUID, merged: UUID, merged_by: str
) -> Merge:
    """Make two persons one: `merged` is a part of `kept` from now on.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of both.
        kept: a person who is no part of another, and stays.
        merged: another one of whom the same is true.
        merged_by: who says so.

    Raises:
        PersonConflictError: they are one already.
        TooLargeError: they would have too many identifiers.
    """
    if kept == merged:
        raise PersonConflictError(f"person {kept} can not be merged into themselves: it is one")
    merge = uuid7()
    values = {"store": store, "id": merge, "kept": kept, "merged": merged, "by": merged_by}
    await fetch(connection, _INSERT, values)
    await _settle(connection, store, kept)
    await check_count(connection, store, kept)
    await apply_rules(connection, store, [kept])
    changes = [Change(kept, "merge", after=str(merged)), Change(merged, "merge", after=str(kept))]
    await record_changes(connection, store, merged_by, changes)
    return await get_merge(connection, store, merge)


async def get_merge(connection: AsyncConnection, store: int, merge: UUID) -> Merge:
    """Return a merge, also one that was undone.

    Raises:
        PersonNotFoundError: there is none.
    """
    for row in await fetch(connection, _MERGE, {"store": store, "id": merge}):
        return _merge(row)
    raise _no_merge(merge)


async def undo_merge(
    connection: AsyncConnection, store: int, person: UUID, merge: UUID, undone_by: str
) -> tuple[UUID, UUID]:
    """Make two persons of one again, and return who stays and who is given back what was theirs.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the merge.
        person: who is no part of another, and of whom it is.
        merge: that was made once.
        undone_by: who says so.

    Raises:
        PersonNotFoundError: there is no such merge of this person.
        PersonConflictError: it was undone already.
    """
    found = await get_merge(connection, store, merge)
    if found.undone_at is not None:
        raise PersonConflictError(
            f"the merge {merge} was undone already: person {found.merged} has been taken from"
            f" person {found.kept}"
        )
    root = (await roots_of(connection, store, [found.kept]))[found.kept]
    if root != person:
        raise _no_merge(merge)
    await fetch(connection, _UNDO, {"store": store, "id": merge, "by": undone_by})
    await _settle(connection, store, found.merged, root)
    await _settle(connection, store, root)
    await apply_rules(connection, store, [root, found.merged])
    changes = [
        Change(root, "split", after=str(found.merged)),
        Change(found.merged, "split", after=str(root)),
    ]
    await record_changes(connection, store, undone_by, changes)
    return root, found.merged


async def merges_of(connection: AsyncConnection, store: int, person: UUID) -> list[Merge]:
    """Return all merges of a person and of those who are a part of them, the oldest first."""
    rows = await fetch(connection, _MERGES_OF, {"store": store, "person": person})
    return [_merge(row) for row in rows]


async def split_identifiers(
    connection: AsyncConnection,
    store: int,
    person: UUID,
    keys: Sequence[UUID],
    new: NewPerson,
    split_by: str,
) -> UUID:
    """Make a person of some identifiers of another, and return the new one.

    Raises:
        PersonNotFoundError: one of them is not theirs.
        PersonConflictError: the user name of the new one is another's.
    """
    made = await create_person(connection, store, new)
    values = {"store": store, "person": person, "new": made, "agents": [*keys]}
    moved = {row["agent"] for row in await fetch(connection, _SPLIT, values)}
    for key in keys:
        if key not in moved:
            raise PersonNotFoundError(f"person {person} has no identifier {key}")
    await apply_rules(connection, store, [person, made])
    await touch_people(connection, store, [person])
    changes = [Change(person, "split", after=str(made)), Change(made, "split", after=str(person))]
    await record_changes(connection, store, split_by, changes)
    return made


async def _settle(connection: AsyncConnection, store: int, root: UUID, *holders: UUID) -> None:
    """Have all that is of those who were merged into a person be that person's.

    Args:
        connection: within a writing transaction.
        store: of the persons.
        root: who is no part of another.
        holders: whose it may be now, beside theirs.
    """
    rows = await fetch(connection, _TREE, {"store": store, "person": root})
    tree = [row["person"] for row in rows]
    values = {"store": store, "root": root, "tree": tree}
    await fetch(connection, _SET_ROOT, values)
    await fetch(connection, _SET_IDENTIFIERS, {**values, "holders": [*tree, *holders]})
    for each in (ATTRIBUTES, MEMBERSHIPS):
        await each.settle(connection, store, tree, holders)


def _merge(row: Any) -> Merge:  # noqa: ANN401 - a row of the driver, which has no types
    return Merge(**{name: row[name] for name in Merge.__slots__})


def _no_merge(merge: UUID) -> PersonNotFoundError:
    return PersonNotFoundError(f"there is no merge {merge} of this person")
