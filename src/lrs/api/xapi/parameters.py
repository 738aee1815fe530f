"""The query parameters of the standard, read to the letter (Comm. 2.1.3, 3.2)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import unquote_plus, unquote_to_bytes
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lrs.errors import InvalidRequestError
from lrs.xapi.agents import read_agent
from lrs.xapi.iris import IRI_EXPECTED, is_iri
from lrs.xapi.keys import iri_key
from lrs.xapi.leniencies import Mode, is_activity_id
from lrs.xapi.queries import Format, StatementFilter
from lrs.xapi.timestamps import instant
from lrs.xapi.uuids import is_uuid

# In the scope of a request whose query was read.
_PARAMETERS = "lrs.parameters"
_LIMIT = re.compile(r"[0-9]{1,9}")

_Flag = Annotated[Literal["true", "false"] | None, WithJsonSchema({"type": "boolean"})]
_Uuid = Annotated[str | None, WithJsonSchema({"type": "string", "format": "uuid"})]
_RequiredUuid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
_Iri = Annotated[str | None, WithJsonSchema({"type": "string", "format": "iri"})]
_Moment = Annotated[str | None, WithJsonSchema({"type": "string", "format": "date-time"})]
_Count = Annotated[str | None, WithJsonSchema({"type": "integer", "minimum": 0})]
_Text = Annotated[str | None, WithJsonSchema({"type": "string"})]


class PutParameters(BaseModel):
    """Parameters of PUT (Comm. 2.1.1)."""

    model_config = ConfigDict(extra="forbid")

    statement_id: _RequiredUuid = Field(alias="statementId", description="Id to store it under.")

    def identifier(self) -> UUID:
        """Return the id.

        Raises:
            InvalidRequestError: it is no UUID.
        """
        return _uuid("statementId", self.statement_id)


class StatementsParameters(BaseModel):
    """Parameters of GET (Comm. 2.1.3)."""

    model_config = ConfigDict(extra="forbid")

    statement_id: _Uuid = Field(
        None, alias="statementId", description="One statement that is not voided."
    )
    voided_statement_id: _Uuid = Field(
        None, alias="voidedStatementId", description="One voided statement."
    )
    agent: _Text = Field(
        None,
        description="An Agent or identified Group as JSON: the actor, the object, or a member.",
        examples=['{"mbox":"mailto:ada@example.org"}'],
    )
    verb: _Iri = Field(None, description="The id of the verb.")
    activity: _Iri = Field(None, description="The id of the Activity that is the object.")
    registration: _Uuid = Field(None, description="The registration of the context.")
    related_activities: _Flag = Field(
        None, description="`activity` also reaches contextActivities and SubStatements."
    )
    related_agents: _Flag = Field(
        None, description="`agent` also reaches authority, instructor, team and SubStatements."
    )
    since: _Moment = Field(None, description="Only what was stored after this moment.")
    until: _Moment = Field(None, description="Only what was stored at or before this moment.")
    limit: _Count = Field(None, description="The most statements on a page; 0 is up to the LRS.")
    format: Format = Field(Format.EXACT, description="How the statements are presented.")
    attachments: _Flag = Field(None, description="Answer as multipart/mixed, with their data.")
    ascending: _Flag = Field(None, description="Oldest first.")
    more: _Text = Field(None, description="The link of the page before; nothing goes with it.")

    def filter(self, mode: Mode) -> StatementFilter:
        """Return the filters and the order.

        Args:
            mode: how strict the store is whose statements are looked for.

        Raises:
            InvalidRequestError: a value is not of the form it must have.
        """
        return StatementFilter(
            agent=_agent(self.agent),
            verb=_iri("verb", self.verb),
            activity=_activity(self.activity, mode),
            registration=uuid_of("registration", self.registration),
            related_agents=self.related_agents == "true",
            related_activities=self.related_activities == "true",
            since=moment_of("since", self.since),
            until=moment_of("until", self.until),
            ascending=self.ascending == "true",
        )

    def page_size(self) -> int:
        """Return `limit`, or 0 where it is left to the LRS.

        Raises:
            InvalidRequestError: it is no number.
        """
        if self.limit is None:
            return 0
        if not _LIMIT.fullmatch(self.limit):
            raise InvalidRequestError("limit must be a whole number, 0 or more (Comm. 2.1.3)")
        return int(self.limit)

    def check_combination(self) -> None:
        """Refuse what may not stand together.

        Raises:
            InvalidRequestError: `statementId`, `voidedStatementId` or `more` have company.
        """
        given = {_ALIASES[name] for name in self.model_fields_set}
        for name, company in _COMPANY.items():
            if name in given and (others := given - company - {name}):
                raise InvalidRequestError(
                    f"{name} cannot be combined with {', '.join(sorted(others))} (Comm. 2.1.3)"
                )


_ALIASES = {name: field.alias or name for name, field in StatementsParameters.model_fields.items()}
_COMPANY = {
    "statementId": frozenset({"format", "attachments"}),
    "voidedStatementId": frozenset({"format", "attachments"}),
    "more": frozenset(),
}


# FastAPI runs what is not async in a thread, which costs more than what these do.
async def check_single(request: Request) -> None:
    """Refuse parameters that are given twice, or are no UTF-8.

    Raises:
        InvalidRequestError: one is.
    """
    parameters_of(request)


def parameters_of(request: Request) -> Mapping[str, str]:
    """Return the parameters of the query, which is read once.

    Raises:
        InvalidRequestError: one is given twice, or is no UTF-8.
    """
    scope = request.scope
    found: Mapping[str, str] | None = scope.get(_PARAMETERS)
    if found is None:
        found = scope[_PARAMETERS] = _read(scope["query_string"])
    return found


def _read(query: bytes) -> Mapping[str, str]:
    parts = [part.partition("=") for part in query.decode("latin-1").split("&") if part]
    try:
        if not query.isascii():
            unquote_to_bytes(query).decode()
        pairs = [
            (unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict"))
            for name, _, value in parts
        ]
    except UnicodeDecodeError as error:
        raise InvalidRequestError("the parameters are not UTF-8 (Comm. 1.4)") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidRequestError(f"the parameter {name[:80]} is given twice (Comm. 3.2)")
        found[name] = value
    return found


async def check_none(request: Request) -> None:
    """Refuse all parameters.

    Raises:
        InvalidRequestError: there are some.
    """
    if not request.scope["query_string"]:
        return
    if names := ", ".join(sorted(set(request.query_params)))[:200]:
        raise InvalidRequestError(f"this request takes no parameters, but has {names} (Comm. 3.2)")


def uuid_of(name: str, value: str | None) -> UUID | None:
    """Return the value of a parameter that is a UUID.

    Raises:
        InvalidRequestError: it is none.
    """
    return None if value is None else _uuid(name, value)


def iri_of(name: str, value: str) -> str:
    """Return the value of a parameter that is an IRI.

    Raises:
        InvalidRequestError: it is none.
    """
    if not is_iri(value):
        raise InvalidRequestError(f"{name} {IRI_EXPECTED}, not {value[:80]!r} (Comm. 3.2)")
    return value


def activity_id_of(name: str, value: str, mode: Mode) -> str:
    """Return the value of a parameter that is the id of an Activity in a store of this mode.

    Raises:
        InvalidRequestError: the store cannot hold such an Activity.
    """
    return value if is_activity_id(value, mode) else iri_of(name, value)


def moment_of(name: str, value: str | None) -> datetime | None:
    """Return the value of a parameter that is a timestamp.

    Raises:
        InvalidRequestError: it is none.
    """
    if value is None:
        return None
    try:
        return instant(value)
    except ValueError as error:
        raise InvalidRequestError(f"{name} {error} (Comm. 3.2)") from error


def _uuid(name: str, value: str) -> UUID:
    if not is_uuid(value):
        raise InvalidRequestError(f"{name} must be a UUID, it is {value[:80]!r} (Comm. 3.2)")
    return UUID(value)


def _agent(value: str | None) -> UUID | None:
    if value is None:
        return None
    return read_agent(value).key


def _iri(name: str, value: str | None) -> UUID | None:
    return None if value is None else iri_key(iri_of(name, value))


def _activity(value: str | None, mode: Mode) -> UUID | None:
    return None if value is None else iri_key(activity_id_of("activity", value, mode))
