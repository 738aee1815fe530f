"""The Agents Resource over HTTP (Comm. 2.4)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lrs import errors
from lrs.api.credentials import May
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.xapi import described
from lrs.api.xapi.parameters import check_single
from lrs.api.xapi.routes import ResourceRoute
from lrs.api.xapi.tagged_answers import tagged_json
from lrs.api.xapi.versions import RequestVersion
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError
from lrs.xapi.actors import Agent, Group
from lrs.xapi.agents import read_agent

router = APIRouter(
    prefix="/xapi/agents",
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
    errors.PseudonymKeyForgottenError,
    errors.UnavailableError,
)


class AgentParameters(BaseModel):
    """Parameters of GET (Comm. 2.4)."""

    model_config = ConfigDict(extra="forbid")

    agent: Annotated[str, WithJsonSchema({"$ref": "#/components/schemas/Agent"})] = Field(
        description="An Agent as JSON; the LRS need not know it. A Group is refused."
    )

    def read(self) -> Agent:
        """Return the Agent.

        Raises:
            InvalidRequestError: it is none, or a Group.
        """
        agent = read_agent(self.agent)
        if isinstance(agent, Group):
            raise InvalidRequestError("agent must be an Agent; a Group is no Person (Comm. 2.4)")
        return agent


@router.get(
    "",
    summary="Get the Person of an Agent",
    operation_id="getAgent",
    responses={200: described.PERSON_ANSWER, **responses(*_ERRORS)},
)
async def get_agent(
    request: Request,
    principal: Reader,
    _version: RequestVersion,
    parameters: Annotated[AgentParameters, Query()],
) -> Response:
    """Answer with the names that statements give to an Agent, and with its identifier."""
    agent = parameters.read()
    person = await services_of(request).agents.get(principal, agent)
    note_person_read(request, principal, agent.key)
    return tagged_json(person.model_dump_json(by_alias=True, exclude_unset=True).encode())
