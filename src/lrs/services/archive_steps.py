"""One step of the making of an archive: some more files, and from where it goes on.

A step reads a bounded amount within the transaction that keeps it, so one that is killed never
happened, and the next process begins it again.
"""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.people.archive_report import Told, readme, report
from lrs.people.archive_stages import Stage
from lrs.people.zip_files import Method, Packing, ZipEntry
from lrs.storage.archive_contents import grow_entry, insert_entry, note_statements
from lrs.storage.archive_records import read_courses, read_newest, read_record
from lrs.storage.archive_sources import (
    BEGINNING,
    RECORDS,
    FoundDocument,
    Place,
    Reading,
    find_documents_of,
    find_readings,
    find_statements_of,
    frozen_of,
    names_in_log,
    next_attachment,
)
from lrs.storage.archives import Archive, ArchiveName
from lrs.storage.attachments import read_piece
from lrs.storage.audit import find_head
from lrs.storage.engines import Connection

# Pieces of an attachment that one step takes over.
_PIECES: Final = 16
# Records of who received something that a step finds before it ends, and looks of one step.
_READINGS, _LOOKS = 5_000, 25
# How line ends that stand between two tokens are written, so that a statement is one line.
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")
# What JSON is written with.
_INDENTED: Final = 2


class Progress(NamedTuple):
    """What a step has done.

    Attributes:
        place: after what the stage goes on, as JSON text; None if it is over.
        done: how many things were put into the archive.
    """

    place: str | None
    done: int


class _Data(msgspec.Struct, array_like=True):
    """How far attachments are: the last hash, and what is there of its data."""

    sha2: str = ""
    entry: int | None = None
    piece: int = 0
    size: int = 0
    crc: int = 0


@dataclass(slots=True)
class Making:
    """An archive while a step is taken.

    Attributes:
        archive: as it was before the step, but for the number of files.
        most: bytes of a file of statements, from which on another one is begun.
    """

    connection: Connection
    name: ArchiveName
    archive: Archive
    most: int

    @property
    def keys(self) -> frozenset[UUID]:
        """All identifiers of the person."""
        return self.archive.order.keys

    async def add(self, file: str, packing: Packing) -> None:
        """Add a file."""
        packed = await asyncio.to_thread(packing.finish)
        told = (packing.size, len(packed), packing.crc)
        await self._insert(ZipEntry(file, Method.DEFLATED, *told), packed)

    async def add_text(self, file: str, text: str) -> None:
        """Add a file of text."""
        packing = Packing()
        packing.add(text.encode())
        await self.add(file, packing)

    async def begin(self, file: str) -> int:
        """Add a file that grows, and return its number."""
        await self._insert(ZipEntry(file, Method.AS_IS, 0, 0, 0), b"")
        return self.archive.entries - 1

    async def _insert(self, entry: ZipEntry, content: bytes) -> None:
        number = self.archive.entries
        await insert_entry(self.connection, self.name, number, entry, content)
        self.archive = replace(self.archive, entries=number + 1)


async def _put_statements(making: Making) -> Progress:
    """Add a file of statements, a line for each, exactly as they are kept."""
    number, place = _statements_before(making.archive.place)
    until = making.archive.until_position or 0
    hidden = await _hidden(making)
    packing, done = Packing(), 0
    is_over = False
    while packing.size < making.most and not is_over:
        found = await find_statements_of(
            making.connection, making.name.store, making.keys, (place, until), hidden
        )
        seen = {each.place.id: each.payload for each in found if each.payload is not None}
        await note_statements(making.connection, making.name, [*seen])
        lines = b"".join(text.translate(_ONE_LINE) + b"\n" for text in seen.values())
        await asyncio.to_thread(packing.add, lines)
        done += len(seen)
        is_over = not found
        place = place if is_over else found[-1].place
    if done:
        await making.add(f"statements/statements-{number:05}.ndjson", packing)
    return Progress(None if is_over else json.dumps([number + 1, *map(str, place)]), done)


def _statements_before(place: str | None) -> tuple[int, Place]:
    if place is None:
        return 1, BEGINNING
    number, position, identifier = json.loads(place)
    return number, Place(int(position), UUID(identifier))


async def _hidden(making: Making) -> frozenset[UUID]:
    """Return whom a statement must not name to be seen by who has ordered the archive."""
    if making.archive.order.sees_frozen:
        return frozenset()
    return await frozen_of(making.connection, making.name.store)


async def _put_attachments(making: Making) -> Progress:
    """Add data of an attachment as they are, or some more of those that the step before began."""
    store = making.name.store
    data = msgspec.json.decode(making.archive.place or "[]", type=_Data)
    if data.entry is None:
        sha2 = await next_attachment(making.connection, store, making.name.id, data.sha2)
        if sha2 is None:
            return Progress(None, 0)
        data = _Data(sha2, await making.begin(f"attachments/{sha2}"))
    found: dict[int, bytes] = {}
    for number in range(data.piece, data.piece + _PIECES):
        content = await read_piece(making.connection, store, data.sha2, number)
        if content is None:
            break
        found[number] = content
        data.size += len(content)
        data.crc = zlib.crc32(content, data.crc)
    entry = ZipEntry("", Method.AS_IS, data.size, data.size, data.crc)
    await grow_entry(making.connection, making.name, data.entry or 0, entry, found)
    is_whole = len(found) < _PIECES
    following = _Data(data.sha2) if is_whole else _following(data)
    return Progress(msgspec.json.encode(following).decode(), int(is_whole))


def _following(data: _Data) -> _Data:
    return msgspec.structs.replace(data, piece=data.piece + _PIECES)


async def _put_documents(making: Making) -> Progress:
    """Add some documents, and a file that tells what each is."""
    after, number = json.loads(making.archive.place or f'["{UUID(int=0)}", 0]')
    found = await find_documents_of(making.connection, making.name.store, making.keys, UUID(after))
    if not found:
        return Progress(None, 0)
    files = {f"documents/{number + place:06}": each for place, each in enumerate(found, 1)}
    for file, document in files.items():
        packing = Packing()
        packing.add(document.content)
        await making.add(file, packing)
    index = [_told(file, document) for file, document in files.items()]
    written = json.dumps(index, ensure_ascii=False, indent=_INDENTED)
    await making.add_text(f"documents/index-{number + 1:06}.json", written)
    return Progress(json.dumps([str(found[-1].key), number + len(found)]), len(found))


def _told(file: str, document: FoundDocument) -> Mapping[str, object]:
    return {
        "file": file,
        "kind": document.kind,
        "id": document.id,
        "activity": document.activity,
        "registration": document.registration and str(document.registration),
        "contentType": document.content_type,
        "updated": document.updated.isoformat(),
    }


async def _put_recipients(making: Making) -> Progress:
    """Add a file of who used a right on what is kept of the person, from the audit log."""
    store = making.name.store
    after, number = json.loads(making.archive.place or "[0, 1]")
    end = (await find_head(making.connection, store)).number
    targets = await names_in_log(making.connection, store, making.archive.order.person, making.keys)
    found: list[Reading] = []
    for _ in range(_LOOKS):
        if after >= end or len(found) >= _READINGS:
            break
        found += await find_readings(making.connection, store, targets, after)
        after += RECORDS
    if found:
        await making.add_text(f"recipients/recipients-{number:05}.ndjson", _lines(found))
        number += 1
    return Progress(None if after >= end else json.dumps([after, number]), len(found))


def _lines(found: Sequence[Reading]) -> str:
    told = (
        {
            "at": each.at.isoformat(),
            "action": each.action,
            "whoKind": each.who_kind,
            "who": each.who,
            "name": each.name,
        }
        for each in found
    )
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in told)


async def _put_report(making: Making) -> Progress:
    """Add the record of the person, the page to be read, and a word on each file."""
    connection, store, archive = making.connection, making.name.store, making.archive
    language, until = archive.order.language, archive.until_position or 0
    record = await read_record(connection, store, archive.order.person, making.keys)
    written = json.dumps(record, ensure_ascii=False, indent=_INDENTED)
    await making.add_text("person.json", written)
    told = Told(
        record=record,
        courses=await read_courses(connection, store, making.keys, until),
        deeds=await read_newest(connection, store, making.keys, until),
        made=archive.ordered,
        counts={name: archive.counts.get(name, 0) for name in _COUNTED},
    )
    await making.add_text("report.html", report(told, language))
    await making.add_text("README.txt", readme(language, archive.ordered))
    return Progress(None, 0)


_COUNTED: Final = (Stage.STATEMENTS, Stage.ATTACHMENTS, Stage.DOCUMENTS, Stage.RECIPIENTS)
STEPS: Final[Mapping[Stage, Callable[[Making], Awaitable[Progress]]]] = MappingProxyType(
    {
        Stage.STATEMENTS: _put_statements,
        Stage.ATTACHMENTS: _put_attachments,
        Stage.DOCUMENTS: _put_documents,
        Stage.RECIPIENTS: _put_recipients,
        Stage.REPORT: _put_report,
    }
)
