"""A query in SQL over rollups and the tail, up to its sums by keys.

It is put together from parts: the sums, and for each measure that counts what is different the
sizes of sets. Each part has the groups of the query and all that is added up, zero where it has
nothing to say of it.
"""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Label,
    Select,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from lrs.analytics.queries import Query
from lrs.analytics.rollups import Key, Keys, Plan
from lrs.storage.analytics import BUCKET, groups_of
from lrs.storage.measures import NEEDED, added_up, measured, sums_of
from lrs.storage.members import (
    STORE,
    Facts,
    Held,
    KeptDimension,
    by_activity,
    by_credential,
    by_verb,
    conditions,
    with_activities,
    with_credentials,
)
from lrs.storage.rollup_changes import (
    SETS,
    SUMS,
    is_in_tail,
    is_named,
    key_columns,
    lost,
    names_of,
    numbered,
    without,
)
from lrs.storage.rollup_tables import NO_ACTIVITY
from lrs.storage.tables import statements

_COUNTED = and_(is_in_tail(statements), statements.c.voided.is_(false()))


def summed(query: Query, plan: Plan, zone: ZoneInfo, *, takes_back: bool) -> Select[Any]:
    """Render a query up to its sums by keys.

    Args:
        query: a query that the plan is for, and that cuts time where days of the zone begin.
        plan: the rollups to take.
        zone: the time zone of the store's rollups.
        takes_back: whether the tail voids statements that are folded: those that `ids` names.
    """
    parts = [_sums(query, plan, zone, takes_back=takes_back)]
    for name in plan.sets:
        parts += [
            _sizes(query, plan, name, zone, takes_back=takes_back),
            _not_numbered(query, plan, name, zone),
        ]
    rows = union_all(*parts).subquery("parts")
    groups = [rows.c[name] for name in _names(query)]
    sums = added_up(rows, [*_needed(query), *plan.sets])
    numbers = {name: measured(name, sums) for name in NEEDED if sums.keys() >= set(NEEDED[name])}
    numbers |= {name: sums[name] for name in plan.sets}
    measures = [numbers[measure.name].label(measure.name) for measure in query.measures]
    merged = select(*groups, *measures).group_by(*groups)
    return merged.having(sums["statements"] > 0) if groups else merged


def _names(query: Query) -> list[str]:
    """Return the names of the groups."""
    buckets = [] if query.buckets is None else [BUCKET]
    return [*buckets, *(dimension.name for dimension in query.dimensions)]


def _needed(query: Query) -> list[str]:
    """Return the sums that the measures are made of, and the one that tells which groups exist."""
    needed = {name for each in query.measures for name in NEEDED.get(each.name, ())}
    return sorted(needed | {"statements"})


def _sums(query: Query, plan: Plan, zone: ZoneInfo, *, takes_back: bool) -> Select[Any]:
    table, keys, names = SUMS[plan.sums], names_of(plan.sums), _needed(query)
    of_statements = sums_of(statements)
    kept = select(*(table.c[name] for name in (*keys, *names))).where(table.c.store == STORE)
    tail = select(
        *key_columns(statements, keys), *(of_statements[name].label(name) for name in names)
    )
    voided = select(
        *key_columns(statements, keys), *((-of_statements[name]).label(name) for name in names)
    )
    arms = [kept, tail.where(_COUNTED).group_by(*keys)]
    if takes_back:
        arms.append(voided.where(is_named(statements)).group_by(*keys))
    rows = union_all(*arms).subquery("rows")
    facts = _facts(rows, plan.sums, zone)
    groups = groups_of(query, facts)
    return (
        select(
            *groups,
            *(func.sum(rows.c[name]).label(name) for name in names),
            *(_zero(name) for name in plan.sets),
        )
        .select_from(facts.source)
        .where(*conditions(facts, query.filters))
        .group_by(*_names(query))
    )


def _sizes(query: Query, plan: Plan, name: str, zone: ZoneInfo, *, takes_back: bool) -> Select[Any]:
    """Unite the sets of each group, and select the size of every row of the union."""
    members, tables = SETS[name]
    table, keys = tables[plan.sets[name]], names_of(plan.sets[name])
    by = [table.c[key] for key in (*keys, "block")]
    source: FromClause = table
    bits: ColumnElement[Any] = table.c.bits
    if takes_back:
        gone = lost(members, keys)
        same = (table.c[each] == gone.c[each] for each in (*keys, "block"))
        source = table.outerjoin(gone, and_(*same))
        bits = func.coalesce(without(bits, gone.c.bits), bits)
    kept = select(*by, bits.label("bits")).select_from(source).where(table.c.store == STORE)
    tail = numbered(members, statements, keys).where(_COUNTED)
    rows = union_all(kept, tail).subquery("rows")
    facts = _facts(rows, plan.sets[name], zone)
    size = func.bit_count(func.bit_or(rows.c.bits), type_=BigInteger)
    return (
        select(*groups_of(query, facts), *_alone(query, plan, name, size))
        .select_from(facts.source)
        .where(*conditions(facts, query.filters))
        .group_by(*_names(query), rows.c.block)
    )


def _not_numbered(query: Query, plan: Plan, name: str, zone: ZoneInfo) -> Select[Any]:
    """Count what the tail has and no folded statement had: no set can hold it."""
    members, _ = SETS[name]
    numbers, member = members.numbers, members.column(statements)
    is_known = and_(numbers.c.store == STORE, numbers.c.key == member)
    rows = (
        select(*key_columns(statements, names_of(plan.sets[name])), member.label("member"))
        .where(_COUNTED, member.is_not(None), ~select(numbers).where(is_known).exists())
        .subquery("rows")
    )
    facts = _facts(rows, plan.sets[name], zone)
    return (
        select(
            *groups_of(query, facts),
            *_alone(query, plan, name, func.count(rows.c.member.distinct())),
        )
        .select_from(facts.source)
        .where(*conditions(facts, query.filters))
        .group_by(*_names(query))
    )


def _alone(query: Query, plan: Plan, name: str, number: ColumnElement[Any]) -> list[Label[Any]]:
    """Return all that parts add up, zero but for one."""
    sums = [_zero(each) for each in _needed(query)]
    return sums + [number.label(each) if each == name else _zero(each) for each in plan.sets]


def _zero(name: str) -> Label[Any]:
    return literal_column("0", BigInteger).label(name)


def _facts(rows: FromClause, keys: Keys, zone: ZoneInfo) -> Facts:
    """Return rows of rollups as what a query runs over."""
    source = rows
    dimensions: dict[str, KeptDimension] = {}
    if Key.DAY in keys:
        dimensions |= {"timestamp": Held(rows.c.day)}
    if Key.CREDENTIAL in keys:
        source = with_credentials(source, rows.c.credential)
        dimensions |= by_credential()
    if Key.VERB in keys:
        dimensions |= by_verb(rows.c.verb)
    if Key.ACTIVITY in keys:
        activity = func.nullif(rows.c.activity, literal(NO_ACTIVITY))
        source = with_activities(source, activity)
        dimensions |= by_activity(activity)
    return Facts(
        source,
        dimensions,
        lambda buckets: func.date_trunc(
            buckets.granularity.value, cast(rows.c.day, DateTime), type_=DateTime
        ),
        lambda moment: moment.astimezone(zone).date(),
    )
