"""What a client of SCIM wants to see: which resources, in which order, and what of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from scim2_models import ResponseParameters, SearchRequest

from lrs.errors import InvalidScimError
from lrs.people.scim_bodies import scim_errors
from lrs.people.scim_filters import Condition, check_size, condition_of, name_of
from lrs.people.scim_resources import KINDS, POLICY, Group, ScimUser, bound

# Resources on a page: where no count is given, and at most.
PAGE: Final = 100
MOST_ON_A_PAGE: Final = 1_000
_FARTHEST: Final = 2**31
_SORTABLE: Final = frozenset(
    (
        "id",
        "external_id",
        "display_name",
        "meta.created",
        "meta.last_modified",
        "user_name",
        "name.family_name",
        "name.given_name",
        "title",
        "enterprise.department",
        "enterprise.employee_number",
    )
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources of one type, and in which order.

    Attributes:
        sort: the name of an attribute, as in a condition; None is the order in which they came.
        offset: how many are passed over.
    """

    condition: Condition | None = None
    sort: str | None = None
    is_descending: bool = False
    offset: int = 0
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of the people of a store.

    Attributes:
        today: the day on which attributes and memberships must hold.
        hidden: the keys of identifiers of whom nobody may see.
        withheld: the names of attributes that they may not see.
    """

    store: int
    today: date
    hidden: frozenset[UUID] = frozenset()
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Search:
    """What a client asks for.

    Attributes:
        selections: by the names of the types of resources that are searched.
        shown: which attributes of them are answered.
    """

    selections: Mapping[str, Selection]
    start: int
    shown: ResponseParameters[Any]

    def shows(self, name: str) -> bool:
        """Tell whether an attribute may be asked for, so that it is worth the while to find it."""
        included, excluded = self.shown.attributes or [], self.shown.excluded_attributes or []
        if included:
            return any(_names(str(each), name) for each in included)
        return not any(_is_whole(str(each), name) for each in excluded)


def read_search(told: Mapping[str, object], kinds: tuple[str, ...]) -> Search:
    """Read a search, from a query or a body.

    Args:
        told: as SCIM names the parameters.
        kinds: the names of the types of resources that are searched.

    Raises:
        InvalidScimError: it cannot be understood, or is by what is not supported.
    """
    if isinstance(filter_ := told.get("filter"), str):
        check_size(filter_)
    model: object = ScimUser | Group if len(kinds) > 1 else KINDS[kinds[0]]
    with scim_errors():
        request = bound(SearchRequest, model).model_validate(dict(told), scim_policy=POLICY)
        selections = {kind: _selection(request, kind) for kind in kinds}
    return Search(selections, min(request.start_index or 1, _FARTHEST), request)


def read_shown(told: Mapping[str, object], kind: str) -> ResponseParameters[Any]:
    """Read which attributes of a resource are to be answered.

    Raises:
        InvalidScimError: it cannot be understood.
    """
    asked = {
        name: value for name, value in told.items() if name in {"attributes", "excludedAttributes"}
    }
    with scim_errors():
        return bound(ResponseParameters, KINDS[kind]).model_validate(asked)


def _names(path: str, name: str) -> bool:
    """Tell whether a path is an attribute, or a part of it, whatever it begins with."""
    return name in path.lower().replace(":", ".").split(".")


def _is_whole(path: str, name: str) -> bool:
    return path.lower().rpartition(":")[2] == name


def _selection(request: SearchRequest[Any], kind: str) -> Selection:
    count = PAGE if request.count is None else min(request.count, MOST_ON_A_PAGE)
    return Selection(
        condition=condition_of(request.filter, kind) if request.filter is not None else None,
        sort=_sort(request, kind),
        is_descending=request.sort_order is SearchRequest.SortOrder.descending,
        offset=min(request.start_index_0 or 0, _FARTHEST),
        limit=count,
    )


def _sort(request: SearchRequest[Any], kind: str) -> str | None:
    binding = request.sort_binding(KINDS[kind])
    if binding is None:
        return None
    name = name_of(binding)
    if name not in _SORTABLE:
        raise InvalidScimError(f"to sort by {request.sort_by} is not supported", "invalidPath")
    return name
