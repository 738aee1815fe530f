"""Keeps the data of attachments, once in a store, and finds them by hash (Data 2.4.11).

The data are written before the transaction takes the store's lock, since they may take long, and
nobody who polls is to wait for them.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, bindparam, delete, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage.restrictions import conditions, restriction_values
from lrs.storage.rows import Columns, insert_new_rows, insert_rows
from lrs.storage.tables import (
    attachment_pieces,
    attachments,
    statement_attachments,
    statements,
)
from lrs.storage.usage import add_bytes
from lrs.xapi.received_data import HeldAttachment, ReceivedData
from lrs.xapi.records import StatementRecord

# What is held in memory of one attachment.
_PIECE = 512 * 1024
# What travels to PostgreSQL at once, so that many small attachments need few statements of SQL.
_AT_ONCE = 1024 * 1024


async def insert_data(
    connection: AsyncConnection, store: int, data: Sequence[ReceivedData]
) -> set[str]:
    """Keep the data that are not there yet, and return their hashes.

    Args:
        connection: within a writing transaction that has not taken the store's lock yet.
        store: the store to keep them in.
        data: with distinct hashes.
    """
    # In one order, so that two who bring the same never wait for each other in a ring.
    in_order = sorted(data, key=lambda each: each.sha2)
    new: set[str] = set()
    missing = in_order
    while missing:
        rows: Columns = {
            "sha2": [each.sha2 for each in missing],
            "size": [each.size for each in missing],
        }
        new |= await insert_new_rows(connection, attachments, store, rows, key="sha2")
        held = await _held(connection, store, [each.sha2 for each in in_order])
        # What was there and is not any more was erased meanwhile, as nobody else had it.
        missing = [each for each in in_order if each.sha2 not in held]
    for group in _groups(each for each in in_order if each.sha2 in new):
        columns: Columns = {
            "sha2": [sha2 for sha2, _, _ in group],
            "number": [number for _, number, _ in group],
            "content": [content for _, _, content in group],
        }
        await insert_rows(connection, attachment_pieces, store, columns)
    if new:
        await add_bytes(connection, store, sum(each.size for each in data if each.sha2 in new))
    return new


async def _held(connection: AsyncConnection, store: int, hashes: Sequence[str]) -> set[str]:
    """Keep erasures from taking data until the transaction ends, and return which are there."""
    wanted = bindparam("hashes", [*hashes], ARRAY(Text))
    held = (
        select(attachments.c.sha2)
        .where(attachments.c.store == store, attachments.c.sha2 == func.any(wanted))
        .order_by(attachments.c.sha2)
        .with_for_update(read=True, key_share=True)
    )
    return {*(await connection.scalars(held)).all()}


async def link_data(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord]
) -> None:
    """Keep which statements brought which data."""
    links = [(record.id, each) for record in records for each in record.brought.data]
    if not links:
        return
    columns: Columns = {
        "id": [identifier for identifier, _ in links],
        "sha2": [each.sha2 for _, each in links],
        "content_type": [each.content_type for _, each in links],
    }
    await insert_rows(connection, statement_attachments, store, columns)


_IS_LINKED = exists().where(
    statement_attachments.c.store == attachments.c.store,
    statement_attachments.c.sha2 == attachments.c.sha2,
)


async def drop_unlinked(connection: AsyncConnection, store: int, hashes: AbstractSet[str]) -> None:
    """Take out those of the data that no statement has.

    Those that another request has just brought, and is about to link, are left to it. To wait for
    it could be for ever: it may wait for the store, which may be held here.
    """
    wanted = attachments.c.sha2 == func.any(bindparam("hashes", [*hashes], ARRAY(Text)))
    unlinked = select(attachments.c.sha2).where(attachments.c.store == store, wanted, ~_IS_LINKED)
    await _drop(connection, store, unlinked)


async def drop_all_unlinked(connection: AsyncConnection, store: int, most: int) -> int:
    """Take out some of all data that no statement has, and return how many were taken.

    Args:
        connection: within a transaction that holds the store's lock alone.
        store: the store they are in.
        most: how many at once.
    """
    unlinked = select(attachments.c.sha2).where(attachments.c.store == store, ~_IS_LINKED)
    return await _drop(connection, store, unlinked.limit(most))


async def _drop(connection: AsyncConnection, store: int, unlinked: Select[tuple[str]]) -> int:
    held = unlinked.with_for_update(skip_locked=True, of=attachments)
    gone = bindparam("gone", [*(await connection.scalars(held)).all()], ARRAY(Text))
    dropping = (
        delete(attachments)
        .where(attachments.c.store == store, attachments.c.sha2 == func.any(gone))
        .returning(attachments.c.sha2, attachments.c.size)
    )
    dropped = (await connection.execute(dropping)).all()
    if dropped:
        pieces = attachment_pieces.c
        await connection.execute(
            delete(attachment_pieces).where(pieces.store == store, pieces.sha2 == func.any(gone))
        )
        await add_bytes(connection, store, -sum(row.size for row in dropped))
    return len(dropped)


async def find_brought(
    connection: AsyncConnection, store: int, ids: Sequence[UUID]
) -> list[HeldAttachment]:
    """Return what these statements brought, each hash once, in the order of the statements."""
    links = statement_attachments.c
    query = (
        select(links.id, links.sha2, links.content_type, attachments.c.size)
        .join_from(
            statement_attachments,
            attachments,
            (attachments.c.store == links.store) & (attachments.c.sha2 == links.sha2),
        )
        .where(links.store == store, links.id == func.any(bindparam("ids", ids, ARRAY(Uuid))))
    )
    places = {identifier: place for place, identifier in enumerate(ids)}
    rows = sorted(
        await connection.execute(query), key=lambda row: (places[row.id], row.sha2), reverse=True
    )
    by_hash = {row.sha2: HeldAttachment(row.sha2, row.content_type, row.size) for row in rows}
    return list(reversed(by_hash.values()))


async def find_attachment(
    connection: AsyncConnection,
    store: int,
    sha2: str,
    restriction: Restriction = NOTHING_HIDDEN,
) -> HeldAttachment | None:
    """Return what is known of the data with a hash; None if no statement to be seen brought them.

    Those of a voided statement are there too.
    """
    links = statement_attachments.c
    query = (
        select(links.content_type, attachments.c.size)
        .join_from(
            attachments,
            statement_attachments,
            (attachments.c.store == links.store) & (attachments.c.sha2 == links.sha2),
        )
        .where(attachments.c.store == store, attachments.c.sha2 == sha2)
        .order_by(links.id)
        .limit(1)
    )
    allowed = conditions(restriction)
    if allowed:
        bringing = select(true()).where(
            statements.c.store == store, statements.c.id == links.id, *allowed
        )
        query = query.where(bringing.scalar_subquery())
    row = (await connection.execute(query, restriction_values(restriction))).first()
    return row and HeldAttachment(sha2, row.content_type, row.size)


async def read_piece(
    connection: AsyncConnection, store: int, sha2: str, number: int
) -> bytes | None:
    """Return one piece of the data with a hash; None behind the last one."""
    pieces = attachment_pieces.c
    query = select(pieces.content).where(
        pieces.store == store, pieces.sha2 == sha2, pieces.number == number
    )
    content: bytes | None = await connection.scalar(query)
    return content


_Piece = tuple[str, int, bytes]


def _groups(data: Iterator[ReceivedData]) -> Iterator[list[_Piece]]:
    group: list[_Piece] = []
    size = 0
    for each in data:
        for number, content in enumerate(each.pieces(_PIECE)):
            group.append((each.sha2, number, content))
            size += len(content)
            if size >= _AT_ONCE:
                yield group
                group, size = [], 0
    if group:
        yield group
