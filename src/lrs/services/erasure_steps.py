"""The steps of an erasure: each a transaction, after which a killed process can go on.

All of them can be repeated without harm. The first makes the tombstones, so that from then on
nothing about the person comes in; the rest takes out what is there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from uuid import UUID

from lrs.people.erasures import Subject
from lrs.services.erasure_changes import (
    change_documents,
    change_statements,
    changes_of_statements,
    statements_of,
)
from lrs.storage.attachments import drop_all_unlinked
from lrs.storage.engines import Connection
from lrs.storage.erasure_access import erase_access
from lrs.storage.erasure_ledger import Ledger, LedgerEntry, LedgerIdentifier
from lrs.storage.erasure_people import erase_archives, erase_person_rows
from lrs.storage.erasure_places import (
    FIRST,
    Word,
    delete_agent_names,
    delete_agents,
    delete_own_documents,
    delete_words,
    describe_word,
    find_agent_names,
    find_words,
    hold_documents,
    next_documents,
)
from lrs.storage.erasure_statements import find_naming, find_saying
from lrs.storage.erasures import Erasure, now
from lrs.storage.statement_changes import hold_alone
from lrs.storage.tombstones import insert_tombstones
from lrs.xapi.replacing import replace_in_json, replace_in_text

# Of everything that one transaction changes, and of texts that it looks through.
MOST: Final = 200
_TEXTS_AT_ONCE: Final = 5_000
_LAST_ID: Final = UUID(int=2**128 - 1)
# How often all is looked through; what comes in meanwhile is looked at by the second pass.
_PASSES: Final = 2
_MOST_PASSES: Final = 10


class Outcome(NamedTuple):
    """What a step has done.

    Attributes:
        place: where it goes on; None if it is over.
        done: what was changed, by kinds.
    """

    place: str | None = None
    done: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Work:
    """What a step works on.

    Attributes:
        connection: within a writing transaction.
        until: the position of a watermark that was taken before it.
        most: how many statements or documents are changed at once.
    """

    connection: Connection
    erasure: Erasure
    subject: Subject
    until: int
    most: int = MOST

    @property
    def store(self) -> int:
        """The store that the person is erased from."""
        return self.erasure.store


_Step = Callable[[Work], Awaitable[Outcome]]


async def bury(work: Work, server_key: bytes, ledger: Ledger, store_name: str) -> Outcome:
    """Make the tombstones; the ledger knows of them before anybody else does."""
    connection, erasure = work.connection, work.erasure
    await hold_documents(connection, work.store)
    await hold_alone(connection, work.store)
    made = work.subject.tombstones(server_key, erasure.on_return)
    await insert_tombstones(connection, work.store, erasure.id, made)
    entry = LedgerEntry(
        at=await now(connection),
        store=store_name,
        erasure=erasure.id,
        mode=erasure.mode.value,
        on_return=erasure.on_return.value,
        identifiers=tuple(
            LedgerIdentifier(each.mac.hex(), each.replacement.value) for each in made
        ),
        nobody=work.subject.nobody,
    )
    await asyncio.to_thread(ledger.append, entry)
    return Outcome(done={"identifiers": len(work.subject.identifiers)})


async def _statements(work: Work) -> Outcome:
    """Change the next statements that name one of the identifiers."""
    ids = await find_naming(work.connection, work.store, work.subject.keys, work.most)
    done = await _change(work, ids) if ids else {}
    # What cannot be changed would be found for ever.
    return Outcome("more" if any(done.values()) else None, done)


async def _texts(work: Work) -> Outcome:
    """Look through the next texts, and change those that name the person."""
    place = work.erasure.place
    if place is None and (scanned := work.erasure.done.get("_scanned")) is not None:
        place = f"{scanned}/{_LAST_ID}"
    look = await find_saying(
        work.connection,
        work.store,
        work.subject.patterns,
        place,
        work.until,
        min(_TEXTS_AT_ONCE, work.most * 25),
    )
    done = dict(await _change(work, look.ids)) if look.ids else {}
    if look.place is None:
        reached = max(work.until, work.erasure.done.get("_scanned", work.until))
        done["_scanned"] = reached - work.erasure.done.get("_scanned", 0)
    return Outcome(look.place, done)


async def _change(work: Work, ids: Sequence[UUID]) -> Mapping[str, int]:
    kept, facts = await statements_of(work.connection, work.store, ids)
    # Many take a while to read; requests are not to wait for that.
    changes = await asyncio.to_thread(
        changes_of_statements, kept, facts, work.subject, work.erasure.mode
    )
    if not (changes.gone or changes.unreadable or changes.records):
        return {}
    return await change_statements(work.connection, work.store, kept, changes, work.subject.keys)


async def _documents(work: Work) -> Outcome:
    """Delete the next states and profiles of the person."""
    count = await delete_own_documents(work.connection, work.store, work.subject.keys, work.most)
    return Outcome("more" if count else None, {"documents_deleted": count})


async def _contents(work: Work) -> Outcome:
    """Change the next documents of others that name the person."""
    after = FIRST if work.erasure.place is None else UUID(work.erasure.place)
    documents = await next_documents(work.connection, work.store, after, work.most)
    done = await change_documents(work.connection, work.store, documents, work.subject)
    return Outcome(str(documents[-1].key) if documents else None, done)


async def _attachments(work: Work) -> Outcome:
    """Drop the next data that no statement has any more."""
    await hold_alone(work.connection, work.store)
    count = await drop_all_unlinked(work.connection, work.store, work.most)
    return Outcome("more" if count else None)


async def _words(work: Work) -> Outcome:
    """Take the person out of what is known of agents, verbs and activities."""
    connection, store, subject = work.connection, work.store, work.subject
    count = await delete_agents(connection, store, subject.keys)
    names = [
        (agent, digest)
        for agent, digest, name in await find_agent_names(connection, store, subject.patterns)
        if subject.texts.replaced(name, in_name_of_another=True) != name
    ]
    await delete_agent_names(connection, store, names)
    words = await find_words(connection, store, subject.patterns)
    changed = await asyncio.to_thread(_changed_words, words, subject)
    for word, description in changed:
        if description is None:
            await delete_words(connection, store, word.table, [word.key])
        else:
            await describe_word(connection, store, word, description)
    return Outcome(done={"dictionary_entries": count + len(names) + len(changed)})


def _changed_words(words: Sequence[Word], subject: Subject) -> list[tuple[Word, bytes | None]]:
    """Return verbs and activities that name the person; those whose IRI does have to go."""
    replacing, found = subject.replacing, list[tuple[Word, bytes | None]]()
    for word in words:
        said = word.description
        if replace_in_text(word.iri, replacing) != word.iri:
            found.append((word, None))
        elif said is not None and (after := replace_in_json(said, replacing)) is not said:
            found.append((word, after))
    return found


async def _people(work: Work) -> Outcome:
    count = await erase_person_rows(work.connection, work.store, work.subject, work.erasure.mode)
    return Outcome(done={"persons": count})


async def _access(work: Work) -> Outcome:
    done = await erase_access(work.connection, work.store, work.subject)
    if work.erasure.done.get("_passes"):
        done.pop("accounts_left")  # they are counted already
    return Outcome(done=done)


async def _archives(work: Work) -> Outcome:
    count = await erase_archives(work.connection, work.store, work.subject)
    return Outcome(done={"archives": count})


BURY: Final = "tombstones"
FINISH: Final = "certificate"
# In their order.
STEPS: Final[Mapping[str, _Step]] = {
    "statements": _statements,
    "texts": _texts,
    "documents": _documents,
    "contents": _contents,
    "attachments": _attachments,
    "dictionaries": _words,
    "people": _people,
    "access": _access,
    "archives": _archives,
}
_ORDER: Final = (BURY, *STEPS)


def after(step: str) -> str | None:
    """Return the step after one; None if a pass is over."""
    number = _ORDER.index(step) + 1
    return _ORDER[number] if number < len(_ORDER) else None


async def next_step(work: Work) -> str:
    """Tell what comes after a pass: another one, unless nothing is left and all was seen twice."""
    passes = work.erasure.done.get("_passes", 0)
    if passes < _PASSES:
        return "statements"
    left = await find_naming(work.connection, work.store, work.subject.keys, 1)
    return "statements" if left and passes < _MOST_PASSES else FINISH


def added(erasure: Erasure, done: Mapping[str, int]) -> Erasure:
    """Return an erasure of which more was done."""
    counts = dict(erasure.done)
    for name, count in done.items():
        counts[name] = counts.get(name, 0) + count
    return replace(erasure, done=counts)
