"""Credentials over HTTP: `docs/credentials.md` says what they may do."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response, Security, status

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.credential_bodies import (
    AgentBody,
    ChangedCredentialBody,
    CredentialBody,
    CredentialsBody,
    MadeCredentialBody,
    NewCredentialBody,
    RotationBody,
)
from lrs.api.v1.other_stores import OtherStore
from lrs.auth.principals import Principal
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.auth.terms import LONGEST_NAME, Terms
from lrs.services.administrators import Administrator
from lrs.services.credentials import WantedCredential

# What a credential cannot be without, so that null says nothing of it.
_NEVER_NULL = frozenset(("label", "system", "system_kind", "scopes", "rates"))

_OF_ONE = responses(
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.CredentialNotFoundError,
    errors.UnavailableError,
)
_OF_A_CHANGE = _OF_ONE | responses(errors.PseudonymKeyForgottenError, errors.TooLargeError)

router = APIRouter(prefix="/api/v1/credentials", tags=["credentials"], route_class=JsonRoute)

Admin = Annotated[Principal, Security(May(Scope.ADMIN))]
Key = Annotated[
    str, Path(description="of the credential", max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")
]


@router.post(
    "",
    summary="Make a credential",
    operation_id="createCredential",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.StoreNotFoundError,
        errors.StoreConflictError,
        errors.TooLargeError,
        errors.UnavailableError,
    ),
)
async def create_credential(
    request: Request,
    principal: Admin,
    asked: NewCredentialBody,
    store: OtherStore = None,
) -> MadeCredentialBody:
    """Make a credential that can do and see no more than who makes it, and show its secret once."""
    terms = Terms(
        label=asked.label,
        system=asked.system,
        system_kind=asked.system_kind,
        scopes=Scopes(asked.scopes),
        grant=Grant.of(_texts(asked.agents), asked.activities),
        origins=None if asked.origins is None else tuple(asked.origins),
        networks=None if asked.networks is None else tuple(asked.networks),
        rates=asked.rates.model_dump(exclude_none=True),
        expires=asked.expires,
    )
    authority = None if asked.authority is None else _text(asked.authority)
    made = await services_of(request).credentials.create(
        _administrator(request, principal, store), WantedCredential(terms, authority)
    )
    return MadeCredentialBody.of_made(made)


@router.get(
    "",
    summary="List credentials",
    operation_id="listCredentials",
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.StoreNotFoundError,
        errors.UnavailableError,
    ),
)
async def list_credentials(
    request: Request, principal: Admin, store: OtherStore = None
) -> CredentialsBody:
    """Tell of all credentials of a store, revoked ones too, oldest first; never of a secret."""
    administrator = _administrator(request, principal, store)
    found = await services_of(request).credentials.list_all(administrator)
    return CredentialsBody(credentials=[CredentialBody.of(each) for each in found])


@router.get(
    "/{key}",
    summary="Get a credential",
    operation_id="getCredential",
    responses=_OF_ONE,
)
async def get_credential(
    request: Request, principal: Admin, key: Key, store: OtherStore = None
) -> CredentialBody:
    """Tell of a credential, also of a revoked one; never of its secret."""
    administrator = _administrator(request, principal, store)
    found = await services_of(request).credentials.get(administrator, key)
    return CredentialBody.of(found)


@router.patch(
    "/{key}",
    summary="Change a credential",
    operation_id="changeCredential",
    responses=_OF_A_CHANGE,
)
async def change_credential(
    request: Request,
    principal: Admin,
    key: Key,
    asked: ChangedCredentialBody,
    store: OtherStore = None,
) -> CredentialBody:
    """Change what a credential is for and may do; within a second it holds everywhere.

    Its authority stays: it vouches for what was written.
    """
    administrator = _administrator(request, principal, store)
    changes = _changes(asked)
    changed = await services_of(request).credentials.change(administrator, key, changes)
    return CredentialBody.of(changed)


@router.post(
    "/{key}/rotate",
    summary="Give a credential a new secret",
    operation_id="rotateCredential",
    responses=_OF_A_CHANGE,
)
async def rotate_credential(
    request: Request,
    principal: Admin,
    key: Key,
    asked: RotationBody,
    store: OtherStore = None,
) -> MadeCredentialBody:
    """Make a new secret and show it once; the old one is good for `overlap` more seconds."""
    administrator = _administrator(request, principal, store)
    made = await services_of(request).credentials.rotate(administrator, key, asked.overlap)
    return MadeCredentialBody.of_made(made)


@router.delete(
    "/{key}",
    summary="Revoke a credential",
    operation_id="revokeCredential",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_OF_ONE,
)
async def revoke_credential(
    request: Request, principal: Admin, key: Key, store: OtherStore = None
) -> Response:
    """Take a credential back for good: within a second no process takes it any more."""
    administrator = _administrator(request, principal, store)
    await services_of(request).credentials.revoke(administrator, key)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _administrator(request: Request, principal: Principal, store: str | None) -> Administrator:
    return Administrator(caller_of(request, principal), principal, store)


def _text(agent: AgentBody) -> str:
    return json.dumps(agent, ensure_ascii=False)


def _texts(agents: list[AgentBody] | None) -> list[str] | None:
    return None if agents is None else [*map(_text, agents)]


def _changes(asked: ChangedCredentialBody) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in asked.model_fields_set:
        value = getattr(asked, name)
        if value is not None:
            changes[name] = _read(name, value)
        elif name not in _NEVER_NULL:
            changes[name] = None
    return changes


def _read(name: str, value: Any) -> object:  # noqa: ANN401 - whatever a field of the body holds
    match name:
        case "scopes":
            return Scopes(value)
        case "agents":
            return tuple(map(_text, value))
        case "activities" | "origins" | "networks":
            return tuple(value)
        case "rates":
            return value.model_dump(exclude_none=True)
    return value
