"""The Agent Profile Resource over HTTP (Comm. 2.6)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security, status

from lrs.api.credentials import May
from lrs.api.xapi import described_documents as described
from lrs.api.xapi.document_parameters import AgentProfileParameters, AgentProfilesParameters
from lrs.api.xapi.documents import delete_documents, get_documents, post_document, put_document
from lrs.api.xapi.parameters import check_single
from lrs.api.xapi.routes import ResourceRoute
from lrs.api.xapi.versions import RequestVersion
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope

router = APIRouter(
    prefix="/xapi/agents/profile",
    tags=["xAPI"],
    dependencies=[Depends(check_single)],
    route_class=ResourceRoute,
)

Writer = Annotated[Principal, Security(May(Scope.PROFILE))]
Reader = Annotated[Principal, Security(May(Scope.PROFILE, Scope.ALL_READ))]


@router.put(
    "",
    summary="Store an Agent profile document",
    operation_id="putAgentProfile",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.PUT_ANSWERS,
    openapi_extra=described.PUT_REQUEST,
)
async def put_agent_profile(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[AgentProfileParameters, Query()],
) -> Response:
    """Store a document; one that is there is only replaced by a request that names its ETag."""
    return await put_document(request, principal, version, parameters.key(version))


@router.post(
    "",
    summary="Merge into an Agent profile document",
    operation_id="postAgentProfile",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.POST_ANSWERS,
    openapi_extra=described.POST_REQUEST,
)
async def post_agent_profile(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[AgentProfileParameters, Query()],
) -> Response:
    """Put the top-level properties of a JSON object into the document, or store a new one."""
    return await post_document(request, principal, parameters.key(version))


@router.get(
    "",
    summary="Get an Agent profile document, or the ids of many",
    operation_id="getAgentProfile",
    responses=described.GET_ANSWERS,
)
async def get_agent_profiles(
    request: Request,
    principal: Reader,
    version: RequestVersion,
    parameters: Annotated[AgentProfilesParameters, Query()],
) -> Response:
    """Answer with the bytes that were stored, or with an array of ids, the newest last."""
    return await get_documents(request, principal, parameters.wanted(version))


@router.delete(
    "",
    summary="Delete an Agent profile document",
    operation_id="deleteAgentProfile",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=described.DELETE_ANSWERS,
    openapi_extra=described.CONDITIONS,
)
async def delete_agent_profile(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[AgentProfileParameters, Query()],
) -> Response:
    """Delete a document; that there is none is no failure."""
    return await delete_documents(request, principal, parameters.key(version))
