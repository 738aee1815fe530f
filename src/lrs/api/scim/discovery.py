"""What the service says of its SCIM, and a search over all of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from scim2_models import Resource

from lrs.api.notes import note_person_read
from lrs.api.scim.described import BODY, READING, READING_ONE, SENDING, scim_answers
from lrs.api.scim.exchange import (
    Reader,
    ResourceId,
    answer,
    answer_list,
    asking_of,
    body_of,
    scim_address,
)
from lrs.api.scim_problems import SCIM
from lrs.api.state import services_of
from lrs.errors import PersonNotFoundError
from lrs.people.scim_bodies import read_json
from lrs.people.scim_discovery import config_of, resource_types, schemas
from lrs.people.scim_searches import read_search

router = APIRouter(prefix=SCIM, tags=["scim"])


@router.get(
    "/ServiceProviderConfig",
    summary="Tell what this SCIM can",
    operation_id="getScimConfig",
    responses=scim_answers(200, "What it can.", *READING),
)
async def get_config(request: Request, _: Reader) -> Response:
    """Answer with what is supported, and how clients can be known."""
    return answer(config_of(scim_address(request)))


@router.get(
    "/ResourceTypes",
    summary="List the types of resources",
    operation_id="listScimResourceTypes",
    responses=scim_answers(200, "User and Group.", *READING),
)
async def list_resource_types(request: Request, _: Reader) -> Response:
    """Answer with the types of resources, all of them."""
    types = resource_types(scim_address(request))
    return answer_list(types, len(types))


@router.get(
    "/ResourceTypes/{resource}",
    summary="Get a type of resources",
    operation_id="getScimResourceType",
    responses=scim_answers(200, "The type.", *READING_ONE),
)
async def get_resource_type(request: Request, _: Reader, resource: ResourceId) -> Response:
    """Answer with one type of resources."""
    return answer(_one(resource_types(scim_address(request)), resource))


@router.get(
    "/Schemas",
    summary="List the schemas of resources",
    operation_id="listScimSchemas",
    responses=scim_answers(200, "The schemas.", *READING),
)
async def list_schemas(request: Request, _: Reader) -> Response:
    """Answer with the schemas of resources, all of them."""
    found = schemas(scim_address(request))
    return answer_list(found, len(found))


@router.get(
    "/Schemas/{resource}",
    summary="Get the schema of a resource",
    operation_id="getScimSchema",
    responses=scim_answers(200, "The schema.", *READING_ONE),
)
async def get_schema(request: Request, _: Reader, resource: ResourceId) -> Response:
    """Answer with one schema, by its URN."""
    return answer(_one(schemas(scim_address(request)), resource))


@router.post(
    "/.search",
    summary="Find users and groups by a body",
    operation_id="searchScim",
    responses=scim_answers(200, "A page of users and groups.", *SENDING),
    openapi_extra=BODY,
)
async def search(request: Request, principal: Reader) -> Response:
    """Answer with a page of users, and of groups after them."""
    wanted = read_search(read_json(await body_of(request)), ("User", "Group"))
    asking, services = asking_of(request, principal), services_of(request)
    of_users, of_groups = wanted.selections["User"], wanted.selections["Group"]
    users = await services.persons.scim_users.find(asking, of_users)
    rest = replace(
        of_groups,
        offset=max(0, of_groups.offset - users.total),
        limit=of_groups.limit - len(users.users),
    )
    groups = await services.persons.scim_groups.find(
        asking, rest, has_members=wanted.shows("members")
    )
    note_person_read(request, principal, None)
    found = [*users.users, *groups.groups]
    return answer_list(found, users.total + groups.total, wanted.start, wanted.shown)


def _one(resources: Sequence[Resource[Any]], id_: str) -> Resource[Any]:
    for each in resources:
        if each.id == id_:
            return each
    raise PersonNotFoundError("there is nothing of this name")
