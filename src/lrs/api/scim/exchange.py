"""Reads the bodies of SCIM and writes its answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Header, Path, Query, Request, Response, Security, status
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from scim2_models import Context, ListResponse, Resource, ResponseParameters

from lrs.api.bodies import media_type, read_body
from lrs.api.cookies import public_origin
from lrs.api.credentials import May, caller_of
from lrs.api.scim_problems import SCIM, SCIM_JSON
from lrs.api.store_options import options_for
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidScimError
from lrs.services.scim_requests import Asking, matches

MOST_BYTES: Final = 1024 * 1024
_LIST: Final = str(ListResponse.__schema__)
_to_json: Final = TypeAdapter(dict[str, Any]).dump_json

Reader = Annotated[Principal, Security(May(Scope.PEOPLE_READ))]
Writer = Annotated[Principal, Security(May(Scope.PEOPLE_WRITE))]
ResourceId = Annotated[str, Path(description="its id")]
IfMatch = Annotated[
    str | None, Header(description="The ETags of which the resource must have one, or `*`.")
]
IfNoneMatch = Annotated[
    str | None, Header(description="The ETags of which the resource must have none.")
]


class ShownParameters(BaseModel):
    """What of a resource is answered."""

    model_config = ConfigDict(alias_generator=to_camel)

    attributes: str | None = Field(
        None, description="The attributes to be answered, with commas between them."
    )
    excluded_attributes: str | None = Field(
        None, description="The attributes not to be answered, with commas between them."
    )

    def told(self) -> dict[str, object]:
        """Return what was sent."""
        return self.model_dump(by_alias=True, exclude_none=True)


class SearchParameters(ShownParameters):
    """Which resources are answered, in which order."""

    filter: str | None = Field(None, description='Such as `userName eq "ada"` (RFC 7644 3.4.2.2).')
    sort_by: str | None = Field(None, description="The attribute to sort by.")
    sort_order: str | None = Field(None, description="`ascending` or `descending`.")
    start_index: str | None = Field(None, description="Of the first resource; from 1 on.")
    count: str | None = Field(None, description="The most resources on a page, up to 1000.")


Shown = Annotated[ShownParameters, Query()]
Wanted = Annotated[SearchParameters, Query()]


def asking_of(request: Request, principal: Principal, if_match: str | None = None) -> Asking:
    """Return who asks."""
    return Asking(caller_of(request, principal), principal, scim_address(request), if_match)


def scim_address(request: Request) -> str:
    """Return the address of SCIM as the client knows it."""
    return public_origin(request) + SCIM


async def body_of(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        InvalidScimError: it is neither SCIM nor JSON.
        InvalidRequestError: it ends before its length, or cannot be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
        SlowBodyError: it pauses, or comes too slowly.
    """
    kind = media_type(request)
    if kind not in {SCIM_JSON, "application/json"}:
        raise InvalidScimError(
            f"Content-Type must be {SCIM_JSON} or application/json, it is"
            f" {kind[:80] or 'missing'!r}",
            "invalidSyntax",
        )
    return await read_body(request, min(MOST_BYTES, options_for(request).max_body_bytes))


def answer(
    resource: Resource[Any],
    shown: ResponseParameters[Any] | None = None,
    status_code: int = status.HTTP_200_OK,
) -> Response:
    """Answer with a resource."""
    written = resource.model_dump_json(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=shown
    )
    return Response(written, status_code, _headers(resource), SCIM_JSON)


def answer_unless_known(
    resource: Resource[Any], shown: ResponseParameters[Any], if_none_match: str | None
) -> Response:
    """Answer with a resource, or that it is as the client knows it."""
    version = (resource.meta.version if resource.meta else None) or ""
    if if_none_match is not None and matches(if_none_match, version):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=_headers(resource))
    return answer(resource, shown)


def answer_list(
    resources: Sequence[Resource[Any]],
    total: int,
    start: int = 1,
    shown: ResponseParameters[Any] | None = None,
) -> Response:
    """Answer with a page of resources."""
    written = {
        "schemas": [_LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": [
            each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=shown)
            for each in resources
        ],
    }
    return Response(_to_json(written), media_type=SCIM_JSON)


def nothing() -> Response:
    """Answer that it was done, and that there is nothing to say."""
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _headers(resource: Resource[Any]) -> dict[str, str]:
    meta = resource.meta
    told = {"ETag": meta.version, "Location": meta.location} if meta else {}
    return {name: value for name, value in told.items() if value}
