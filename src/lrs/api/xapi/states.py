"""The State Resource over HTTP (Comm. 2.3)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security, status

from lrs.api.credentials import May
from lrs.api.xapi import described_documents as described
from lrs.api.xapi.document_parameters import (
    StateParameters,
    StatesDeletion,
    StatesParameters,
)
from lrs.api.xapi.documents import delete_documents, get_documents, post_document, put_document
from lrs.api.xapi.parameters import check_single
from lrs.api.xapi.routes import ResourceRoute
from lrs.api.xapi.versions import RequestVersion
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope

router = APIRouter(
    prefix="/xapi/activities/state",
    tags=["xAPI"],
    dependencies=[Depends(check_single)],
    route_class=ResourceRoute,
)

Writer = Annotated[Principal, Security(May(Scope.STATE))]
Reader = Annotated[Principal, Security(May(Scope.STATE, Scope.ALL_READ))]


@router.put(
    "",
    summary="Store a state document",
    operation_id="putState",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.PUT_ANSWERS,
    openapi_extra=described.PUT_REQUEST,
)
async def put_state(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[StateParameters, Query()],
) -> Response:
    """Store a document; in 2.0 one that is there is only replaced by who names its ETag."""
    return await put_document(request, principal, version, parameters.key(version))


@router.post(
    "",
    summary="Merge into a state document",
    operation_id="postState",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.POST_ANSWERS,
    openapi_extra=described.POST_REQUEST,
)
async def post_state(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[StateParameters, Query()],
) -> Response:
    """Put the top-level properties of a JSON object into the document, or store a new one."""
    return await post_document(request, principal, parameters.key(version))


@router.get(
    "",
    summary="Get a state document, or the ids of many",
    operation_id="getState",
    responses=described.GET_ANSWERS,
)
async def get_states(
    request: Request,
    principal: Reader,
    version: RequestVersion,
    parameters: Annotated[StatesParameters, Query()],
) -> Response:
    """Answer with the bytes that were stored, or with an array of ids, the newest last."""
    return await get_documents(request, principal, parameters.wanted(version))


@router.delete(
    "",
    summary="Delete one state document or all",
    operation_id="deleteState",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.DELETE_ANSWERS,
    openapi_extra=described.CONDITIONS,
)
async def delete_states(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[StatesDeletion, Query()],
) -> Response:
    """Delete a document, or all of an Activity and agent, and of a registration if it is given."""
    return await delete_documents(request, principal, parameters.wanted(version))
