"""Counts where a person occurs, before anybody confirms that the person is to be erased."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from lrs.people.erasures import Mode, Subject
from lrs.people.occurrences import occurrences
from lrs.services.erasure_changes import changed_content, statements_of
from lrs.services.erasure_steps import Work
from lrs.storage.erasure_counts import count_access, count_own_data
from lrs.storage.erasure_places import FIRST, count_own_documents, next_documents
from lrs.storage.erasure_statements import Facts, find_saying
from lrs.storage.erasure_subjects import count_namesakes
from lrs.xapi.records import KeptStatement

# Ids of statements that are named as examples of each place.
_MOST_EXAMPLES: Final = 5
_STATEMENTS_AT_ONCE: Final = 500
_DOCUMENTS: Final = "documents/"


class Counted(NamedTuple):
    """What was counted so far; without a place to go on it is all."""

    found: dict[str, Any]
    place: str | None


async def count_on(work: Work) -> Counted:
    """Count in the next statements or documents, or all the rest."""
    found: dict[str, Any] = dict(work.erasure.found or {})
    place = work.erasure.place
    if place is None or not place.startswith(_DOCUMENTS):
        return await _statements(work, found, place)
    return await _documents(work, found, UUID(place.removeprefix(_DOCUMENTS)))


async def _statements(work: Work, found: dict[str, Any], place: str | None) -> Counted:
    subject, store = work.subject, work.store
    look = await find_saying(
        work.connection, store, subject.patterns, place, work.until, work.most * 5
    )
    if look.place is None:
        found.setdefault("statements", {})
        return Counted(found, f"{_DOCUMENTS}{FIRST}")
    for start in range(0, len(look.ids), _STATEMENTS_AT_ONCE):
        kept, facts = await statements_of(
            work.connection, store, look.ids[start : start + _STATEMENTS_AT_ONCE]
        )
        await asyncio.to_thread(_count, found, kept, facts, work)
    return Counted(found, look.place)


def _count(
    found: dict[str, Any],
    kept: Sequence[KeptStatement],
    facts: Mapping[UUID, Facts],
    work: Work,
) -> None:
    """Add to what was found in statements."""
    keys, replacing = frozenset(work.subject.keys), work.subject.replacing
    counts = Counter(found.get("statements", {}))
    examples = {name: list(ids) for name, ids in found.get("examples", {}).items()}
    for each in kept:
        places = occurrences(each.payload, replacing)
        if not places:
            continue
        counts["all"] += 1
        is_own = facts[each.id].actor in keys and not facts[each.id].voiding
        is_gone = is_own and work.erasure.mode is Mode.ERASE
        counts["to_delete" if is_gone else "to_change"] += 1
        for place in places:
            counts[place.value] += 1
            named = examples.setdefault(place.value, [])
            if len(named) < _MOST_EXAMPLES:
                named.append(str(each.id))
    found |= {"statements": dict(counts), "examples": examples}


async def _documents(work: Work, found: dict[str, Any], last: UUID) -> Counted:
    documents = await next_documents(work.connection, work.store, last, work.most)
    counts = Counter(found.get("documents", {}))
    for each in documents:
        content = changed_content(each, work.subject.replacing)
        if content is None or content != each.document.content:
            counts["naming"] += 1
    found["documents"] = dict(counts)
    if documents:
        return Counted(found, f"{_DOCUMENTS}{documents[-1].key}")
    await _rest(work, found, work.subject)
    return Counted(found, None)


async def _rest(work: Work, found: dict[str, Any], subject: Subject) -> None:
    connection, store, keys = work.connection, work.store, subject.keys
    found["documents"]["own"] = await count_own_documents(connection, store, keys)
    found["attachments"] = await count_own_data(connection, store, keys)
    found["namesakes"] = await count_namesakes(connection, store, subject.names, keys)
    found["identifiers"] = len(subject.identifiers)
    found |= await count_access(connection, store, subject)
