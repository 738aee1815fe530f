"""Keeps what is in the archives of persons, in pieces, and gives it out again.

An entry is written whole, in the transaction that also keeps how far the archive has come. Only
data of attachments, which can be of any size, are added to one that is there already.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.zip_files import ZipEntry
from lrs.storage.archives import ArchiveName
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.privacy_tables import archive_entries, archive_pieces
from lrs.storage.rows import Columns, insert_rows

# Bytes of a piece; only the last one of an entry has less.
PIECE: Final = 512 * 1024

_ENTRIES = text(
    """
    SELECT name, method, size, packed, crc FROM archive_entries
    WHERE store = :store AND archive = :id ORDER BY number
    """
)
_PIECES = text(
    """
    SELECT content FROM archive_pieces
    WHERE store = :store AND archive = :id AND entry = :entry AND number = :number
    """
)
_GROWTH = text(
    """
    UPDATE archive_entries SET size = :size, packed = :size, crc = :crc
    WHERE store = :store AND archive = :id AND number = :number
    """
)
_NAMED = text(
    """
    INSERT INTO archive_agents (store, agent, archive)
    SELECT DISTINCT store, agent, CAST(:id AS uuid)
    FROM statements
    CROSS JOIN LATERAL (
        SELECT actor AS agent
        UNION ALL SELECT unnest(direct_agents)
        UNION ALL SELECT unnest(other_agents)
    ) AS named
    WHERE store = :store AND statements.id = ANY (:statements) AND agent IS NOT NULL
    ON CONFLICT DO NOTHING
    """
)
_BROUGHT = text(
    """
    INSERT INTO archive_attachments (store, archive, sha2)
    SELECT DISTINCT store, CAST(:id AS uuid), sha2
    FROM statement_attachments
    WHERE store = :store AND id = ANY (:statements)
    ON CONFLICT DO NOTHING
    """
)
_COUNT_BROUGHT = text(
    "SELECT count(*) FROM archive_attachments WHERE store = :store AND archive = :id"
)
# One of the tables that hold what is in an archive, each emptied by some rows at a time.
_EMPTYING = tuple(
    map(
        text,
        (
            """
            DELETE FROM archive_pieces WHERE store = :store AND archive = :id
            AND (entry, number) IN (
                SELECT entry, number FROM archive_pieces
                WHERE store = :store AND archive = :id LIMIT :most
            ) RETURNING 1
            """,
            """
            DELETE FROM archive_entries WHERE store = :store AND archive = :id
            AND number IN (
                SELECT number FROM archive_entries
                WHERE store = :store AND archive = :id LIMIT :most
            ) RETURNING 1
            """,
            """
            DELETE FROM archive_agents WHERE store = :store AND archive = :id
            AND agent IN (
                SELECT agent FROM archive_agents
                WHERE store = :store AND archive = :id LIMIT :most
            ) RETURNING 1
            """,
            """
            DELETE FROM archive_attachments WHERE store = :store AND archive = :id
            AND sha2 IN (
                SELECT sha2 FROM archive_attachments
                WHERE store = :store AND archive = :id LIMIT :most
            ) RETURNING 1
            """,
        ),
    )
)
_DEAD = text(
    "SELECT store, id, removed IS NULL AS is_over FROM person_archives"
    " WHERE removed IS NOT NULL OR expires <= now() LIMIT 100"
)
_FORGETTING = text("DELETE FROM person_archives WHERE store = :store AND id = :id")
# Rows that are deleted at once.
_MOST: Final = 1_000


async def list_entries(connection: AsyncConnection, name: ArchiveName) -> list[ZipEntry]:
    """Return the files in an archive, in their order."""
    return [ZipEntry(*row) for row in await fetch(connection, _ENTRIES, name._asdict())]


async def read_archive_piece(
    connection: AsyncConnection, name: ArchiveName, entry: int, number: int
) -> bytes | None:
    """Return a piece of a file in an archive; None if it was deleted."""
    which = {**name._asdict(), "entry": entry, "number": number}
    content: bytes | None = await fetch_value(connection, _PIECES, which)
    return content


async def insert_entry(
    connection: AsyncConnection, name: ArchiveName, number: int, entry: ZipEntry, content: bytes
) -> None:
    """Keep a file in an archive.

    Args:
        connection: within a writing transaction.
        name: of the archive.
        number: of the file.
        entry: what is told of it.
        content: its data as they stand in the archive.
    """
    told: dict[str, object] = {"archive": name.id, "number": number, **entry._asdict()}
    columns: Columns = {column: [value] for column, value in told.items()}
    await insert_rows(connection, archive_entries, name.store, columns)
    pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)]
    await _insert_pieces(connection, name, number, dict(enumerate(pieces)))


async def grow_entry(
    connection: AsyncConnection,
    name: ArchiveName,
    number: int,
    entry: ZipEntry,
    pieces: dict[int, bytes],
) -> None:
    """Add pieces to a file that stands in an archive as it is; `entry` tells of it afterwards."""
    await _insert_pieces(connection, name, number, pieces)
    values = {"number": number, "size": entry.size, "crc": entry.crc}
    await fetch(connection, _GROWTH, {**name._asdict(), **values})


async def note_statements(
    connection: AsyncConnection, name: ArchiveName, statements: Sequence[UUID]
) -> None:
    """Keep whom these statements of an archive name, and which data they brought."""
    values = {**name._asdict(), "statements": statements}
    await fetch(connection, _NAMED, values)
    await fetch(connection, _BROUGHT, values)


async def count_attachments(connection: AsyncConnection, name: ArchiveName) -> int:
    """Count the data that the statements of an archive brought."""
    return int(await fetch_value(connection, _COUNT_BROUGHT, name._asdict()))


async def delete_some(connection: AsyncConnection, name: ArchiveName) -> int:
    """Delete some of what is in an archive, and return how many rows; zero are left."""
    for emptying in _EMPTYING:
        gone = await fetch(connection, emptying, {**name._asdict(), "most": _MOST})
        if gone:
            return len(gone)
    return 0


async def dead_archives(connection: AsyncConnection) -> list[tuple[ArchiveName, bool]]:
    """Return some archives that nobody can have any more, and of each whether its time is over."""
    rows = await fetch(connection, _DEAD, {})
    return [(ArchiveName(row["store"], row["id"]), row["is_over"]) for row in rows]


async def forget_archive(connection: AsyncConnection, name: ArchiveName) -> None:
    """Forget an archive in which nothing is left."""
    await fetch(connection, _FORGETTING, name._asdict())


async def _insert_pieces(
    connection: AsyncConnection, name: ArchiveName, entry: int, pieces: dict[int, bytes]
) -> None:
    columns: Columns = {
        "archive": [name.id] * len(pieces),
        "entry": [entry] * len(pieces),
        "number": [*pieces],
        "content": [*pieces.values()],
    }
    if pieces:
        await insert_rows(connection, archive_pieces, name.store, columns)
