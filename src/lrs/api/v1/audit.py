"""The audit log over HTTP: `docs/audit.md` says what stands in it."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Self

import msgspec
from fastapi import APIRouter, Query, Request, Security
from itsdangerous import BadData, URLSafeSerializer
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.problems import responses
from lrs.api.state import options_of, services_of
from lrs.auth.audit import Action, AuditEvent, AuditFilter, Outcome, WhoKind
from lrs.auth.audit_chain import AuditRecord
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError
from lrs.services.audit_log import AuditPage

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

Auditor = Annotated[Principal, Security(May(Scope.AUDIT_READ))]

_LIMIT, _MOST = 100, 1_000
_Text = Annotated[str | None, Field(max_length=2_000, pattern=r"^[^\x00]*$")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be in the years 1 to 9999 of UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class AuditParameters(BaseModel):
    """Which records are wanted: all that is given must be met exactly."""

    model_config = ConfigDict(extra="forbid")

    since: Moment | None = Field(None, description="Recorded at this moment or later.")
    until: Moment | None = Field(None, description="Recorded before this moment.")
    action: Action | None = Field(None, description="What was done.")
    who: _Text = Field(None, description="The key of a credential, the id of a user or a token.")
    target: _Text = Field(None, description="What it was done to.")
    outcome: Outcome | None = Field(None, description="How it ended.")
    address: _Text = Field(None, description="From where.")
    limit: int = Field(_LIMIT, ge=1, le=_MOST, description="The most records on a page.")
    store: _Text = Field(
        None,
        description=(
            "The name of another store, for who may do `platform`; `-` is what belongs to none."
        ),
    )
    more: _Text = Field(
        None, description="What the page before gave in its `more`; nothing else goes with it."
    )


class RecordBody(BaseModel):
    """A use of power, as it was recorded."""

    number: int = Field(description="its place in the log of the store, from 1 on without a gap")
    at: datetime = Field(description="when it was recorded")
    who_kind: WhoKind
    who: str | None = Field(description="the key of a credential, the id of a user or a token")
    address: str | None = Field(description="of the client")
    action: Action
    target: str | None = Field(description="what it was done to")
    outcome: Outcome
    request_id: str
    details: dict[str, Any] | None = Field(description="further facts")
    erased: list[str] = Field(description="the fields that were erased since")
    hash: str = Field(description="SHA-256 over this record and the hash of the one before")

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """Write a record down."""
        return cls(
            number=record.number,
            at=record.at,
            who_kind=WhoKind(record.who_kind),
            who=record.who,
            address=record.address,
            action=Action(record.action),
            target=record.target,
            outcome=Outcome(record.outcome),
            request_id=record.request_id,
            details=None if record.details is None else json.loads(record.details),
            erased=[*record.erased],
            hash=record.hash.hex(),
        )


class AuditBody(BaseModel):
    """A page of the audit log."""

    records: list[RecordBody] = Field(description="the newest first")
    more: str | None = Field(description="the address of the next page; null on the last one")


class _Reading(msgspec.Struct, frozen=True, array_like=True):
    """What a reader asked for, and how far the answer has come."""

    store: int
    wanted: AuditFilter
    limit: int
    before: int | None = None

    def link(self, path: str, key: bytes) -> str:
        """Return an absolute path, with a signed token in its query."""
        return f"{path}?more={_serializer(key).dumps(msgspec.to_builtins(self))}"


@router.get(
    "",
    summary="Read the audit log",
    operation_id="getAudit",
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.StoreNotFoundError,
        errors.UnavailableError,
    ),
)
async def get_audit(
    request: Request, principal: Auditor, parameters: Annotated[AuditParameters, Query()]
) -> AuditBody:
    """Answer with who used which power when, the newest first; that it was read is recorded too."""
    services = services_of(request)
    reading = await _reading(request, principal, parameters)
    page = await services.audit_log.query(
        reading.store, reading.wanted, reading.limit, reading.before
    )
    caller = caller_of(request, principal)
    services.audit.note(reading.store, AuditEvent(caller, Action.AUDIT_READ))
    records = [RecordBody.of(record) for record in page.records]
    return AuditBody(records=records, more=_more(request, reading, page))


async def _reading(request: Request, principal: Principal, asked: AuditParameters) -> _Reading:
    if asked.more is not None:
        if asked.model_fields_set != {"more"}:
            raise InvalidRequestError("`more` cannot be combined with anything")
        return _continued(request, principal, asked.more)
    wanted = AuditFilter(
        since=asked.since,
        until=asked.until,
        action=asked.action,
        who=asked.who,
        target=asked.target,
        outcome=asked.outcome,
        address=asked.address,
    )
    return _Reading(await _store(request, principal, asked.store), wanted, asked.limit)


async def _store(request: Request, principal: Principal, name: str | None) -> int:
    """Return the number of the store whose log is read.

    Raises:
        ForbiddenError: it is another one, and the principal may not do `platform`.
        StoreNotFoundError: there is none with this name.
    """
    if name is None:
        return principal.store
    principal.require(Scope.PLATFORM)
    return await services_of(request).audit_log.store_named(name)


def _continued(request: Request, principal: Principal, token: str) -> _Reading:
    try:
        said = _serializer(options_of(request).more_key).loads(token)
        reading = msgspec.convert(said, _Reading)
    except (BadData, msgspec.ValidationError) as error:
        raise InvalidRequestError("`more` is no link that this LRS has given out") from error
    if reading.store != principal.store:
        principal.require(Scope.PLATFORM)
    return reading


def _more(request: Request, reading: _Reading, page: AuditPage) -> str | None:
    if page.following is None:
        return None
    following = msgspec.structs.replace(reading, before=page.following)
    path = f"{request.scope.get('root_path', '')}{router.prefix}"
    return following.link(path, options_of(request).more_key)


def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="audit more")
