"""The diary in which a story becomes statements."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple, Protocol
from uuid import UUID, uuid5

from lrs.cli.demo.statements import Setting
from lrs.cli.demo.systems import System
from lrs.cli.demo.vocabulary import Json, Verb

_IDS = UUID("6f1c8f0a-5b0e-4d54-9b8e-2f6f0f3d7c11")


class Author(Protocol):
    """Whoever acts in a statement: a person, a team, an administrator."""

    @property
    def language(self) -> str:
        """The language in which the systems speak to them."""
        ...

    def identity(self, system: System) -> Json:
        """Return the Agent or Group that they are in one system."""
        ...


class Entry(NamedTuple):
    """A statement and the system that sends it."""

    system: System
    moment: datetime
    statement: Json

    @property
    def id(self) -> str:
        """The id of the statement."""
        return str(self.statement["id"])


@dataclass(slots=True)
class Diary:
    """What somebody does, in order; the diary keeps the clock.

    Attributes:
        author: who writes.
        rng: the chance that the author's story hangs on.
        now: the moment of the next entry, in the time of the office.
        entries: what has been written, shared with those who join in.
    """

    author: Author
    rng: Random
    now: datetime
    entries: list[Entry] = field(default_factory=list)

    def spend(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(milliseconds=round(seconds * 1000))

    def pause(self, shortest: float, longest: float) -> float:
        """Let a random time go by and return its seconds."""
        seconds = round(self.rng.uniform(shortest, longest), 2)
        self.spend(seconds)
        return seconds

    def write(
        self,
        system: System,
        verb: Verb,
        target: Json,
        setting: Setting,
        result: Mapping[str, object] | None = None,
    ) -> str:
        """Write one statement at the present moment and return its id."""
        about_activity = target.get("objectType") == "Activity"
        content: Json = {
            "actor": self.author.identity(system),
            "verb": verb.as_json(),
            "object": target,
            **({"result": result} if result else {}),
            "context": setting.context(
                system.platform if about_activity else None, self.author.language
            ),
            "timestamp": _timestamp(self.now, local=system.local_time),
        }
        entry = Entry(system, self.now, _identified(content))
        self.entries.append(entry)
        self.pause(0.4, 2.5)
        return entry.id

    def beside(self, author: Author, later: timedelta = timedelta()) -> "Diary":
        """Return the diary of somebody who joins in, now or later."""
        return Diary(author, self.rng, self.now + later, self.entries)


def _identified(content: Json) -> Json:
    """Put an id in front that follows from the content.

    So two runs, however they were asked for, can repeat a statement but never contradict it.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return {"id": str(uuid5(_IDS, text)), **content}


def _timestamp(moment: datetime, *, local: bool) -> str:
    if local:
        return moment.isoformat(timespec="milliseconds")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
