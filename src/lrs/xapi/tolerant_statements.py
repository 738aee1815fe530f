"""Statements as tolerant stores read them: with the leniencies that real clients need.

A statement is read strictly first. Only one that is refused is read again by the models here,
which note each leniency that they need; so none is counted where the standard would do.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema

from lrs.errors import InvalidStatementError
from lrs.xapi import leniencies
from lrs.xapi.activities import Activity
from lrs.xapi.actors import Agent, Group
from lrs.xapi.contexts import Context, ContextActivities, as_array
from lrs.xapi.findings import Finding
from lrs.xapi.iris import Iri
from lrs.xapi.json_text import parse
from lrs.xapi.languages import LanguageTag
from lrs.xapi.leniencies import Leniency, Mode
from lrs.xapi.properties import BRANCH, ByObjectType, Maybe
from lrs.xapi.references import StatementRef
from lrs.xapi.rules import statement_rules
from lrs.xapi.statements import Statement, SubStatement, read_statement
from lrs.xapi.validation import validated
from lrs.xapi.versions import Version


class ReadStatement(NamedTuple):
    """A statement, and the leniencies without which it would have been refused."""

    statement: Statement
    leniencies: frozenset[Leniency]


def read_statement_as(mode: Mode, raw: bytes, version: Version, path: str = "") -> ReadStatement:
    """Read one statement as strictly as a store wants it, by the rules of a version.

    Args:
        mode: that of the store.
        raw: its JSON text, one of those that `json_text.split` returns.
        version: the version that the request asked for.
        path: where it lies in the request, such as `statements[3]`.

    Raises:
        InvalidRequestError: the text is no JSON.
        InvalidStatementError: rules are broken that the mode does not forgive; it names each.
    """
    try:
        return ReadStatement(read_statement(raw, version, path), frozenset())
    except InvalidStatementError:
        if mode is Mode.STRICT:
            raise
    parsed = parse(raw, path)
    used: set[Leniency] = set()
    rules = _unforgiven(statement_rules(parsed, version), used)
    validate = partial(_TolerantStatement.model_validate, context=used)
    statement = validated(parsed, validate, rules, path=path)
    return ReadStatement(statement, frozenset(used))


def _unforgiven(rules: Iterable[Finding], used: set[Leniency]) -> Iterator[Finding]:
    for finding in rules:
        if finding.leniency is None:
            yield finding
        else:
            used.add(finding.leniency)


def _forgiving(leniency: Leniency, read: Callable[[str], str | None]) -> WrapValidator:
    """Let a type take texts that it would refuse.

    Args:
        leniency: what is noted, in the context of the validation, when it is needed.
        read: returns what a text counts as, None if it is refused all the same.
    """

    def validate(
        value: object, strictly: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        try:
            return strictly(value)
        except ValidationError:
            forgiven = read(value) if isinstance(value, str) else None
            if forgiven is None:
                raise
        cast("set[Leniency]", info.context).add(leniency)
        return forgiven

    return WrapValidator(validate)


class _TolerantActivity(Activity):
    object_type: Annotated[
        Maybe[Literal["Activity"]],
        _forgiving(Leniency.GROUP_ACTIVITY, leniencies.activity_type),
    ] = None
    id: Annotated[Iri, _forgiving(Leniency.ACTIVITY_ID_NOT_IRI, leniencies.activity_id)]


@dataclass(frozen=True, slots=True)
class _ReadAsTolerant:
    """Has an Activity read by the tolerant model, which the elements of a list else cannot be."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return handler.generate_schema(_TolerantActivity)


_AnyActivity = Annotated[Activity, _ReadAsTolerant()]
_Activities = Annotated[list[_AnyActivity], BeforeValidator(as_array)]
_Activity = Annotated[_AnyActivity, Tag(BRANCH + "Activity")]
_GroupActivity = Annotated[_AnyActivity, Tag(BRANCH + "GroupActivity")]
_Agent = Annotated[Agent, Tag(BRANCH + "Agent")]
_Group = Annotated[Group, Tag(BRANCH + "Group")]
_StatementRef = Annotated[StatementRef, Tag(BRANCH + "StatementRef")]


class _TolerantContextActivities(ContextActivities):
    parent: Maybe[_Activities] = None
    grouping: Maybe[_Activities] = None
    category: Maybe[_Activities] = None
    other: Maybe[_Activities] = None


class _TolerantContext(Context):
    context_activities: Maybe[_TolerantContextActivities] = None
    language: Annotated[
        Maybe[LanguageTag],
        _forgiving(Leniency.LANGUAGE_WITH_UNDERSCORES, leniencies.language),
    ] = None


class _TolerantSubStatement(SubStatement):
    object: Annotated[
        _Activity | _GroupActivity | _Agent | _Group | _StatementRef,
        ByObjectType(
            "Activity",
            "`Activity`, `Agent`, `Group` or `StatementRef` in a SubStatement",
        ),
    ]
    context: Maybe[_TolerantContext] = None


_SubStatement = Annotated[_TolerantSubStatement, Tag(BRANCH + "SubStatement")]


class _TolerantStatement(Statement):
    object: Annotated[
        _Activity | _GroupActivity | _Agent | _Group | _StatementRef | _SubStatement,
        ByObjectType(
            "Activity",
            "`Activity`, `Agent`, `Group`, `StatementRef` or `SubStatement`",
        ),
    ]
    context: Maybe[_TolerantContext] = None
