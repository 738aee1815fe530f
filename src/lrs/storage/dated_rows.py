"""Rows that hold of a person for a while: values of attributes, memberships of teams.

Both are kept alike: whose a row is and was, the name of what it is about, and the days. What comes
of a change is worked out in `people/validities.py`; here stands how it is read and written, for
many persons at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Uuid, any_, bindparam, column, delete, func, select
from sqlalchemy import update as update_of
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import Table

from lrs.people.validities import Row, Validity, Value, shown
from lrs.storage.driver import fetch
from lrs.storage.people_tables import person_attributes, team_members
from lrs.storage.rows import insert_rows

_STORE = bindparam("store", type_=Integer)


class Key(NamedTuple):
    """A person, and the name of an attribute or the id of a team."""

    person: UUID
    name: Any


Held = Mapping[Key, Sequence[Value]]


@dataclass(frozen=True)
class DatedRows:
    """How the rows of a table are read and written.

    Attributes:
        name: the column that tells what a row is about.
        has_value: whether it says more than that it holds.
    """

    table: Table
    name: str
    has_value: bool

    async def of(
        self, connection: AsyncConnection, store: int, persons: Collection[UUID]
    ) -> dict[Key, list[Value]]:
        """Return what holds of persons, from the oldest on."""
        found: dict[Key, list[Value]] = {}
        values = {"store": store, "persons": [*persons]}
        for row in await fetch(connection, _READING[self], values):
            value = row["value"] if self.has_value else ""
            held = Value(value, Validity(row["valid_from"], row["valid_until"]), row["own"])
            found.setdefault(Key(row["person"], row[self.name]), []).append(held)
        return found

    async def replace(
        self, connection: AsyncConnection, store: int, before: Held, after: Held
    ) -> list[Key]:
        """Have what is in `after` hold in the place of `before`, and tell what has changed."""
        gone: list[tuple[Key, Value]] = []
        new: list[tuple[Key, Value]] = []
        for key, values in after.items():
            old = before.get(key, ())
            gone += [(key, each) for each in old if each not in values]
            new += [(key, each) for each in values if each not in old]
        if gone:
            await self._delete(connection, store, gone)
        if new:
            await insert_rows(connection, self.table, store, self._columns(new))
        return [key for key in after if {*after[key]} != {*before.get(key, ())}]

    async def settle(
        self,
        connection: AsyncConnection,
        store: int,
        tree: Sequence[UUID],
        holders: Collection[UUID],
    ) -> None:
        """Have rows of persons who were merged be the first one's; of those that overlap, one is.

        The others wait with who has brought them: nobody asks for what is a merged one's.

        Args:
            connection: within a writing transaction.
            store: of the persons.
            tree: the person who stays, and all who were merged into them.
            holders: whose the rows may be now.
        """
        values = {"store": store, "persons": [*{*tree, *holders}], "owns": [*tree]}
        rows = {
            Row(row["own"], row[self.name], Validity(row["valid_from"], row["valid_until"])): row
            for row in await fetch(connection, _READING_OWN[self], values)
        }
        visible = shown(rows, tree)
        wanted = {row: tree[0] if row in visible else row.own for row in rows}
        changed = [row for row in rows if wanted[row] != rows[row]["person"]]
        if changed:
            await fetch(
                connection,
                _SHOWING[self],
                {
                    "store": store,
                    "owns": [row.own for row in changed],
                    "names": [row.name for row in changed],
                    "days": [row.validity.since for row in changed],
                    "persons": [wanted[row] for row in changed],
                },
            )

    async def _delete(
        self, connection: AsyncConnection, store: int, gone: Sequence[tuple[Key, Value]]
    ) -> None:
        values = {
            "owns": [each.own for _, each in gone],
            "names": [key.name for key, _ in gone],
            "days": [each.validity.since for _, each in gone],
        }
        await fetch(connection, _DELETING[self], {"store": store, **values})

    def _columns(self, new: Sequence[tuple[Key, Value]]) -> dict[str, Sequence[object]]:
        columns: dict[str, Sequence[object]] = {
            "own": [each.own or key.person for key, each in new],
            self.name: [key.name for key, _ in new],
            "valid_from": [each.validity.since for _, each in new],
            "valid_until": [each.validity.until for _, each in new],
            "person": [key.person for key, _ in new],
        }
        if self.has_value:
            columns["value"] = [each.value for _, each in new]
        return columns


ATTRIBUTES: Final = DatedRows(person_attributes, "name", has_value=True)
MEMBERSHIPS: Final = DatedRows(team_members, "team", has_value=False)
_BOTH: Final = (ATTRIBUTES, MEMBERSHIPS)


def _reading(rows: DatedRows) -> Any:  # noqa: ANN401 - a query over columns of any types
    of = rows.table.c
    persons = bindparam("persons", type_=ARRAY(Uuid))
    wanted = select(rows.table).where(of.store == _STORE, of.person == any_(persons))
    return wanted.order_by(of[rows.name], of.valid_from)


def _sent(rows: DatedRows, *more: str) -> Any:  # noqa: ANN401 - rows of any columns
    name = rows.table.c[rows.name].type
    kinds: dict[str, Any] = {"owns": Uuid, "names": name, "days": Date, "persons": Uuid}
    names = ("owns", "names", "days", *more)
    arrays = [bindparam(name, type_=ARRAY(kinds[name])) for name in names]
    sent = func.unnest(*arrays).table_valued(*(column(name, kinds[name]) for name in names))
    return sent.render_derived("sent")


def _same(rows: DatedRows, sent: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    of = rows.table.c
    return (
        of.store == _STORE,
        of.own == sent.c.owns,
        of[rows.name] == sent.c.names,
        of.valid_from == sent.c.days,
    )


def _deleting(rows: DatedRows) -> Any:  # noqa: ANN401 - as above
    return delete(rows.table).where(*_same(rows, _sent(rows)))


def _showing(rows: DatedRows) -> Any:  # noqa: ANN401 - as above
    sent = _sent(rows, "persons")
    return update_of(rows.table).where(*_same(rows, sent)).values(person=sent.c.persons)


_READING = {rows: _reading(rows) for rows in _BOTH}
_READING_OWN = {
    rows: _READING[rows].where(rows.table.c.own == any_(bindparam("owns", type_=ARRAY(Uuid))))
    for rows in _BOTH
}
_DELETING = {rows: _deleting(rows) for rows in _BOTH}
_SHOWING = {rows: _showing(rows) for rows in _BOTH}
