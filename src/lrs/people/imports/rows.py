"""From the cells of a row to what it says of a person."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter, ValidationError

from lrs.people.identifiers import account
from lrs.people.imports.cells import BadCellError, read_boolean, read_day, read_end, read_text
from lrs.people.imports.cells import read_value as value_of
from lrs.people.imports.columns import Column, Definitions, Meaning
from lrs.people.imports.csv_lists import RawRow
from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.listed import ListedRow, Told
from lrs.people.validities import OPEN_AFTER, OPEN_BEFORE
from lrs.xapi.actors import Agent
from lrs.xapi.keys import Ifi

_agent = TypeAdapter(Agent)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_LANGUAGES: Final = MappingProxyType(
    {"deutsch": "de", "german": "de", "englisch": "en", "english": "en"}
)
_MAILTO: Final = "mailto:"
# Between the teams of somebody who is in several.
_BETWEEN_TEAMS: Final = "|"


@dataclass(slots=True)
class _Draft:
    """What the cells of a row have said so far."""

    texts: dict[Meaning, str] = field(default_factory=dict)
    identifiers: list[Ifi] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    teams: list[str] = field(default_factory=list)
    active: bool | None = None
    since: date = OPEN_BEFORE
    until: date = OPEN_AFTER


class RowReader:
    """Reads the rows of one list.

    Args:
        definitions: where those of the attributes that the list brings are found and noted.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def read(self, number: int, cells: Iterable[tuple[Column, str]]) -> ListedRow | Finding:
        """Return what a row says, or why it is refused.

        Args:
            number: of the row.
            cells: with their columns; those that hold nothing say nothing.
        """
        draft = _Draft()
        for column, cell in cells:
            if not cell or cell.isspace():
                continue
            try:
                self._take(draft, column, read_text(cell))
            except BadCellError as error:
                return refused(number, str(error), column, _key_of(draft))
        return _row(number, draft)

    def _take(self, draft: _Draft, column: Column, text: str) -> None:
        take = _TAKERS.get(column.meaning)
        if take is not None:
            take(draft, text)
        elif column.meaning is Meaning.ACCOUNT:
            draft.identifiers.append(account(column.name, text))
        elif column.meaning is Meaning.ATTRIBUTE:
            definition = self._definitions.of(column.name, column.header)
            draft.values[column.name] = value_of(text, definition)
        else:
            if column.meaning in (Meaning.PERSONNEL_NUMBER, Meaning.MANAGER):
                self._definitions.of(column.meaning, column.header)
            draft.texts[column.meaning] = text


def listed_rows(
    columns: Sequence[Column | None], rows: Iterable[RawRow], reader: RowReader
) -> Iterator[ListedRow | Finding]:
    """Give what the rows of a CSV say, or why they are refused."""
    for row in rows:
        if len(row.cells) != len(columns):
            yield refused(
                row.number, f"has {len(row.cells)} cells where the header has {len(columns)}"
            )
            continue
        cells = zip(columns, row.cells, strict=True)
        yield reader.read(row.number, [(column, cell) for column, cell in cells if column])


def read_mail(text: str) -> Ifi:
    """Return the identifier of a mail address, with or without `mailto:`, in canonical form.

    Raises:
        BadCellError: it is none.
    """
    address = text[len(_MAILTO) :] if text.lower().startswith(_MAILTO) else text
    return _identifier("mbox", _MAILTO + address, f"{text!r} is no mail address")


def _identifier(name: str, value: str, otherwise: str) -> Ifi:
    try:
        found = _agent.validate_python({name: value}).ifi
    except ValidationError as error:
        raise BadCellError(otherwise) from error
    if found is None:
        raise BadCellError(otherwise)
    return found


def _take_mail(draft: _Draft, text: str) -> None:
    mbox = read_mail(text)
    draft.texts.setdefault(Meaning.MAIL, mbox.value)
    draft.identifiers.append(mbox)


def _take_openid(draft: _Draft, text: str) -> None:
    draft.identifiers.append(_identifier("openid", text, f"{text!r} is no URI"))


def _take_sha1(draft: _Draft, text: str) -> None:
    otherwise = f"{text!r} is no SHA-1: 40 hexadecimal digits"
    draft.identifiers.append(_identifier("mbox_sha1sum", text, otherwise))


def _take_team(draft: _Draft, text: str) -> None:
    names = [name.strip() for name in text.split(_BETWEEN_TEAMS)]
    draft.teams = [*draft.teams, *filter(None, names)]


def _take_active(draft: _Draft, text: str) -> None:
    draft.active = read_boolean(text)


def _take_since(draft: _Draft, text: str) -> None:
    draft.since = read_day(text)


def _take_until(draft: _Draft, text: str) -> None:
    draft.until = read_end(text)


def _take_language(draft: _Draft, text: str) -> None:
    tag = _LANGUAGES.get(text.casefold(), text)
    if not _LANGUAGE.fullmatch(tag):
        raise BadCellError(f"{text!r} is no language tag, such as de or en-GB")
    primary, separator, rest = tag.partition("-")
    draft.texts[Meaning.LANGUAGE] = primary.lower() + separator + rest


_TAKERS: Mapping[Meaning, Callable[[_Draft, str], None]] = MappingProxyType(
    {
        Meaning.MAIL: _take_mail,
        Meaning.OPENID: _take_openid,
        Meaning.MBOX_SHA1SUM: _take_sha1,
        Meaning.TEAM: _take_team,
        Meaning.ACTIVE: _take_active,
        Meaning.VALID_FROM: _take_since,
        Meaning.VALID_UNTIL: _take_until,
        Meaning.LANGUAGE: _take_language,
    }
)


def _row(number: int, draft: _Draft) -> ListedRow | Finding:
    texts, key = draft.texts, _key_of(draft)
    if key is None:
        return refused(number, "has neither a personnel number nor a mail address")
    if draft.since >= draft.until:
        return refused(number, "is valid until before it is valid from", None, key)
    personnel_number = texts.get(Meaning.PERSONNEL_NUMBER)
    values = draft.values
    if personnel_number is not None:
        values = values | {Meaning.PERSONNEL_NUMBER.value: personnel_number}
    return ListedRow(
        number,
        key,
        personnel_number,
        Told(_name_of(texts), texts.get(Meaning.LOGIN), texts.get(Meaning.LANGUAGE), draft.active),
        tuple(dict.fromkeys(draft.identifiers)),
        draft.since,
        draft.until,
        values,
        _distinct(draft.teams),
        texts.get(Meaning.MANAGER),
    )


def _key_of(draft: _Draft) -> str | None:
    return draft.texts.get(Meaning.PERSONNEL_NUMBER) or draft.texts.get(Meaning.MAIL)


def _name_of(texts: Mapping[Meaning, str]) -> str | None:
    if Meaning.NAME in texts:
        return texts[Meaning.NAME]
    parts = (texts.get(Meaning.GIVEN_NAME), texts.get(Meaning.FAMILY_NAME))
    return " ".join(filter(None, parts)) or None


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of teams, each once, whatever its case."""
    return tuple({name.lower(): name for name in names}.values())


def refused(number: int, why: str, column: Column | None = None, key: str | None = None) -> Finding:
    """Say that a row is refused."""
    return Finding(FindingKind.REFUSED, number, why, key, column.header if column else None)


@lru_cache(maxsize=10_000)
def key_of_managers(text: str) -> str:
    """Return the key of another row by which a manager is named: a mail address is canonical."""
    if "@" not in text:
        return text
    try:
        return read_mail(text).value
    except BadCellError:
        return text
