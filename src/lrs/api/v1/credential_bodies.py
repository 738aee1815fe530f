"""The bodies of credentials over HTTP."""

import json
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lrs.auth.credentials import Credential
from lrs.auth.principals import SystemKind
from lrs.auth.scopes import DEFAULT, Scope
from lrs.auth.terms import LONGEST_NAME, MOST_ACTIVITIES, MOST_AGENTS, MOST_PLACES
from lrs.services.credentials import LONGEST_OVERLAP, MadeCredential

_MAY_STAY = "Left out or null: it stays as it is."
_NULL_LIFTS = "Null lifts the restriction."

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
AgentBody = dict[str, Any]
Agents = Annotated[
    list[AgentBody],
    Field(max_length=MOST_AGENTS, description="of whom one must be the actor of what is seen"),
]
Activities = Annotated[
    list[str],
    Field(
        max_length=MOST_ACTIVITIES,
        description="IRIs, of which one must be the object or in the context of what is seen",
    ),
]
Origins = Annotated[
    list[str],
    Field(max_length=MOST_PLACES, description="of pages that may use it, and no others"),
]
Networks = Annotated[
    list[str],
    Field(max_length=MOST_PLACES, description="addresses and networks that it may be used from"),
]


class RatesBody(BaseModel):
    """Limits of the credential's own, instead of those of its store."""

    model_config = ConfigDict(extra="forbid")

    requests_per_second: int | None = Field(default=None, ge=1)
    statements_per_minute: int | None = Field(default=None, ge=1)
    requests_at_once: int | None = Field(default=None, ge=1)


class NewCredentialBody(BaseModel):
    """A credential that is wanted; without scopes it may write, and read what it has written."""

    model_config = ConfigDict(extra="forbid")

    label: Name = Field(description="what it is for", examples=["Nightly sync"])
    system: Name = Field(description="the tool that gets it", examples=["Moodle"])
    system_kind: SystemKind = SystemKind.OTHER
    scopes: list[Scope] = Field(default=sorted(DEFAULT), min_length=1)
    agents: Agents | None = None
    activities: Activities | None = None
    authority: AgentBody | None = Field(
        default=None,
        description=(
            "the Agent that stands in `authority` of what it writes, for good; in its name and in"
            " the name of its account `{key}`, `{label}` and `{system}` are filled in. Without it,"
            " an account that is named by the key."
        ),
    )
    origins: Origins | None = None
    networks: Networks | None = None
    rates: RatesBody = RatesBody()
    expires: AwareDatetime | None = None


class ChangedCredentialBody(BaseModel):
    """What is to be otherwise; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    label: Name | None = Field(default=None, description=_MAY_STAY)
    system: Name | None = Field(default=None, description=_MAY_STAY)
    system_kind: SystemKind | None = Field(default=None, description=_MAY_STAY)
    scopes: Annotated[list[Scope], Field(min_length=1)] | None = Field(
        default=None, description=_MAY_STAY
    )
    agents: Agents | None = Field(default=None, description=_NULL_LIFTS)
    activities: Activities | None = Field(default=None, description=_NULL_LIFTS)
    origins: Origins | None = Field(default=None, description=_NULL_LIFTS)
    networks: Networks | None = Field(default=None, description=_NULL_LIFTS)
    rates: RatesBody | None = Field(default=None, description=f"All three. {_MAY_STAY}")
    expires: AwareDatetime | None = Field(default=None, description="Null: never.")


class RotationBody(BaseModel):
    """How a new secret takes the place of the old one."""

    model_config = ConfigDict(extra="forbid")

    overlap: int = Field(
        default=0, ge=0, le=LONGEST_OVERLAP, description="seconds that the old one is still good"
    )


class CredentialBody(BaseModel):
    """A credential, without its secret."""

    key: str = Field(description="the user name of HTTP Basic")
    store: str
    label: str
    system: str
    system_kind: SystemKind
    scopes: list[Scope] = Field(description="as they were granted, without what they bring along")
    agents: list[AgentBody] | None
    activities: list[str] | None
    authority: AgentBody | None = Field(
        description="as it stands in statements; null is the account that is named by the key"
    )
    origins: list[str] | None
    networks: list[str] | None
    rates: RatesBody
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    previous_secret_until: datetime | None = Field(
        description="until when the secret before the newest one is good"
    )

    @classmethod
    def of(cls, kept: Credential) -> Self:
        """Write a credential down."""
        return cls(**_written(kept))


class MadeCredentialBody(CredentialBody):
    """A credential with a new secret, which is not shown again."""

    secret: str = Field(description="the password of HTTP Basic")

    @classmethod
    def of_made(cls, made: MadeCredential) -> Self:
        """Write a credential down, with its secret."""
        return cls(**_written(made.kept), secret=made.secret)


class CredentialsBody(BaseModel):
    """The credentials of a store, oldest first."""

    credentials: list[CredentialBody]


def _written(kept: Credential) -> dict[str, Any]:
    agents, activities = kept.grant.agents, kept.grant.activities
    return {
        "key": kept.key,
        "store": kept.store_name,
        "label": kept.label,
        "system": kept.system,
        "system_kind": kept.system_kind,
        "scopes": sorted(kept.scopes),
        "agents": None if agents is None else [json.loads(agent) for agent in agents],
        "activities": None if activities is None else [*activities],
        "authority": None if kept.authority is None else json.loads(kept.authority),
        "origins": None if kept.origins is None else sorted(kept.origins),
        "networks": None if kept.networks is None else [*kept.networks],
        "rates": RatesBody(**kept.rates),
        "created": kept.created,
        "expires": kept.expires,
        "revoked": kept.revoked,
        "previous_secret_until": kept.previous_until,
    }
