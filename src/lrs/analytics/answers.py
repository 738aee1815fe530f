"""The answer to a query: typed columns, rows, and how fresh they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ValueType = Literal["text", "time", "integer", "number"]
Kind = Literal["dimension", "measure"]
# What an answer was computed from: from rollups and the statements that they lack, or from
# statements alone. The rows are the same.
Source = Literal["rollup", "raw"]
Cell = str | int | float | datetime | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer; `name` is the member's."""

    name: str
    type: ValueType
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order; `truncated` says that there were more than the limit."""

    rows: Sequence[Row]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A table, what its columns are, when it was computed and up to when it is complete."""

    columns: Sequence[Column]
    table: Table
    as_of: datetime
    consistent_through: datetime
    source: Source
