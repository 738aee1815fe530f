"""The filters: which statements a query takes in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from lrs.analytics.dimensions import Dimension
from lrs.analytics.facts import Fact

MAX_VALUES = 1_000

Value = str | datetime


class Comparison(Enum):
    """What an operator asks of a value; of several one must fulfil it, and a missing one never."""

    ANY_OF = auto()
    STARTS_WITH = auto()
    IS_SET = auto()
    GREATER = auto()
    GREATER_OR_EQUAL = auto()
    LESS = auto()
    LESS_OR_EQUAL = auto()


@dataclass(frozen=True, slots=True)
class Operator:
    """A name for a comparison, or for its exact opposite.

    Attributes:
        name: as it is asked for.
        comparison: what is asked of a statement.
        least: values needed.
        most: values allowed.
        negated: takes what the comparison leaves, so statements without a value too.
    """

    name: str
    comparison: Comparison
    least: int = 1
    most: int = 1
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; a query takes the statements that fulfil all of its filters."""

    dimension: Dimension
    operator: Operator
    values: Sequence[Value] = ()

    def accepts(self, fact: Fact) -> bool:
        """Tell whether a statement fulfils the condition."""
        test = _TESTS[self.operator.comparison]
        fulfilled = any(test(value, self.values) for value in self.dimension.values(fact))
        return fulfilled is not self.operator.negated


_TEXT_OPERATORS = (
    Operator("equals", Comparison.ANY_OF),
    Operator("not_equals", Comparison.ANY_OF, negated=True),
    Operator("in", Comparison.ANY_OF, most=MAX_VALUES),
    Operator("not_in", Comparison.ANY_OF, most=MAX_VALUES, negated=True),
    Operator("starts_with", Comparison.STARTS_WITH),
    Operator("set", Comparison.IS_SET, least=0, most=0),
    Operator("not_set", Comparison.IS_SET, least=0, most=0, negated=True),
)
_TIME_OPERATORS = (
    Operator("gt", Comparison.GREATER),
    Operator("gte", Comparison.GREATER_OR_EQUAL),
    Operator("lt", Comparison.LESS),
    Operator("lte", Comparison.LESS_OR_EQUAL),
)

# By the type of the dimension that they apply to.
OPERATORS: Mapping[str, Mapping[str, Operator]] = MappingProxyType(
    {
        "text": MappingProxyType({operator.name: operator for operator in _TEXT_OPERATORS}),
        "time": MappingProxyType({operator.name: operator for operator in _TIME_OPERATORS}),
    }
)


# The values have the type of the dimension: `queries.py` has seen to it, mypy cannot.
_TESTS: Mapping[Comparison, Callable[[Any, Sequence[Any]], bool]] = MappingProxyType(
    {
        Comparison.ANY_OF: lambda value, values: value in values,
        Comparison.STARTS_WITH: lambda value, values: value.startswith(values[0]),
        Comparison.IS_SET: lambda _value, _values: True,
        Comparison.GREATER: lambda value, values: value > values[0],
        Comparison.GREATER_OR_EQUAL: lambda value, values: value >= values[0],
        Comparison.LESS: lambda value, values: value < values[0],
        Comparison.LESS_OR_EQUAL: lambda value, values: value <= values[0],
    }
)
