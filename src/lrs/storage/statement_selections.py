"""What a list is asked for: filters and restrictions, and what they mean for its query.

The shape decides the text of the query; the values are handed over beside it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Uuid, bindparam, select

from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage.driver import Values
from lrs.storage.restrictions import names_of, restriction_values
from lrs.storage.watermark import last_position
from lrs.xapi.queries import Cursor, StatementFilter

# The values of a query; `page_values` gives them. PostgreSQL sees no value of a subquery when it
# plans, so that it has no reason to plan the same walk anew for each: that takes as long as a page.
STORE = bindparam("store", type_=Integer)
ASKED: Mapping[str, ColumnElement[UUID]] = MappingProxyType(
    {
        name: select(bindparam(name, type_=Uuid)).scalar_subquery()
        for name in ("registration", "agent", "activity", "verb")
    }
)
FIRST, LAST, AFTER = (
    select(bindparam(name, type_=BigInteger)).scalar_subquery()
    for name in ("first", "last", "after")
)
AFTER_ID = bindparam("after_id", type_=Uuid)


class Selection(NamedTuple):
    """What is asked for, of what may be seen."""

    wanted: StatementFilter
    restriction: Restriction = NOTHING_HIDDEN

    @property
    def is_of_hidden(self) -> bool:
        """Whether it asks for somebody who is not to be seen, of whom all would be met in vain."""
        return self.wanted.agent in (self.restriction.frozen or ())


class Shape(NamedTuple):
    """What decides the text of a query, whatever the values: which filters there are.

    Attributes:
        restricted: the restrictions that hold, as `lrs.storage.restrictions` names them.
    """

    filters: tuple[str, ...]
    related_agents: bool
    related_activities: bool
    since: bool
    ascending: bool
    after: bool
    restricted: tuple[str, ...] = ()


def shape_of(selection: Selection, after: Cursor | None) -> Shape:
    """Return the shape of the query for these filters."""
    wanted = selection.wanted
    return Shape(
        filters=tuple(name for name in ASKED if getattr(wanted, name) is not None),
        related_agents=wanted.related_agents,
        related_activities=wanted.related_activities,
        since=wanted.since is not None,
        ascending=wanted.ascending,
        after=after is not None,
        restricted=names_of(selection.restriction),
    )


def page_values(
    store: int, selection: Selection, until_position: int, after: Cursor | None, count: int
) -> Values:
    """Return the values of a query, those that its shape does not use too."""
    wanted = selection.wanted
    until = until_position if wanted.until is None else last_position(wanted.until)
    return {
        "store": store,
        **{name: getattr(wanted, name) for name in ASKED},
        "first": None if wanted.since is None else last_position(wanted.since),
        "last": min(until_position, until),
        "after": after and after.position,
        "after_id": after and after.id,
        "count": count,
        **restriction_values(selection.restriction),
    }
