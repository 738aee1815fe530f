"""The statements of SQL that change rollups, each made once."""

from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import Update

from lrs.analytics.rollups import Key, Keys
from lrs.storage.measures import SUMS as NAMES
from lrs.storage.measures import sums_of
from lrs.storage.members import STORE
from lrs.storage.rollup_changes import (
    FOLDED,
    SETS,
    SUMS,
    UNTIL,
    Members,
    bit_of,
    block_of,
    counts_at,
    is_in_tail,
    is_named,
    key_columns,
    lost,
    names_of,
    without,
)
from lrs.storage.tables import statements

TABLES = (*SUMS.values(), *(table for _, kept in SETS.values() for table in kept.values()))


_IN_TAIL = is_in_tail(statements)
# Those that `ids` names, as far as they are folded.
_NAMED = and_(is_named(statements), statements.c.position <= FOLDED)


@cache
def numbering(members: Members, *, named: bool = False) -> ClauseElement:
    """Give numbers from `next` on to new members, and select how many there were.

    Args:
        members: of what kind.
        named: those of the folded statements that are named, and not those in the tail.
    """
    numbers = members.numbers
    key = members.column(statements)
    where = _NAMED if named else _IN_TAIL
    seen = select(key.label("key")).distinct().where(where, key.is_not(None))
    met = seen.subquery("met")
    known = and_(numbers.c.store == STORE, numbers.c.key == met.c.key)
    number = bindparam("next", type_=Integer) + func.row_number().over() - literal_column("1")
    new = select(STORE, met.c.key, number).where(~select(numbers).where(known).exists())
    written = insert(numbers).from_select(["store", "key", "number"], new).returning(numbers.c.key)
    return select(func.count()).select_from(written.cte("written"))


@cache
def addition(*, named: bool = False) -> ClauseElement:
    """Add what counts in the tail to sums and sets; all members have their numbers already.

    Args:
        named: what counts of the folded statements that are named, instead.
    """
    counted = and_(_NAMED, counts_at(FOLDED)) if named else and_(_IN_TAIL, counts_at(UNTIL))
    changes, facts = _changes(counted, 1), _facts(counted)
    added = [_added(keys, table, changes) for keys, table in SUMS.items()]
    united = [_united(*each, facts) for each in _sets()]
    return _all_of([*added, *united])


@cache
def removal() -> tuple[ClauseElement, ...]:
    """Take away what counts of the named statements that are folded."""
    changes = _changes(and_(_NAMED, counts_at(FOLDED)), -1)
    taken = _all_of([_added(keys, table, changes) for keys, table in SUMS.items()])
    return (taken, *(_removed(*each) for each in _sets()))


@cache
def deletion(table: Table) -> ClauseElement:
    """Delete some rows of a store, and return one value if there were any."""
    alias = table.alias()
    place: ColumnElement[object] = literal_column("ctid")
    some = select(place).select_from(alias).where(alias.c.store == STORE)
    some = some.limit(bindparam("most", type_=Integer))
    return delete(table).where(place.in_(some)).returning(literal_column("1"))


def _sets() -> Iterator[tuple[str, Keys, Table]]:
    for name, (_, kept) in SETS.items():
        for keys, table in kept.items():
            yield name, keys, table


def _all_of(writes: Sequence[Insert]) -> ClauseElement:
    """Run them in one statement, so that what they have in common is read once."""
    ctes = [write.cte(f"write_{number}") for number, write in enumerate(writes)]
    return select(literal_column("1")).add_cte(*ctes)


def _changes(counted: ColumnElement[bool], sign: int) -> CTE:
    """Add up statements by all keys at once."""
    sums = sums_of(statements)
    changes = ((sums[name] if sign > 0 else -sums[name]).label(name) for name in NAMES)
    by = list(Key)
    rows = select(*key_columns(statements, by), *changes).where(counted).group_by(*by)
    return rows.cte("changes")


def _facts(counted: ColumnElement[bool]) -> CTE:
    """Select the keys of statements, and the numbers of their members."""
    source: FromClause = statements
    numbers = []
    for name, (members, _) in SETS.items():
        table = members.numbers.alias()
        same = and_(table.c.store == STORE, table.c.key == members.column(statements))
        source = source.outerjoin(table, same)
        numbers.append(table.c.number.label(name))
    return (
        select(*key_columns(statements, list(Key)), *numbers)
        .select_from(source)
        .where(counted)
        .cte("facts")
    )


def _added(keys: Keys, table: Table, changes: CTE) -> Insert:
    by = [changes.c[name] for name in names_of(keys)]
    rows = select(STORE, *by, *(func.sum(changes.c[name]) for name in NAMES)).group_by(*by)
    insertion = insert(table).from_select(["store", *names_of(keys), *NAMES], rows)
    return insertion.on_conflict_do_update(
        index_elements=["store", *names_of(keys)],
        set_={name: table.c[name] + insertion.excluded[name] for name in NAMES},
    )


def _united(name: str, keys: Keys, table: Table, facts: CTE) -> Insert:
    """Add to sets; a row that holds all of it already is not written again."""
    by = names_of(keys)
    number = facts.c[name]
    met = select(*(facts.c[key] for key in by), number.label("number")).distinct()
    each = met.where(number.is_not(None)).subquery("each")
    groups = [*(each.c[key] for key in by), block_of(each.c.number)]
    rows = select(STORE, *groups, func.bit_or(bit_of(each.c.number))).group_by(*groups)
    insertion = insert(table).from_select(["store", *by, "block", "bits"], rows)
    union = table.c.bits.op("|")(insertion.excluded.bits)
    return insertion.on_conflict_do_update(
        index_elements=["store", *by, "block"], set_={"bits": union}, where=union != table.c.bits
    )


def _removed(name: str, keys: Keys, table: Table) -> Update:
    members, _ = SETS[name]
    gone = lost(members, names_of(keys))
    same = (table.c[name] == gone.c[name] for name in (*names_of(keys), "block"))
    return (
        update(table)
        .values(bits=without(table.c.bits, gone.c.bits))
        .where(table.c.store == STORE, *same)
    )
