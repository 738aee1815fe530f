"""`/scim/v2/Groups`: teams, as an identity provider or an HR system pushes them."""

from typing import Any

from fastapi import APIRouter, Request, Response, status
from scim2_models import ResponseParameters

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
from lrs.people.scim_bodies import read_group, read_json
from lrs.people.scim_patches import read_group_patch
from lrs.people.scim_searches import Search, read_search, read_shown

router = APIRouter(prefix=f"{SCIM}/Groups", tags=["scim"])

_KINDS = ("Group",)


@router.get(
    "",
    summary="Find groups",
    operation_id="findScimGroups",
    responses=scim_answers(200, "A page of groups.", *READING),
)
async def find_groups(request: Request, principal: Reader, wanted: Wanted) -> Response:
    """Answer with a page of groups, in the order in which they were made if no other is wanted."""
    return await _find(request, principal, read_search(wanted.told(), _KINDS))


@router.post(
    "",
    summary="Make a group",
    operation_id="createScimGroup",
    status_code=status.HTTP_201_CREATED,
    responses=scim_answers(201, "The group that was made.", *MAKING),
    openapi_extra=BODY,
)
async def create_group(request: Request, principal: Writer, parameters: Shown) -> Response:
    """Make a group, with members from today on."""
    shown, wanted = _shown(parameters), read_group(await body_of(request))
    made = await services_of(request).persons.scim_groups.create(
        asking_of(request, principal), wanted
    )
    return answer(made, shown, status.HTTP_201_CREATED)


@router.post(
    "/.search",
    summary="Find groups by a body",
    operation_id="searchScimGroups",
    responses=scim_answers(200, "A page of groups.", *SENDING),
    openapi_extra=BODY,
)
async def search_groups(request: Request, principal: Reader) -> Response:
    """Answer with a page of groups, as for GET, whose parameters here stand in the body."""
    told = read_json(await body_of(request))
    return await _find(request, principal, read_search(told, _KINDS))


@router.get(
    "/{resource}",
    summary="Get a group",
    operation_id="getScimGroup",
    responses=scim_answers(200, "The group.", *READING_ONE),
)
async def get_group(
    request: Request,
    principal: Reader,
    resource: ResourceId,
    parameters: Shown,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with a group and its members, or with 304 if the client knows this version."""
    shown = _shown(parameters)
    group = await services_of(request).persons.scim_groups.get(
        asking_of(request, principal), resource
    )
    return answer_unless_known(group, shown, if_none_match)


@router.put(
    "/{resource}",
    summary="Replace a group",
    operation_id="replaceScimGroup",
    responses=scim_answers(200, "The group as it is now.", *CHANGING),
    openapi_extra=BODY,
)
async def replace_group(
    request: Request,
    principal: Writer,
    resource: ResourceId,
    parameters: Shown,
    if_match: IfMatch = None,
) -> Response:
    """Have a group be what the body says, and nothing else; who is in it yesterday, was."""
    shown = _shown(parameters)
    wanted = read_group(await body_of(request), is_replacement=True)
    asking = asking_of(request, principal, if_match)
    return answer(
        await services_of(request).persons.scim_groups.replace(asking, resource, wanted), shown
    )


@router.patch(
    "/{resource}",
    summary="Change a group",
    operation_id="changeScimGroup",
    status_code=status.HTTP_204_NO_CONTENT,
    responses={
        **scim_answers(200, "The group, if `attributes` are asked for.", *CHANGING),
        **scim_answers(204, "The group is changed."),
    },
    openapi_extra=BODY,
)
async def change_group(
    request: Request,
    principal: Writer,
    resource: ResourceId,
    parameters: Shown,
    if_match: IfMatch = None,
) -> Response:
    """Change a group by up to 1,000 operations, all or none; it may have thousands of members."""
    shown, patch = _shown(parameters), read_group_patch(await body_of(request))
    asking = asking_of(request, principal, if_match)
    changed = await services_of(request).persons.scim_groups.patch(asking, resource, patch)
    return answer(changed, shown) if parameters.told() else nothing()


@router.delete(
    "/{resource}",
    summary="Give up a group",
    operation_id="deleteScimGroup",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=scim_answers(204, "The group is gone.", *GIVING_UP),
)
async def delete_group(
    request: Request, principal: Writer, resource: ResourceId, if_match: IfMatch = None
) -> Response:
    """Give up a team and all memberships that there were; the persons stay."""
    await services_of(request).persons.scim_groups.delete(
        asking_of(request, principal, if_match), resource
    )
    return nothing()


def _shown(parameters: ShownParameters) -> ResponseParameters[Any]:
    return read_shown(parameters.told(), _KINDS[0])


async def _find(request: Request, principal: Principal, search: Search) -> Response:
    found = await services_of(request).persons.scim_groups.find(
        asking_of(request, principal),
        search.selections[_KINDS[0]],
        has_members=search.shows("members"),
    )
    return answer_list(found.groups, found.total, search.start, search.shown)
