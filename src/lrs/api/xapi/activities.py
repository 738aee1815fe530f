"""The Activities Resource over HTTP (Comm. 2.5)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lrs import errors
from lrs.api.credentials import Authenticated
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.xapi import described
from lrs.api.xapi.parameters import check_single, iri_of
from lrs.api.xapi.tagged_answers import tagged_json
from lrs.api.xapi.versions import RequestVersion

router = APIRouter(prefix="/xapi/activities", tags=["xAPI"], dependencies=[Depends(check_single)])

_ERRORS = (errors.InvalidRequestError, errors.UnauthenticatedError, errors.UnavailableError)


class ActivityParameters(BaseModel):
    """Parameters of GET (Comm. 2.5)."""

    model_config = ConfigDict(extra="forbid")

    activity_id: Annotated[str, WithJsonSchema({"type": "string", "format": "iri"})] = Field(
        alias="activityId", description="The id of the Activity; the LRS need not know it."
    )

    def iri(self) -> str:
        """Return the id.

        Raises:
            InvalidRequestError: it is no IRI.
        """
        return iri_of("activityId", self.activity_id)


@router.get(
    "",
    summary="Get an Activity",
    operation_id="getActivity",
    responses={200: described.ACTIVITY_ANSWER, **responses(*_ERRORS)},
)
async def get_activity(
    request: Request,
    principal: Authenticated,
    _version: RequestVersion,
    parameters: Annotated[ActivityParameters, Query()],
) -> Response:
    """Answer with the definition merged over all statements, in all languages."""
    return tagged_json(await services_of(request).activities.get(principal, parameters.iri()))
