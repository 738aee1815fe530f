"""`/scim/v2/Users`: persons, as an identity provider or an HR system pushes them."""

from typing import Any

from fastapi import APIRouter, Request, Response, status
from scim2_models import ResponseParameters

from lrs.api.notes import note_person_read
from lrs.api.scim.described import (
    BODY,
    CHANGING,
    GIVING_UP,
    MAKING,
    READING,
    READING_ONE,
    SENDING,
    scim_answers,
)
from lrs.api.scim.exchange import (
    IfMatch,
    IfNoneMatch,
    Reader,
    ResourceId,
    Shown,
    ShownParameters,
    Wanted,
    Writer,
    answer,
    answer_list,
    answer_unless_known,
    asking_of,
    body_of,
    nothing,
)
from lrs.api.scim_problems import SCIM
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.people.scim_bodies import read_json, read_user
from lrs.people.scim_patches import read_id, read_user_patch
from lrs.people.scim_searches import Search, read_search, read_shown

router = APIRouter(prefix=f"{SCIM}/Users", tags=["scim"])

_KINDS = ("User",)


@router.get(
    "",
    summary="Find users",
    operation_id="findScimUsers",
    responses=scim_answers(200, "A page of users.", *READING),
)
async def find_users(request: Request, principal: Reader, wanted: Wanted) -> Response:
    """Answer with a page of users, in the order in which they were made if no other is wanted."""
    return await _find(request, principal, read_search(wanted.told(), _KINDS))


@router.post(
    "",
    summary="Make a user",
    operation_id="createScimUser",
    status_code=status.HTTP_201_CREATED,
    responses=scim_answers(201, "The user that was made.", *MAKING),
    openapi_extra=BODY,
)
async def create_user(request: Request, principal: Writer, parameters: Shown) -> Response:
    """Make a user: of the person whom the mail addresses lead to, or of a new one."""
    shown, wanted = _shown(parameters), read_user(await body_of(request))
    made = await services_of(request).persons.scim_users.create(
        asking_of(request, principal), wanted
    )
    return answer(made, shown, status.HTTP_201_CREATED)


@router.post(
    "/.search",
    summary="Find users by a body",
    operation_id="searchScimUsers",
    responses=scim_answers(200, "A page of users.", *SENDING),
    openapi_extra=BODY,
)
async def search_users(request: Request, principal: Reader) -> Response:
    """Answer with a page of users, as for GET, whose parameters here stand in the body."""
    told = read_json(await body_of(request))
    return await _find(request, principal, read_search(told, _KINDS))


@router.get(
    "/{resource}",
    summary="Get a user",
    operation_id="getScimUser",
    responses=scim_answers(200, "The user.", *READING_ONE),
)
async def get_user(
    request: Request,
    principal: Reader,
    resource: ResourceId,
    parameters: Shown,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with a user, or with 304 if the client knows this version."""
    shown = _shown(parameters)
    user = await services_of(request).persons.scim_users.get(
        asking_of(request, principal), resource
    )
    note_person_read(request, principal, read_id(resource))
    return answer_unless_known(user, shown, if_none_match)


@router.put(
    "/{resource}",
    summary="Replace a user",
    operation_id="replaceScimUser",
    responses=scim_answers(200, "The user as it is now.", *CHANGING),
    openapi_extra=BODY,
)
async def replace_user(
    request: Request,
    principal: Writer,
    resource: ResourceId,
    parameters: Shown,
    if_match: IfMatch = None,
) -> Response:
    """Have a user be what the body says, and nothing else; departments and the like from today."""
    shown = _shown(parameters)
    wanted = read_user(await body_of(request), is_replacement=True)
    asking = asking_of(request, principal, if_match)
    return answer(
        await services_of(request).persons.scim_users.replace(asking, resource, wanted), shown
    )


@router.patch(
    "/{resource}",
    summary="Change a user",
    operation_id="changeScimUser",
    responses=scim_answers(200, "The user as it is now.", *CHANGING),
    openapi_extra=BODY,
)
async def change_user(
    request: Request,
    principal: Writer,
    resource: ResourceId,
    parameters: Shown,
    if_match: IfMatch = None,
) -> Response:
    """Change a user by up to 100 operations, all or none."""
    shown, patch = _shown(parameters), read_user_patch(await body_of(request))
    asking = asking_of(request, principal, if_match)
    return answer(
        await services_of(request).persons.scim_users.patch(asking, resource, patch), shown
    )


@router.delete(
    "/{resource}",
    summary="Give up a user",
    operation_id="deleteScimUser",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=scim_answers(204, "The user is gone.", *GIVING_UP),
)
async def delete_user(
    request: Request, principal: Writer, resource: ResourceId, if_match: IfMatch = None
) -> Response:
    """Give up all that is kept of a person but for their statements; to erase those is another."""
    await services_of(request).persons.scim_users.delete(
        asking_of(request, principal, if_match), resource
    )
    return nothing()


def _shown(parameters: ShownParameters) -> ResponseParameters[Any]:
    return read_shown(parameters.told(), _KINDS[0])


async def _find(request: Request, principal: Principal, search: Search) -> Response:
    asking = asking_of(request, principal)
    found = await services_of(request).persons.scim_users.find(asking, search.selections[_KINDS[0]])
    note_person_read(request, principal, None)
    return answer_list(found.users, found.total, search.start, search.shown)
