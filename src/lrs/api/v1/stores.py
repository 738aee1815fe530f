"""Stores over HTTP: `docs/stores.md` says what a store is, and what it can set for itself."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.auth.store_settings import OF_THE_PLATFORM
from lrs.errors import ForbiddenError, StoreConflictError
from lrs.services.stores import STORE_NAME, StoreWithUsage
from lrs.xapi.leniencies import Mode
from lrs.xapi.versions import Version

router = APIRouter(prefix="/api/v1/stores", tags=["stores"], route_class=JsonRoute)

Platform = Annotated[Principal, Security(May(Scope.PLATFORM))]
Admin = Annotated[Principal, Security(May(Scope.ADMIN))]
# Stores that were made before names were checked have any.
StoreName = Annotated[
    str, Path(alias="name", max_length=1_000, pattern=r"^[^\x00]+$", description="of a store")
]
NewName = Annotated[str, Field(pattern=STORE_NAME, examples=["sales-academy"])]

_ALWAYS = (errors.UnauthenticatedError, errors.ForbiddenError, errors.UnavailableError)
_WITH_BODY = (errors.InvalidRequestError, errors.TooLargeError, errors.SlowBodyError)
_OWN = (errors.InvalidRequestError, errors.StoreNotFoundError, *_ALWAYS)


class SettingsBody(BaseModel):
    """What a store sets for itself; null is as the service is set."""

    # Names that are not known are told together with those that are.
    model_config = ConfigDict(
        extra="allow",
        from_attributes=True,
        strict=True,
        json_schema_extra={"additionalProperties": False},
    )

    default_version: Annotated[Version, Field(strict=False)] | None = Field(
        default=None, description="told to who asks for a version of xAPI that is not served"
    )
    page_size: int | None = Field(
        default=None, description="statements on a page where no limit is given"
    )
    max_page_size: int | None = Field(default=None, description="the most statements on a page")
    max_body_bytes: int | None = Field(default=None, description="of statements and documents")
    max_statement_bytes: int | None = Field(default=None, description="of one statement")
    max_batch: int | None = Field(default=None, description="the most statements in a POST")
    max_nesting: int | None = Field(default=None, description="levels of a statement")
    body_timeout: int | None = Field(
        default=None, description="seconds that a body may be behind its slowest pace"
    )
    query_timeout: int | None = Field(
        default=None, description="seconds that a list or a sum may take"
    )
    requests_per_second: int | None = Field(default=None, description="of one credential")
    statements_per_minute: int | None = Field(default=None, description="of one credential")
    requests_at_once: int | None = Field(default=None, description="of one credential")
    max_statements: int | None = Field(default=None, description="that the store may hold")
    max_bytes: int | None = Field(
        default=None, description="of statements and attachments that the store may hold"
    )

    def changes(self) -> dict[str, object]:
        """Return what was sent, known or not."""
        return self.model_dump(exclude_unset=True)


class NewStoreBody(BaseModel):
    """A store to be made."""

    model_config = ConfigDict(extra="forbid")

    name: NewName
    mode: Mode = Mode.STRICT
    settings: SettingsBody = SettingsBody()
    pseudonymous: bool = Field(
        default=False,
        strict=True,
        description="actors are kept by keyed pseudonyms alone, for ever (docs/pseudonyms.md)",
    )


class StoreChangesBody(BaseModel):
    """What is to change of a store; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode | None = None
    settings: SettingsBody = Field(
        default=SettingsBody(), description="those to change; null clears one"
    )


class StoreBody(BaseModel):
    """A store."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    mode: Mode
    settings: SettingsBody
    created: datetime
    deleting: datetime | None = Field(description="since when it is being deleted")
    pseudonymous: bool = Field(description="its actors are kept by pseudonyms alone")


class StoresBody(BaseModel):
    """Stores, oldest first."""

    stores: list[StoreBody]


class UsageBody(BaseModel):
    """How much a store holds."""

    model_config = ConfigDict(from_attributes=True)

    statements: int
    bytes: int = Field(description="of the JSON texts of statements, and of attachments")


class StoreWithUsageBody(StoreBody):
    """A store, and how much it holds."""

    usage: UsageBody

    @classmethod
    def of(cls, found: StoreWithUsage) -> Self:
        """Write a store down."""
        store = StoreBody.model_validate(found.store)
        return cls(**dict(store), usage=UsageBody.model_validate(found.usage))


class DeletionRequestBody(BaseModel):
    """That a store is to be deleted for good."""

    model_config = ConfigDict(extra="forbid")

    confirm: str = Field(description="the name of the store, typed to be sure", max_length=1_000)


class DeletionBody(BaseModel):
    """How far the deletion of a store has come."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    requested: datetime
    requested_by: str
    total: int | None = Field(description="rows that there were; null until they are counted")
    deleted: int = Field(description="rows that are gone")
    finished: datetime | None = Field(description="when nothing was left; null if something is")


@router.post(
    "",
    summary="Make a store",
    operation_id="createStore",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        *_WITH_BODY, errors.UnknownMemberError, errors.StoreConflictError, *_ALWAYS
    ),
)
async def create_store(request: Request, principal: Platform, wanted: NewStoreBody) -> StoreBody:
    """Make an empty store; a credential is made for it apart."""
    made = await services_of(request).stores.create(
        caller_of(request, principal),
        wanted.name,
        wanted.mode,
        wanted.settings.changes(),
        pseudonymous=wanted.pseudonymous,
    )
    return StoreBody.model_validate(made)


@router.get("", summary="List stores", operation_id="listStores", responses=responses(*_ALWAYS))
async def list_stores(request: Request, principal: Admin) -> StoresBody:
    """Answer with all stores; without `platform`, with one's own."""
    found = await services_of(request).stores.list_all()
    sees_all = principal.may(Scope.PLATFORM)
    seen = [each for each in found if sees_all or each.id == principal.store]
    return StoresBody(stores=[StoreBody.model_validate(each) for each in seen])


@router.get(
    "/{name}",
    summary="Get a store and how much it holds",
    operation_id="getStore",
    responses=responses(*_OWN),
)
async def get_store(request: Request, principal: Admin, name: StoreName) -> StoreWithUsageBody:
    """Answer with a store; without `platform`, with one's own."""
    _require_own(principal, name)
    return StoreWithUsageBody.of(await services_of(request).stores.get(name))


@router.patch(
    "/{name}",
    summary="Set a store",
    operation_id="changeStore",
    responses=responses(
        *_WITH_BODY,
        errors.UnknownMemberError,
        errors.StoreNotFoundError,
        errors.StoreConflictError,
        *_ALWAYS,
    ),
)
async def change_store(
    request: Request, principal: Admin, name: StoreName, wanted: StoreChangesBody
) -> StoreWithUsageBody:
    """Set a store; within a second all processes go by it. What it holds stays as it is.

    Without `platform` it is one's own, and neither its rates nor its quotas.
    """
    _require_own(principal, name)
    changes = wanted.settings.changes()
    if not OF_THE_PLATFORM.isdisjoint(changes):
        principal.require(Scope.PLATFORM)
    service = services_of(request).stores
    await service.change(caller_of(request, principal), name, wanted.mode, changes)
    return StoreWithUsageBody.of(await service.get(name))


@router.delete(
    "/{name}",
    summary="Delete a store for good",
    operation_id="deleteStore",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(
        *_WITH_BODY, errors.StoreNotFoundError, errors.StoreConflictError, *_ALWAYS
    ),
)
async def delete_store(
    request: Request, principal: Platform, name: StoreName, wanted: DeletionRequestBody
) -> DeletionBody:
    """Let nobody into a store any more, and have all that it holds deleted in the background."""
    if name == principal.store_name:
        raise StoreConflictError(
            "this is the store of your own credentials, which would end at once: use those of"
            " another store, or `lrs store delete`"
        )
    begun = await services_of(request).stores.delete(
        caller_of(request, principal), name, wanted.confirm
    )
    return DeletionBody.model_validate(begun)


@router.get(
    "/{name}/deletion",
    summary="Tell how far the deletion of a store has come",
    operation_id="getStoreDeletion",
    responses=responses(*_OWN),
)
async def get_store_deletion(request: Request, _: Platform, name: StoreName) -> DeletionBody:
    """Answer with the deletion of the last store of this name, also when it is over."""
    return DeletionBody.model_validate(await services_of(request).stores.deletion(name))


def _require_own(principal: Principal, name: str) -> None:
    """Refuse who asks for another's store, whether it is there or not.

    Raises:
        ForbiddenError: it is not their own, and they do not manage all of them.
    """
    if name != principal.store_name and not principal.may(Scope.PLATFORM):
        raise ForbiddenError.lacking([Scope.PLATFORM])
