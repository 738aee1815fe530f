"""The Activities Resource over HTTP (Comm. 2.5)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lrs import errors
from lrs.api.credentials import May
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.xapi import described
from lrs.api.xapi.parameters import activity_id_of, check_single
from lrs.api.xapi.routes import ResourceRoute
from lrs.api.xapi.tagged_answers import tagged_json
from lrs.api.xapi.versions import RequestVersion
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.xapi.leniencies import Mode

router = APIRouter(
    prefix="/xapi/activities",
    tags=["xAPI"],
    dependencies=[Depends(check_single)],
    route_class=ResourceRoute,
)

Reader = Annotated[
    Principal, Security(May(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.PROFILE))
]

_ERRORS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UnavailableError,
)


class ActivityParameters(BaseModel):
    """Parameters of GET (Comm. 2.5)."""

    model_config = ConfigDict(extra="forbid")

    activity_id: Annotated[str, WithJsonSchema({"type": "string", "format": "iri"})] = Field(
        alias="activityId", description="The id of the Activity; the LRS need not know it."
    )

    def iri(self, mode: Mode) -> str:
        """Return the id, which is an IRI, or in a tolerant store any text.

        Raises:
            InvalidRequestError: the store cannot hold such an Activity.
        """
        return activity_id_of("activityId", self.activity_id, mode)


@router.get(
    "",
    summary="Get an Activity",
    operation_id="getActivity",
    responses={200: described.ACTIVITY_ANSWER, **responses(*_ERRORS)},
)
async def get_activity(
    request: Request,
    principal: Reader,
    _version: RequestVersion,
    parameters: Annotated[ActivityParameters, Query()],
) -> Response:
    """Answer with the definition merged over all statements, in all languages."""
    iri = parameters.iri(principal.mode)
    return tagged_json(await services_of(request).activities.get(principal, iri))
