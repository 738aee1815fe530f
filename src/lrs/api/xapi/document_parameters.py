"""The query parameters of the document resources, read to the letter (Comm. 2.3, 2.6, 2.7)."""

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lrs.api.xapi.parameters import iri_of, moment_of, uuid_of
from lrs.errors import InvalidRequestError
from lrs.xapi.actors import Group
from lrs.xapi.agents import read_agent
from lrs.xapi.documents import DocumentContext, DocumentFilter, DocumentKey, DocumentKind
from lrs.xapi.keys import Ifi
from lrs.xapi.versions import Version

_NUL = "\0"

_Iri = Annotated[str, WithJsonSchema({"type": "string", "format": "iri"})]
_Uuid = Annotated[str | None, WithJsonSchema({"type": "string", "format": "uuid"})]
_Moment = Annotated[str | None, WithJsonSchema({"type": "string", "format": "date-time"})]
_Id = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1})]
_MaybeId = Annotated[str | None, WithJsonSchema({"type": "string", "minLength": 1})]

_ACTIVITY = "The id of the Activity; the LRS need not know it."
_AGENT = "An Agent as JSON, in 2.0 also an identified Group; the LRS need not know it."
_ADA = '{"mbox":"mailto:ada@example.org"}'
_ONE = "The id of the document, any text."
_ONE_OR_ALL = "The id of one document; without it the ids of all are answered."
_SINCE = "Only documents stored or changed after this moment; goes with no id."


class _OfContext(BaseModel, ABC):
    """Parameters that tell what documents are about."""

    model_config = ConfigDict(extra="forbid")

    @abstractmethod
    def context(self, version: Version) -> DocumentContext:
        """Return the context.

        Raises:
            InvalidRequestError: a value is not of the form it must have.
        """


class _OfState(_OfContext):
    activity_id: _Iri = Field(alias="activityId", description=_ACTIVITY)
    agent: str = Field(description=_AGENT, examples=[_ADA])
    registration: _Uuid = Field(
        None,
        description="The registration of the state. One document without it is one that has none;"
        " all documents without it are those of all registrations.",
    )

    def context(self, version: Version) -> DocumentContext:
        return DocumentContext(
            DocumentKind.STATE,
            iri_of("activityId", self.activity_id),
            _agent(self.agent, version),
            uuid_of("registration", self.registration),
        )


class _OfActivityProfile(_OfContext):
    activity_id: _Iri = Field(alias="activityId", description=_ACTIVITY)

    def context(self, version: Version) -> DocumentContext:  # noqa: ARG002 - both judge it alike
        return DocumentContext(
            DocumentKind.ACTIVITY_PROFILE, activity=iri_of("activityId", self.activity_id)
        )


class _OfAgentProfile(_OfContext):
    agent: str = Field(description=_AGENT, examples=[_ADA])

    def context(self, version: Version) -> DocumentContext:
        return DocumentContext(DocumentKind.AGENT_PROFILE, agent=_agent(self.agent, version))


class _OneProfile(_OfContext):
    profile_id: _Id = Field(alias="profileId", description=_ONE)

    def key(self, version: Version) -> DocumentKey:
        """Return what the document is found by.

        Raises:
            InvalidRequestError: a value is not of the form it must have.
        """
        return _key(self.context(version), "profileId", self.profile_id)


class _OneOrManyProfiles(_OfContext):
    profile_id: _MaybeId = Field(None, alias="profileId", description=_ONE_OR_ALL)
    since: _Moment = Field(None, description=_SINCE)

    def wanted(self, version: Version) -> DocumentKey | DocumentFilter:
        """Return what one document is found by, or which many are.

        Raises:
            InvalidRequestError: a value is not of the form it must have, or `since` has an id
                beside it.
        """
        return _wanted(self.context(version), "profileId", self.profile_id, self.since)


class StateParameters(_OfState):
    """Parameters of PUT and POST of a state (Comm. 2.3)."""

    state_id: _Id = Field(alias="stateId", description=_ONE)

    def key(self, version: Version) -> DocumentKey:
        """Return what the document is found by.

        Raises:
            InvalidRequestError: a value is not of the form it must have.
        """
        return _key(self.context(version), "stateId", self.state_id)


class StatesParameters(_OfState):
    """Parameters of GET of one or many states (Comm. 2.3)."""

    state_id: _MaybeId = Field(None, alias="stateId", description=_ONE_OR_ALL)
    since: _Moment = Field(None, description=_SINCE)

    def wanted(self, version: Version) -> DocumentKey | DocumentFilter:
        """Return what one document is found by, or which many are.

        Raises:
            InvalidRequestError: a value is not of the form it must have, or `since` has an id
                beside it.
        """
        return _wanted(self.context(version), "stateId", self.state_id, self.since)


class StatesDeletion(_OfState):
    """Parameters of DELETE of one or all states (Comm. 2.3)."""

    state_id: _MaybeId = Field(
        None, alias="stateId", description="The id of one document; without it all are deleted."
    )

    def wanted(self, version: Version) -> DocumentKey | DocumentContext:
        """Return what one document is found by, or the context of all.

        Raises:
            InvalidRequestError: a value is not of the form it must have.
        """
        context = self.context(version)
        return context if self.state_id is None else _key(context, "stateId", self.state_id)


class ActivityProfileParameters(_OfActivityProfile, _OneProfile):
    """Parameters of PUT, POST and DELETE of an Activity profile (Comm. 2.7)."""


class ActivityProfilesParameters(_OfActivityProfile, _OneOrManyProfiles):
    """Parameters of GET of one or many Activity profiles (Comm. 2.7)."""


class AgentProfileParameters(_OfAgentProfile, _OneProfile):
    """Parameters of PUT, POST and DELETE of an Agent profile (Comm. 2.6)."""


class AgentProfilesParameters(_OfAgentProfile, _OneOrManyProfiles):
    """Parameters of GET of one or many Agent profiles (Comm. 2.6)."""


def _agent(value: str, version: Version) -> Ifi | None:
    agent = read_agent(value)
    if isinstance(agent, Group) and version is Version.V1_0_3:
        raise InvalidRequestError(
            "agent must be an Agent, not a Group; its identifier may be sent as an Agent's"
            " (Comm. 2.3, 2.6)"
        )
    return agent.ifi


def _key(context: DocumentContext, name: str, value: str) -> DocumentKey:
    if not value or _NUL in value:
        raise InvalidRequestError(f"{name} must be a text without NUL, and not empty (Comm. 3.2)")
    return DocumentKey(context, value)


def _wanted(
    context: DocumentContext, name: str, value: str | None, since: str | None
) -> DocumentKey | DocumentFilter:
    if value is None:
        return DocumentFilter(context, moment_of("since", since))
    if since is not None:
        raise InvalidRequestError(f"since cannot be combined with {name} (Comm. 3.2)")
    return _key(context, name, value)
