"""What restrictions ask of a row of `statements`: the same for lists, single gets and sums.

A restriction that is not there leaves no trace in a query. The values of those that are there come
by `restriction_values`. They are hidden from the planner, as those of filters are.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import FromClause

from lrs.auth.restrictions import Restriction
from lrs.storage.driver import Values
from lrs.storage.tables import statements

MINE: Final = "mine"
AGENTS: Final = "of_agents"
ACTIVITIES: Final = "of_activities"
FROZEN: Final = "frozen"

_Condition = ColumnElement[bool]


def _values(name: str, kind: ARRAY[Any]) -> ColumnElement[Any]:
    # The cast keeps ANY from taking the subquery for one of rows.
    return cast(select(bindparam(name, type_=kind)).scalar_subquery(), kind)


AUTHORITY: Final[ColumnElement[UUID]] = select(
    bindparam("by_authority", type_=Uuid)
).scalar_subquery()
_CREDENTIALS: Final = _values("by_credentials", ARRAY(Integer))
_AGENTS: Final = _values(AGENTS, ARRAY(Uuid))
_ACTIVITIES: Final = _values(ACTIVITIES, ARRAY(Uuid))
_FROZEN: Final = _values(FROZEN, ARRAY(Uuid))


def _one_by_one(keys: ColumnElement[Any]) -> FromClause:
    named = func.unnest(keys).table_valued(column("key", Uuid))
    return named.render_derived(name="wanted")


# The keys of restrictions that have several, as rows. The values have the same names.
KEYS: Final[Mapping[str, FromClause]] = MappingProxyType(
    {AGENTS: _one_by_one(_AGENTS), ACTIVITIES: _one_by_one(_ACTIVITIES)}
)

_of = statements.c
# The authority is the last one of `other_agents`.
_authority = _of.other_agents[func.cardinality(_of.other_agents)]
_others = _of.other_agents[1 : func.cardinality(_of.other_agents) - 1]
_names_frozen: Final[_Condition] = or_(
    _of.actor == any_(_FROZEN),
    _of.object == any_(_FROZEN),
    _of.direct_agents.bool_op("&&")(_FROZEN),
    _others.bool_op("&&")(_FROZEN),
)
_CONDITIONS: Final[Mapping[str, _Condition]] = MappingProxyType(
    {
        MINE: (_authority == AUTHORITY)
        & or_(_CREDENTIALS.is_(None), _of.credential == any_(_CREDENTIALS)),
        AGENTS: _of.actor == any_(_AGENTS),
        ACTIVITIES: or_(_of.object == any_(_ACTIVITIES), _of.activities.bool_op("&&")(_ACTIVITIES)),
        # What names nobody is to be seen.
        FROZEN: _names_frozen.is_not(true()),
    }
)
_hashes = select(func.uuid_hash(KEYS[AGENTS].c.key)).scalar_subquery()
_SOME_AGENT: Final[_Condition] = func.uuid_hash(_of.actor) == any_(func.array(_hashes))


def names_of(restriction: Restriction) -> tuple[str, ...]:
    """Return which restrictions there are; all of them must hold."""
    is_there = {
        MINE: restriction.authority is not None or restriction.credentials is not None,
        AGENTS: restriction.agents is not None,
        ACTIVITIES: restriction.activities is not None,
        FROZEN: restriction.frozen is not None,
    }
    return tuple(name for name, there in is_there.items() if there)


def restriction_values(restriction: Restriction) -> Values:
    """Return the values of all conditions, of those that are not there too."""
    return {
        "by_authority": restriction.authority,
        "by_credentials": _listed(restriction.credentials),
        AGENTS: _listed(restriction.agents),
        ACTIVITIES: _listed(restriction.activities),
        FROZEN: _listed(restriction.frozen),
    }


def held(names: tuple[str, ...]) -> list[_Condition]:
    """Hold a row of `statements` against these restrictions."""
    return [_CONDITIONS[name] for name in names]


def conditions(restriction: Restriction) -> list[_Condition]:
    """Return what a row of `statements` must fulfil to be seen."""
    return held(names_of(restriction))


def conditions_of_scans(restriction: Restriction) -> list[_Condition]:
    """Return the same for who reads all that is seen: an index finds what agents did."""
    names = names_of(restriction)
    return held(names) + ([_SOME_AGENT] if AGENTS in names else [])


def _listed(keys: frozenset[UUID] | frozenset[int] | None) -> list[UUID | int] | None:
    return None if keys is None else [*keys]
