"""What an erasure changes in statements and documents, worked out before others have to wait."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from lrs.people.erasures import Mode, Subject
from lrs.storage.engines import Connection
from lrs.storage.erasure_places import KeptDocument, change_document, delete_document_at
from lrs.storage.erasure_statements import Facts, find_facts, find_shared
from lrs.storage.statement_changes import delete_statements, hold_alone, rewrite_statements
from lrs.storage.statements import find_statements
from lrs.xapi.attachment_data import Brought
from lrs.xapi.json_places import NoJsonError
from lrs.xapi.records import KeptStatement, StatementRecord
from lrs.xapi.replacing import Replacing, replace_in_document, replace_in_json, replace_in_text
from lrs.xapi.rewriting import UnreadableError, rederived


@dataclass(frozen=True, slots=True)
class StatementChanges:
    """What becomes of some statements.

    Attributes:
        gone: those that are deleted.
        unreadable: those that are deleted because they are no statements without the person.
        records: those that say something else.
        own: which of them the person did.
    """

    gone: list[UUID] = field(default_factory=list)
    unreadable: list[UUID] = field(default_factory=list)
    records: list[StatementRecord] = field(default_factory=list)
    own: set[UUID] = field(default_factory=set)


def changes_of_statements(
    kept: Collection[KeptStatement], facts: Mapping[UUID, Facts], subject: Subject, mode: Mode
) -> StatementChanges:
    """Work out what becomes of statements; those that do not name the person stay as they are."""
    keys, replacing, changes = frozenset(subject.keys), subject.replacing, StatementChanges()
    for each in kept:
        whose = facts[each.id]
        is_own = whose.actor in keys
        # What a statement voids would come back without it.
        if is_own and mode is Mode.ERASE and not whose.voiding:
            changes.gone.append(each.id)
            continue
        text = replace_in_json(each.payload, replacing)
        if text is each.payload and not is_own:
            continue
        try:
            record = rederived(text)
        except UnreadableError:
            changes.unreadable.append(each.id)
            continue
        if not keys.isdisjoint(record.mentions.ifis):
            changes.unreadable.append(each.id)
            continue
        changes.records.append(record)
        if is_own:
            changes.own.add(each.id)
    return changes


async def change_statements(
    connection: Connection,
    store: int,
    before: Sequence[KeptStatement],
    changes: StatementChanges,
    keys: Sequence[UUID],
) -> dict[str, int]:
    """Change statements, while nobody else writes any, and return how many were changed.

    Args:
        connection: within a writing transaction.
        store: the store they are in.
        before: as they were when the changes were worked out.
        changes: what becomes of them.
        keys: of the identifiers of the person.
    """
    await hold_alone(connection, store)
    texts = {each.id: each.payload for each in before}
    there = await find_statements(connection, store, [*texts])
    same = {each.id for each in there.values() if each.payload == texts[each.id]}
    records = [each for each in changes.records if each.id in same]
    records = await _without_own_data(connection, store, records, changes.own, keys)
    gone = [each for each in changes.gone if each in same]
    unreadable = [each for each in changes.unreadable if each in same]
    await rewrite_statements(connection, store, records)
    deleted = await delete_statements(connection, store, [*gone, *unreadable])
    return {
        "statements_deleted": deleted - len(unreadable),
        "statements_changed": len(records),
        "statements_unreadable": len(unreadable),
    }


async def _without_own_data(
    connection: Connection,
    store: int,
    records: Sequence[StatementRecord],
    own: Collection[UUID],
    keys: Sequence[UUID],
) -> list[StatementRecord]:
    """Take from what the person did the attachments that nobody else's statement has."""
    brought = {each.sha2 for one in records if one.id in own for each in one.brought.data}
    if not brought:
        return list(records)
    shared = await find_shared(connection, store, brought, keys)
    return [_sharing(each, shared) if each.id in own else each for each in records]


def _sharing(record: StatementRecord, shared: Collection[str]) -> StatementRecord:
    data = [each for each in record.brought.data if each.sha2 in shared]
    return msgspec.structs.replace(record, brought=Brought(data))


async def statements_of(
    connection: Connection, store: int, ids: Sequence[UUID]
) -> tuple[list[KeptStatement], dict[UUID, Facts]]:
    """Return statements and whose they are; what is deleted meanwhile is left out."""
    kept = await find_statements(connection, store, ids)
    facts = await find_facts(connection, store, ids)
    return [each for each in kept.values() if each.id in facts], facts


def changed_content(kept: KeptDocument, replacing: Replacing) -> bytes | None:
    """Return a document without the person; None if it can only be deleted.

    That is where its id names the person, or where it is no text.
    """
    if replace_in_text(kept.name, replacing) != kept.name:
        return None
    content = kept.document.content
    try:
        return replace_in_document(content, replacing)
    except NoJsonError:
        pass
    try:
        text = content.decode()
    except UnicodeDecodeError:
        # Each byte is a letter: addresses and most names are found all the same.
        text = content.decode("latin-1")
        return content if replace_in_text(text, replacing) == text else None
    changed = replace_in_text(text, replacing)
    return content if changed == text else changed.encode()


async def change_documents(
    connection: Connection, store: int, documents: Sequence[KeptDocument], subject: Subject
) -> dict[str, int]:
    """Change documents that name the person, and return how many were changed."""
    replacing, done = subject.replacing, {"documents_changed": 0, "documents_deleted": 0}
    for each in documents:
        content = changed_content(each, replacing)
        if content is None:
            await delete_document_at(connection, store, each.key)
            done["documents_deleted"] += 1
        elif content != each.document.content:
            await change_document(connection, store, each, content)
            done["documents_changed"] += 1
    return done
