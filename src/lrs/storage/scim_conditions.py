"""Makes SQL of what a filter of SCIM asks for; all that a client has sent becomes a parameter."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    cast,
    collate,
    column,
    exists,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
)

from lrs.people.scim_filters import (
    Condition,
    Either,
    Element,
    Every,
    Never,
    Operator,
    Opposite,
    Test,
)
from lrs.people.scim_patches import read_id
from lrs.people.scim_searches import Sight
from lrs.people.scim_users import MANAGER, OF_EMPLOYEE, OF_USER
from lrs.storage.people_tables import (
    people,
    person_attributes,
    person_identifiers,
    team_members,
    teams,
)

Expression = ColumnElement[Any]
# Where the rest of a User has what it is filtered and sorted by.
_IN_REST: Final[Mapping[str, tuple[str, ...]]] = {
    "name.formatted": ("name", "formatted"),
    "name.family_name": ("name", "familyName"),
    "name.given_name": ("name", "givenName"),
    "name.middle_name": ("name", "middleName"),
    "nick_name": ("nickName",),
    "preferred_language": ("preferredLanguage",),
    "locale": ("locale",),
    "timezone": ("timezone",),
}
_ATTRIBUTES: Final[Mapping[str, str]] = {
    **OF_USER,
    **{f"enterprise.{name}": attribute for name, attribute in OF_EMPLOYEE.items()},
    "enterprise.manager.value": MANAGER,
}
# The person that a row of `people` is a part of, if it is one.
ROOT: Final = func.coalesce(people.c.merged_into, people.c.id)


def user_expressions(sight: Sight) -> dict[str, Expression]:
    """Return what the attributes of a User are in SQL, but for those with several values."""
    found: dict[str, Expression] = {
        **_of_both(people),
        "display_name": people.c.name,
        "user_name": people.c.user_name,
        "active": people.c.active,
    }
    for name, path in _IN_REST.items():
        found[name] = people.c.scim[path].as_string()
    for name, attribute in _ATTRIBUTES.items():
        found[name] = _value(sight, attribute)
    return found


def group_expressions() -> dict[str, Expression]:
    """Return what the attributes of a Group are in SQL, but for its members."""
    return {**_of_both(teams), "display_name": teams.c.name}


def user_condition(condition: Condition, sight: Sight) -> ColumnElement[bool]:
    """Return what must hold of a row of `people`."""
    tests = _tests(user_expressions(sight), people)
    return _sql(condition, tests, {"emails": _has_email})


def group_condition(condition: Condition, sight: Sight) -> ColumnElement[bool]:
    """Return what must hold of a row of `teams`."""
    tests = _tests(group_expressions(), teams)
    return _sql(condition, tests, {"members": lambda term: _has_member(term, sight)})


def is_valid(table: FromClause, today: date) -> ColumnElement[bool]:
    """Tell which rows of a table with validities hold on a day."""
    return and_(table.c.valid_from <= today, table.c.valid_until > today)


Compared = Callable[[Test], ColumnElement[bool]]
Tests = Mapping[str, Compared]
Elements = Mapping[str, Callable[[Condition], ColumnElement[bool]]]


def _sql(condition: Condition, tests: Tests, elements: Elements) -> ColumnElement[bool]:
    match condition:
        case Every(terms=terms):
            return and_(*(_sql(term, tests, elements) for term in terms))
        case Either(terms=terms):
            return or_(*(_sql(term, tests, elements) for term in terms))
        case Opposite(term=term):
            # What is not known is not so, and its opposite is.
            return not_(func.coalesce(_sql(term, tests, elements), false()))
        case Element(name=name, term=term):
            return elements[name](term)
        case Never():
            return false()
        case Test(name=name) as test:
            several = elements.get(name.partition(".")[0])
            return tests[name](test) if several is None else _of_several(test, several)


def _of_several(test: Test, has: Callable[[Condition], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Tell whether one of several values is so; of `ne`, whether none is."""
    if test.operator is Operator.NE:
        return not_(has(replace(test, operator=Operator.EQ)))
    return has(test)


def _tests(expressions: Mapping[str, Expression], table: Table) -> Tests:
    found = {name: _comparison(expression) for name, expression in expressions.items()}
    return {**found, "id": _comparison_of_id(table.c.id)}


def _comparison(expression: Expression) -> Compared:
    return lambda test: _compare(expression, test)


def _comparison_of_id(id_: ColumnElement[UUID]) -> Compared:
    """Compare an id as one where that is enough, so that the index is of use."""

    def compare(test: Test) -> ColumnElement[bool]:
        if test.operator is not Operator.EQ or not isinstance(test.operand, str):
            return _compare(cast(id_, Text), test)
        asked = read_id(test.operand)
        return false() if asked is None else id_ == asked

    return compare


def _compare(expression: Expression, test: Test) -> ColumnElement[bool]:
    """Compare as the operator says; texts without regard to case, where that is not told."""
    if test.operand is None:
        is_there = expression.is_not(None)
        return is_there if test.operator is not Operator.EQ else not_(is_there)
    if not isinstance(test.operand, str):
        return _ORDERS[test.operator](expression, test.operand)
    if test.is_exact:
        return _compare_texts(expression, test.operator, test.operand)
    return _compare_texts(func.lower(expression), test.operator, test.operand.lower())


def _compare_texts(expression: Expression, operator: Operator, operand: str) -> ColumnElement[bool]:
    match operator:
        case Operator.CO:
            return expression.contains(operand, autoescape=True)
        case Operator.SW:
            return expression.startswith(operand, autoescape=True)
        case Operator.EW:
            return expression.endswith(operand, autoescape=True)
        case Operator.EQ | Operator.NE:
            return _ORDERS[operator](expression, operand)
        case _:
            # The order of the characters, whatever the language of the database.
            return _ORDERS[operator](collate(expression, "C"), operand)


_ORDERS: Final[Mapping[Operator, Callable[[Expression, object], ColumnElement[bool]]]] = {
    Operator.EQ: lambda left, right: left == right,
    Operator.NE: lambda left, right: left.is_distinct_from(right),
    Operator.GT: lambda left, right: left > right,
    Operator.GE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LE: lambda left, right: left <= right,
}


def _has_email(term: Condition) -> ColumnElement[bool]:
    """Tell whether one of the mail addresses of a User is so."""
    emails = func.json_array_elements(people.c.scim["emails"])
    each = emails.table_valued(column("email", JSON)).render_derived()
    email = each.c.email
    tests: Tests = {
        "emails.value": _comparison(email["value"].as_string()),
        "emails.type": _comparison(email["type"].as_string()),
        "emails.primary": _comparison(email["primary"].as_boolean()),
    }
    return exists(select(true()).select_from(each).where(_sql(term, tests, {})))


def is_of(person: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Tell which rows of `people` are a person, or a part of them; an index has both."""
    return or_(people.c.id == person, people.c.merged_into == person)


def _has_member(term: Condition, sight: Sight) -> ColumnElement[bool]:
    """Tell whether one of the members of a Group is so."""
    tests: Tests = {"members.value": _comparison_of_id(people.c.id)}
    return exists(
        select(true())
        .select_from(team_members)
        .join(people, is_member(sight))
        .where(team_members.c.team == teams.c.id, _sql(term, tests, {}))
        .correlate(teams)
    )


def is_member(sight: Sight) -> ColumnElement[bool]:
    """Tell which Users are in which teams today."""
    return and_(
        team_members.c.store == sight.store,
        is_valid(team_members, sight.today),
        is_user(sight),
        is_of(team_members.c.person),
    )


def is_user(sight: Sight) -> ColumnElement[bool]:
    """Tell which rows of `people` are Users that somebody sees."""
    conditions = [people.c.store == sight.store, people.c.user_name.is_not(None)]
    if sight.hidden:
        whose = person_identifiers.c
        hidden = select(whose.person).where(
            whose.store == sight.store, whose.agent.in_(sight.hidden)
        )
        conditions.append(ROOT.not_in(hidden))
    return and_(*conditions)


def _of_both(table: Table) -> dict[str, Expression]:
    return {
        "id": cast(table.c.id, Text),
        "external_id": table.c.external_id,
        "meta.created": table.c.created,
        "meta.last_modified": table.c.updated,
    }


def _value(sight: Sight, name: str) -> Expression:
    """Return the value that a person has of an attribute today, as far as it may be seen."""
    if name in sight.withheld:
        return null()
    known = person_attributes.alias()
    return (
        select(known.c.value)
        .where(
            known.c.store == sight.store,
            known.c.person == ROOT,
            known.c.name == name,
            is_valid(known, sight.today),
        )
        .correlate(people)
        .scalar_subquery()
    )
