"""Reads the filters of SCIM (RFC 7644 3.4.2.2), and knows by what can be filtered here.

The library reads and checks them; what comes out is a small tree in our own words, of which
`storage/scim_conditions.py` makes SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final, cast

from scim2_models import AttributeBinding, ScimFilter
from scim2_models.path import (
    Comparison,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from scim2_models.path.resolution import coerce_value
from scim2_models.path.visitor import FilterVisitor

from lrs.errors import InvalidScimError
from lrs.people.scim_resources import KINDS, EnterpriseUser, bound

# Brackets within brackets, terms and characters of a filter.
MOST_LEVELS: Final = 32
MOST_TERMS: Final = 100
LONGEST: Final = 10_000

_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_COMMON: Final = ("id", "external_id", "display_name", "meta.created", "meta.last_modified")
_OF_USER: Final = (
    "user_name",
    "active",
    "name.formatted",
    "name.family_name",
    "name.given_name",
    "name.middle_name",
    "nick_name",
    "title",
    "user_type",
    "preferred_language",
    "locale",
    "timezone",
    "emails.value",
    "emails.type",
    "emails.primary",
    "enterprise.employee_number",
    "enterprise.department",
    "enterprise.division",
    "enterprise.cost_center",
    "enterprise.organization",
    "enterprise.manager.value",
)
SUPPORTED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"User": frozenset((*_COMMON, *_OF_USER)), "Group": frozenset((*_COMMON, "members.value"))}
)
_SEVERAL: Final = frozenset(("emails", "members"))


class Operator(StrEnum):
    """How a value is compared."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    # It is there.
    PR = "pr"


Operand = str | bool | datetime | None
_OF_TEXTS: Final = frozenset((Operator.CO, Operator.SW, Operator.EW))


@dataclass(frozen=True, slots=True)
class Test:
    """What one attribute must be.

    Attributes:
        name: of the attribute, such as `name.family_name`; of one that has several values, any.
        is_exact: whether upper and lower case differ.
    """

    name: str
    operator: Operator
    operand: Operand = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All terms must hold."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the terms must hold."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The term must not hold."""

    term: "Condition"


@dataclass(frozen=True, slots=True)
class Element:
    """One value of an attribute that has several must meet the condition.

    Attributes:
        name: of the attribute, such as `emails`, with which the names in the condition begin.
    """

    name: str
    term: "Condition"


@dataclass(frozen=True, slots=True)
class Never:
    """Nothing is so: the attribute is none of this type of resource."""


Condition = Test | Every | Either | Opposite | Element | Never


def check_size(text: str) -> None:
    """Refuse a filter that is too long or nested too deep, before it is read.

    Raises:
        InvalidScimError: it is.
    """
    if len(text) > LONGEST:
        raise InvalidScimError(f"the filter is over {LONGEST} characters", "invalidFilter")
    depth = 0
    for sign in _TEXTS.sub("", text):
        depth += (sign in "([") - (sign in ")]")
        if depth > MOST_LEVELS:
            raise InvalidScimError(
                f"the filter is nested deeper than {MOST_LEVELS} levels", "invalidFilter"
            )


def condition_of(filter_: ScimFilter[Any], kind: str) -> Condition:
    """Return what a filter asks of one type of resource.

    Args:
        filter_: bound to that type, or to several.
        kind: the name of the type: User or Group.

    Raises:
        InvalidScimError: an attribute is not supported in filters, or there are too many terms.
    """
    one = bound(ScimFilter, KINDS[kind])(str(filter_))
    return _Reader(one, kind).visit(one.ast)


def name_of(binding: AttributeBinding) -> str:
    """Return what an attribute is called in a condition."""
    parts = [binding.field_name]
    if binding.model is EnterpriseUser:
        parts.insert(0, "enterprise")
    if binding.sub_field_name:
        parts.append(binding.sub_field_name)
    elif binding.field_name in _SEVERAL:
        parts.append("value")
    return ".".join(parts)


class _Reader(FilterVisitor[Condition]):
    """Turns the tree of the library into ours."""

    def __init__(self, filter_: ScimFilter[Any], kind: str, within: str = "") -> None:
        self._bound = filter_
        self._kind = kind
        self._within = within
        self._terms = 0

    def visit_comparison(self, node: Comparison) -> Condition:
        binding = self._bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return Never()
        operand = coerce_value(binding, node.value, node.op)
        return self._test(binding, Operator(node.op.value), operand)

    def visit_present(self, node: Present) -> Condition:
        binding = self._bound.resolve(node.attr_path, strict=False)
        return Never() if binding is None else self._test(binding, Operator.PR, None)

    def visit_not(self, node: Not) -> Condition:
        return Opposite(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        terms = tuple(self.visit(term) for term in node.terms)
        return Every(terms) if node.op is LogicalOperator.and_ else Either(terms)

    def visit_value_path(self, node: ValuePath) -> Condition:
        binding = self._bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return Never()
        name = binding.field_name
        if name not in _SEVERAL or not isinstance(binding.field_type, type):
            raise _unsupported(str(node.attr_path))
        within = bound(ScimFilter, binding.field_type)(str(node.val_filter))
        return Element(name, _Reader(within, self._kind, f"{name}.").visit(within.ast))

    def _test(self, binding: AttributeBinding, operator: Operator, operand: object) -> Condition:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise InvalidScimError(f"the filter has over {MOST_TERMS} terms", "invalidFilter")
        name = self._within + name_of(binding)
        if name not in SUPPORTED[self._kind]:
            raise _unsupported(binding.urn or name)
        return Test(name, operator, _operand(name, operator, operand), binding.case_exact)


def _operand(name: str, operator: Operator, operand: object) -> Operand:
    if isinstance(operand, Enum):
        operand = operand.value
    is_known = operand is None or isinstance(operand, bool | str | datetime)
    is_moment = name.startswith("meta.")
    if not is_known or (is_moment and operator in _OF_TEXTS) or _is_ordered_null(operator, operand):
        raise InvalidScimError(
            f"{name} cannot be compared by {operator} with {operand!r}", "invalidFilter"
        )
    if isinstance(operand, str) and any(each == "\0" or _is_surrogate(each) for each in operand):
        raise InvalidScimError("a text holds what no value does", "invalidFilter")
    if isinstance(operand, datetime) and not _is_in_calendar(operand):
        raise InvalidScimError(f"{name}: the years are 1 to 9999, in UTC", "invalidFilter")
    return cast("Operand", operand)


def _is_surrogate(character: str) -> bool:
    """Tell whether it is half of a pair, which has no UTF-8."""
    return "\ud800" <= character <= "\udfff"


def _is_in_calendar(moment: datetime) -> bool:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _is_ordered_null(operator: Operator, operand: object) -> bool:
    return operand is None and operator not in {Operator.EQ, Operator.NE, Operator.PR}


def _unsupported(name: str) -> InvalidScimError:
    return InvalidScimError(f"filters by {name} are not supported", "invalidFilter")
