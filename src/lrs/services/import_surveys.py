"""The survey of a list: all that has to be known of the whole before any of it is taken.

Rows of one person may lie far apart, two may claim one identifier, and a manager may stand
anywhere. So the list is sorted, in temporary files: what is held in memory is some dozen bytes for
each person.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from lrs.people.imports.chains import ELSEWHERE, Chains, Leading
from lrs.people.imports.findings import Counts, Finding
from lrs.people.imports.listed import Listed, ListedPerson, ListedRow
from lrs.people.imports.persons import MOST_ROWS, assembled
from lrs.people.imports.rows import key_of_managers
from lrs.services.sorted_lines import SortedLines

_NO_CLASH: Final = -1
# Lines are sorted by their bytes, so numbers in them have this many digits.
_DIGITS: Final = 12
_encode = msgspec.json.Encoder().encode
_row = msgspec.json.Decoder(tuple[str, str, ListedRow])
_person = msgspec.json.Decoder(tuple[str, ListedPerson])
_claim = msgspec.json.Decoder(tuple[str, str, str, int])
_link = msgspec.json.Decoder(tuple[str, int, int, str, Listed | None])
_leading = msgspec.json.Decoder(tuple[str, Leading])
Tell = Callable[[Finding], None]


class Numbered(NamedTuple):
    """A person of a list.

    Attributes:
        number: among all of them, from 0 on.
        clash: the row that claims an identifier of theirs before them; negative if none does.
    """

    number: int
    listed: ListedPerson
    clash: int

    @property
    def has_clash(self) -> bool:
        """Whether another row claims an identifier of theirs."""
        return self.clash != _NO_CLASH


class Survey:
    """A list that was read, sorted and looked through; to be closed after use.

    Attributes:
        people: how many persons it tells of, without those whose rows were refused.
        led: how often it says by whom somebody is led.
    """

    def __init__(self, as_of: date, counts: Counts, tell: Tell) -> None:
        """Make it; `tell` is told of what is refused."""
        self.people = self.led = 0
        self._as_of = as_of
        self._counts = counts
        self._tell = tell
        self._stack = ExitStack()
        self._persons = self._stack.enter_context(SortedLines())
        self._leadings = self._stack.enter_context(SortedLines())
        self._clashes = array("q")
        self._cyclic: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def read(self, rows: Iterable[ListedRow | Finding]) -> None:
        """Read a list to its end.

        Raises:
            InvalidRequestError: it is none, or not from some place on.
        """
        with SortedLines() as by_key:
            for row in rows:
                if isinstance(row, Finding):
                    self._refuse(row)
                else:
                    by_key.add(_encode((row.key, _padded(row.number), row)))
            with SortedLines() as claims, SortedLines() as links:
                self._assemble(by_key, claims, links)
                self._find_clashes(claims)
                self._link(links)
        self._find_rings()

    def batches(self, size: int) -> Iterator[list[Numbered]]:
        """Give the persons, so many at a time, by their keys."""
        persons = (_person.decode(line)[1] for line in self._persons)
        numbered = (
            Numbered(number, person, self._clashes[number]) for number, person in enumerate(persons)
        )
        return _batched(numbered, size)

    def leadings(self, size: int) -> Iterator[list[tuple[Leading, str]]]:
        """Give who is led by whom, so many at a time, those of one person always together.

        Each comes with the keys of the ring that it would close; empty if there is none.
        """
        told = (
            (_leading.decode(line)[1], self._cyclic.get(number, ""))
            for number, line in enumerate(self._leadings)
        )
        batch: list[tuple[Leading, str]] = []
        for each in told:
            if len(batch) >= size and each[0].person != batch[-1][0].person:
                yield batch
                batch = []
            batch.append(each)
        if batch:
            yield batch

    def _refuse(self, finding: Finding) -> None:
        if finding.row:
            self._counts.rows += 1
            self._counts.refused += 1
        self._tell(finding)

    def _assemble(self, by_key: SortedLines, claims: SortedLines, links: SortedLines) -> None:
        for _, lines in groupby(map(_row.decode, by_key), itemgetter(0)):
            rows = [row for _, _, row in islice(lines, MOST_ROWS + 1)]
            rows_left = sum(1 for _ in lines)
            person, findings = assembled(rows, self._as_of)
            numbers = {row.number for row in rows}
            self._counts.rows += len(numbers) + rows_left
            self._counts.refused += len(findings) if person else len(numbers) + rows_left
            for finding in findings:
                self._tell(finding)
            if person is not None:
                self._keep(person, claims, links)

    def _keep(self, person: ListedPerson, claims: SortedLines, links: SortedLines) -> None:
        number = self.people
        self.people += 1
        self._clashes.append(_NO_CLASH)
        self._persons.add(_encode((_padded(number), person)))
        row = _padded(person.row)
        for ifi in person.identifiers:
            claims.add(_encode((*ifi, row, number)))
        if person.told.user_name is not None:
            claims.add(_encode(("login", person.told.user_name.casefold(), row, number)))
        names = {ifi.value for ifi in person.identifiers if ifi.type == "mbox"}
        for name in names | {person.key}:
            links.add(_encode((name, 0, number, person.key, None)))
        for told in person.managers:
            links.add(_encode((key_of_managers(told.value), 1, number, person.key, told)))

    def _find_clashes(self, claims: SortedLines) -> None:
        """Find who claims what a row before them claims, too."""
        for _, group in groupby(map(_claim.decode, claims), itemgetter(0, 1)):
            self._note_clashes(group)

    def _note_clashes(self, claims: Iterator[tuple[str, str, str, int]]) -> None:
        _, _, row, _ = next(claims)
        for _, _, _, number in claims:
            self._clashes[number] = int(row)

    def _link(self, links: SortedLines) -> None:
        """Find the managers among the persons of the list."""
        for _, group in groupby(map(_link.decode, links), itemgetter(0)):
            manager = ELSEWHERE
            for _, _, number, key, told in group:
                if told is None:
                    manager = number
                else:
                    leading = Leading(number, key, told, manager)
                    self.led += 1
                    self._leadings.add(_encode((f"{_padded(number)} {told.since}", leading)))

    def _find_rings(self) -> None:
        chains = Chains(self.people)
        for line in self._leadings:
            chains.add(_leading.decode(line)[1])
        rings = chains.cyclic()
        wanted = {person for ring in rings.values() for person in ring}
        told = (_leading.decode(line)[1] for line in self._leadings) if wanted else ()
        keys = {each.person: each.key for each in told if each.person in wanted}
        self._cyclic = {
            number: " -> ".join(keys[person] for person in ring) for number, ring in rings.items()
        }


def _padded(number: int) -> str:
    return f"{number:0{_DIGITS}}"


def _batched(items: Iterable[Numbered], size: int) -> Iterator[list[Numbered]]:
    rest = iter(items)
    while batch := [*islice(rest, size)]:
        yield batch
