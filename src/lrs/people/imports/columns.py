"""What the columns of a list mean: by their names in German and English, or as a mapping says."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from unicodedata import normalize

import msgspec

from lrs.errors import InvalidRequestError
from lrs.people.attributes import ATTRIBUTE_NAME, AttributeDefinition, AttributeType


class Meaning(StrEnum):
    """What a column holds."""

    PERSONNEL_NUMBER = "personnel_number"
    NAME = "name"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    MAIL = "mail"
    LOGIN = "login"
    LANGUAGE = "language"
    ACTIVE = "active"
    TEAM = "team"
    MANAGER = "manager"
    VALID_FROM = "valid_from"
    VALID_UNTIL = "valid_until"
    OPENID = "openid"
    MBOX_SHA1SUM = "mbox_sha1sum"
    # Of the home page that is the name of the column.
    ACCOUNT = "account"
    # With the name of the column.
    ATTRIBUTE = "attribute"


class Column(NamedTuple):
    """A column of a list.

    Attributes:
        name: the home page of accounts, or the name of an attribute; else empty.
        header: how the list calls it.
    """

    meaning: Meaning
    name: str
    header: str


class ListMapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a list's columns are, where their names do not tell.

    Attributes:
        columns: what each header means, as in `Meaning`, `account:<home page>`,
            `attribute:<name>`, or the name of a usual attribute; null has a column left out.
        types: of attributes that the store does not know yet; they are texts where this is silent.
    """

    columns: Mapping[str, str | None] = {}
    types: Mapping[str, AttributeType] = {}


# Attributes that lists have often, with their type and titles.
USUAL: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            AttributeDefinition(
                "personnel_number",
                AttributeType.TEXT,
                "Personalnummer",
                "Personnel number",
                is_sensitive=True,
            ),
            AttributeDefinition("department", AttributeType.TEXT, "Abteilung", "Department"),
            AttributeDefinition("role", AttributeType.TEXT, "Rolle", "Role"),
            AttributeDefinition("location", AttributeType.TEXT, "Standort", "Location"),
            AttributeDefinition("manager", AttributeType.PERSON, "Führungskraft", "Manager"),
            AttributeDefinition(
                "entry_date", AttributeType.DATE, "Eintritt", "Entry date", is_sensitive=True
            ),
        )
    }
)
_BY_HEADER: Final = {
    "personnelnumber employeenumber employeeid personalnummer personalnr persnr"
    " mitarbeiternummer": "personnel_number",
    "name fullname displayname anzeigename": "name",
    "givenname firstname vorname": "given_name",
    "familyname lastname surname nachname": "family_name",
    "email mail emailaddress mailadresse emailadresse": "mail",
    "login username benutzername anmeldename benutzer": "login",
    "language sprache": "language",
    "active aktiv": "active",
    "team": "team",
    "department abteilung": "department",
    "role rolle funktion": "role",
    "location site standort": "location",
    "manager vorgesetzter vorgesetzte vorgesetzt führungskraft": "manager",
    "entrydate entry eintritt eintrittsdatum": "entry_date",
    "validfrom gültigab gueltigab gültigvon gueltigvon": "valid_from",
    "validuntil validto gültigbis gueltigbis": "valid_until",
    "openid": "openid",
    "mboxsha1sum": "mbox_sha1sum",
}
_MEANINGS: Final = {
    header: meaning for headers, meaning in _BY_HEADER.items() for header in headers.split()
}
_NOT_A_LETTER: Final = re.compile(r"[^\w]|_")
_IN_BRACKETS: Final = re.compile(r"\(.*?\)")
_IRL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
_WITH_NAME: Final = (Meaning.ACCOUNT, Meaning.ATTRIBUTE)
MOST_COLUMNS: Final = 200


def read_mapping(text: bytes) -> ListMapping:
    """Read the JSON of a mapping.

    Raises:
        InvalidRequestError: it is none.
    """
    try:
        mapping = msgspec.json.decode(text, type=ListMapping)
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"the mapping is not valid: {error}") from error
    for header, meaning in mapping.columns.items():
        if meaning is not None:
            read_meaning(meaning, header)
    return mapping


@lru_cache(maxsize=1_000)
def usual_column(header: str) -> Column | None:
    """Return what a column is by its name; None if that does not tell."""
    kind, separator, _ = header.partition(":")
    if separator and kind.strip().lower() in _WITH_NAME:
        return read_meaning(header.strip(), header)
    bare = normalize("NFC", _IN_BRACKETS.sub("", header)).casefold()
    meaning = _MEANINGS.get(_NOT_A_LETTER.sub("", bare))
    return None if meaning is None else read_meaning(meaning, header)


@lru_cache(maxsize=1_000)
def read_meaning(text: str, header: str) -> Column:
    """Read what a column means.

    Raises:
        InvalidRequestError: there is no such meaning.
    """
    if text in USUAL and text not in (Meaning.PERSONNEL_NUMBER, Meaning.MANAGER):
        return Column(Meaning.ATTRIBUTE, text, header)
    kind, _, name = text.partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if kind not in [*Meaning] or (kind in _WITH_NAME) != bool(name):
        raise InvalidRequestError(
            f"the column {header!r} cannot be {text!r}: known are"
            f" {', '.join([*Meaning][:-2])}, {', '.join(USUAL)}, account:<home page> and"
            " attribute:<name>"
        )
    if kind == Meaning.ACCOUNT and not _IRL.fullmatch(name):
        raise InvalidRequestError(f"the column {header!r}: {name!r} is no home page, no IRL")
    if kind == Meaning.ATTRIBUTE and not re.fullmatch(ATTRIBUTE_NAME, name):
        raise InvalidRequestError(
            f"the column {header!r}: the name of an attribute is of up to 63 small letters, digits"
            f" and `_`, and begins with a letter; {name!r} is none"
        )
    if kind == Meaning.ATTRIBUTE and name in (Meaning.PERSONNEL_NUMBER, Meaning.MANAGER):
        return Column(Meaning(name), "", header)
    return Column(Meaning(kind), name, header)


def read_header(header: str, mapping: ListMapping) -> Column | None:
    """Return what a column is; None if it is left out."""
    if header in mapping.columns:
        meaning = mapping.columns[header]
        return None if meaning is None else read_meaning(meaning, header)
    return usual_column(header)


def read_headers(headers: Sequence[str], mapping: ListMapping) -> list[Column | None]:
    """Return what the columns of a list are, None for those that are left out.

    Raises:
        InvalidRequestError: two are the same, none tells who somebody is, or there are too many.
    """
    if len(headers) > MOST_COLUMNS:
        raise InvalidRequestError(f"the list has more than {MOST_COLUMNS} columns")
    columns = [read_header(header.strip(), mapping) for header in headers]
    missing = set(mapping.columns) - {header.strip() for header in headers}
    if missing:
        raise InvalidRequestError(
            f"the mapping names columns that the list does not have: {_named(missing)}"
        )
    known = [each for each in columns if each is not None]
    _check_once(known)
    if not {Meaning.PERSONNEL_NUMBER, Meaning.MAIL} & {each.meaning for each in known}:
        raise InvalidRequestError(
            "no column is the personnel number or the mail address, by which a person of the list"
            f" is known; it has {_named(headers)}. A mapping can say which one is"
        )
    return columns


class Definitions:
    """The attributes that a list brings: as the store knows them, or new."""

    def __init__(self, known: Mapping[str, AttributeDefinition], mapping: ListMapping) -> None:
        self._known = known
        self._mapping = mapping
        self.brought: dict[str, AttributeDefinition] = {}

    @property
    def new(self) -> list[AttributeDefinition]:
        """Those that the store does not have."""
        return [each for name, each in self.brought.items() if name not in self._known]

    def of(self, name: str, header: str) -> AttributeDefinition:
        """Return the definition of an attribute, which may be new.

        Raises:
            InvalidRequestError: it is of a type that no list can bring, or there are too many.
        """
        found = self.brought.get(name)
        if found is None:
            found = self._known.get(name) or self._new(name, header)
            _check_type(found)
            self.brought[name] = found
            if len(self.brought) > MOST_COLUMNS:
                raise InvalidRequestError(f"the list has more than {MOST_COLUMNS} attributes")
        return found

    def _new(self, name: str, header: str) -> AttributeDefinition:
        usual, kind = USUAL.get(name), self._mapping.types.get(name)
        if usual is not None and kind in (None, usual.type):
            return usual
        title = header.partition(":")[2].strip() or header
        return AttributeDefinition(name, kind or AttributeType.TEXT, title, title)


def _check_type(definition: AttributeDefinition) -> None:
    is_manager = definition.name == Meaning.MANAGER
    if (definition.type is AttributeType.PERSON) != is_manager:
        raise InvalidRequestError(
            f"the attribute {definition.name!r} is of the type {definition.type}, which a list"
            " cannot bring: only `manager` is another person"
        )


def _check_once(columns: Collection[Column]) -> None:
    seen: dict[tuple[Meaning, str], str] = {}
    for meaning, name, header in columns:
        if (meaning, name) in seen and meaning is not Meaning.TEAM:
            raise InvalidRequestError(
                f"the columns {seen[meaning, name]!r} and {header!r} are both {meaning}"
                f"{':' if name else ''}{name}"
            )
        seen[meaning, name] = header


def _named(headers: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(headers)))
