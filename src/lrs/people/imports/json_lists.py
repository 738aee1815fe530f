"""Lists in JSON: an object for each person, with the members that a CSV has as columns.

Beside those an object may have `identifiers`, an array of Agents, and `attributes`, an object whose
values are single values, or arrays of `{"value", "valid_from", "valid_until"}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from lrs.errors import InvalidRequestError
from lrs.people.identifiers import read_identifier
from lrs.people.imports.columns import Column, ListMapping, Meaning, read_header, read_meaning
from lrs.people.imports.findings import Finding
from lrs.people.imports.listed import ListedRow
from lrs.people.imports.rows import RowReader, refused
from lrs.xapi.keys import Ifi

_IDENTIFIERS: Final = "identifiers"
_ATTRIBUTES: Final = "attributes"
_VALUE, _SINCE, _UNTIL = "value", "valid_from", "valid_until"
_decode = msgspec.json.Decoder(dict[str, Any]).decode
Cells = list[tuple[Column, str]]


class _BadMemberError(ValueError):
    """A member of an object is no good; its text says why."""


def json_rows(
    texts: Iterable[bytes], mapping: ListMapping, reader: RowReader
) -> Iterator[ListedRow | Finding]:
    """Give what the objects of a list say, or why they are refused.

    Args:
        texts: of the objects.
        mapping: of their members.
        reader: of the rows of this list.
    """
    for number, text in enumerate(texts, 1):
        try:
            members = _decode(text)
            identifiers = _identifiers(members.pop(_IDENTIFIERS, []))
            attributes = members.pop(_ATTRIBUTES, {})
            cells = _cells(members, mapping)
            versions = [cells + own for own in _versions(attributes)]
        except msgspec.DecodeError as error:
            yield refused(number, f"is no object of JSON: {error}")
            continue
        except (_BadMemberError, InvalidRequestError) as error:
            yield refused(number, str(error))
            continue
        yield from _rows(number, versions, identifiers, reader)


def _rows(
    number: int, versions: Iterable[Cells], identifiers: tuple[Ifi, ...], reader: RowReader
) -> Iterator[ListedRow | Finding]:
    """Give the rows that an object stands for: one for each validity; or the first refusal."""
    rows: list[ListedRow] = []
    for cells in versions:
        row = reader.read(number, cells)
        if isinstance(row, Finding):
            yield row
            return
        all_of_them = tuple(dict.fromkeys((*row.identifiers, *identifiers)))
        rows.append(msgspec.structs.replace(row, identifiers=all_of_them))
    yield from rows


def _identifiers(agents: object) -> tuple[Ifi, ...]:
    if not isinstance(agents, list):
        raise _BadMemberError("`identifiers` must be an array of Agents")
    return tuple(read_identifier(msgspec.json.encode(agent).decode()) for agent in agents)


def _cells(members: Mapping[str, object], mapping: ListMapping) -> Cells:
    """Return the cells of the members that mean something; `teams` may be an array."""
    cells: Cells = []
    for name, value in members.items():
        column = read_header(name, mapping)
        if column is None or value is None:
            continue
        if column.meaning is Meaning.TEAM and isinstance(value, list):
            cells += [(column, _text(name, each)) for each in value]
        else:
            cells.append((column, _text(name, value)))
    return cells


def _versions(attributes: object) -> Iterator[Cells]:
    """Give the cells of attributes: those without days together, each with days apart."""
    if not isinstance(attributes, dict):
        raise _BadMemberError("`attributes` must be an object")
    plain: Cells = []
    dated: list[Cells] = []
    for name, value in attributes.items():
        column = read_meaning(f"attribute:{name}", name)
        if isinstance(value, list):
            dated += [_dated(column, each) for each in value]
        elif value is not None:
            plain.append((column, _text(name, value)))
    yield plain
    yield from dated


def _dated(column: Column, period: object) -> Cells:
    if not isinstance(period, dict) or not {_VALUE} <= set(period) <= {_VALUE, _SINCE, _UNTIL}:
        raise _BadMemberError(
            f"a period of {column.name!r} must have `value`, and may have `valid_from` and"
            " `valid_until`"
        )
    days = [
        (Column(Meaning(name), "", name), _text(name, period[name]))
        for name in (_SINCE, _UNTIL)
        if period.get(name) is not None
    ]
    return [(column, _text(_VALUE, period[_VALUE])), *days]


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise _BadMemberError(f"`{name}` must be a text, a number, true or false")


def object_texts(body: bytes) -> list[bytes]:
    """Return the texts of the objects of a list: an array of them, or one on each line.

    Raises:
        InvalidRequestError: it is neither.
    """
    if not body.lstrip().startswith(b"["):
        return [line for line in body.splitlines() if line.strip()]
    try:
        return [bytes(text) for text in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequestError(f"the list is not JSON: {error}") from error
