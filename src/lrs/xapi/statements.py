"""Statements and SubStatements, and the one way to read them (Data 2.4)."""

from typing import Annotated, Literal

from pydantic import Tag

from lrs.xapi.activities import Activity
from lrs.xapi.actors import Actor, Agent, Group
from lrs.xapi.attachments import Attachment
from lrs.xapi.contexts import Context
from lrs.xapi.json_text import parse
from lrs.xapi.properties import BRANCH, ByObjectType, Maybe, StrictModel
from lrs.xapi.references import StatementRef
from lrs.xapi.results import Result
from lrs.xapi.rules import statement_rules
from lrs.xapi.timestamps import Timestamp
from lrs.xapi.uuids import UUIDText
from lrs.xapi.validation import validated
from lrs.xapi.verbs import Verb
from lrs.xapi.versions import Version

_Activity = Annotated[Activity, Tag(BRANCH + "Activity")]
_Agent = Annotated[Agent, Tag(BRANCH + "Agent")]
_Group = Annotated[Group, Tag(BRANCH + "Group")]
_StatementRef = Annotated[StatementRef, Tag(BRANCH + "StatementRef")]


# Of a SubStatement, and of most statements.
PlainObject = Annotated[
    _Activity | _Agent | _Group | _StatementRef,
    ByObjectType("Activity", "`Activity`, `Agent`, `Group` or `StatementRef` in a SubStatement"),
]


class SubStatement(StrictModel):
    """A statement that is only spoken of, such as a plan (Data 2.4.4.3)."""

    object_type: Literal["SubStatement"]
    actor: Actor
    verb: Verb
    object: PlainObject
    result: Maybe[Result] = None
    context: Maybe[Context] = None
    timestamp: Maybe[Timestamp] = None
    attachments: Maybe[list[Attachment]] = None


_SubStatement = Annotated[SubStatement, Tag(BRANCH + "SubStatement")]


class Statement(StrictModel):
    """Somebody did something (Data 2.4)."""

    id: Maybe[UUIDText] = None
    actor: Actor
    verb: Verb
    object: Annotated[
        _Activity | _Agent | _Group | _StatementRef | _SubStatement,
        ByObjectType(
            "Activity",
            "`Activity`, `Agent`, `Group`, `StatementRef` or `SubStatement`",
        ),
    ]
    result: Maybe[Result] = None
    context: Maybe[Context] = None
    timestamp: Maybe[Timestamp] = None
    stored: Maybe[Timestamp] = None
    authority: Maybe[Actor] = None
    version: Maybe[str] = None
    attachments: Maybe[list[Attachment]] = None


def sub_statement_of(statement: Statement) -> SubStatement | None:
    """Return the object of a statement if it is a SubStatement.

    To ask for the class of a model that is another one takes long, so its kind is looked at first.
    """
    target = statement.object
    if target.object_type == "SubStatement" and isinstance(target, SubStatement):
        return target
    return None


def read_statement(raw: bytes, version: Version, path: str = "") -> Statement:
    """Read one statement strictly, by the rules of a version (Data 2.2, 2.4).

    Args:
        raw: its JSON text, one of those that `json_text.split` returns.
        version: the version that the request asked for.
        path: where it lies in the request, such as `statements[3]`.

    Raises:
        InvalidRequestError: the text is no JSON.
        InvalidStatementError: rules are broken; it names every one that is.
    """
    parsed = parse(raw, path)
    rules = statement_rules(parsed, version)
    return validated(parsed, Statement.model_validate, rules, path=path)
