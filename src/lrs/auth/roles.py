"""The roles of people in a learning ecosystem: what each may do, and how far it can be limited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lrs.auth.restrictions import EVERYTHING as UNLIMITED
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import EVERYTHING, Scope, Scopes, with_implied
from lrs.errors import InvalidRequestError
from lrs.xapi.agents import read_agent
from lrs.xapi.iris import is_iri

# The number that stands for all stores in a grant.
ALL_STORES = 0


class Role(StrEnum):
    """What somebody is to the ecosystem; the first of two is the one with more power."""

    PLATFORM_OWNER = "platform_owner"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    CONTENT_OWNER = "content_owner"
    TEAM_LEAD = "team_lead"
    LEARNER = "learner"


_OWN_PEOPLE = (Scope.STATEMENTS_READ, Scope.ANALYTICS_READ, Scope.ANALYTICS_PERSONAL)
_GIVEN: Mapping[Role, Iterable[Scope]] = MappingProxyType(
    {
        Role.PLATFORM_OWNER: EVERYTHING,
        Role.PRIVACY_OFFICER: (Scope.PRIVACY, Scope.REIDENTIFY, Scope.AUDIT_READ),
        Role.AUDITOR: (Scope.AUDIT_READ,),
        Role.ANALYST: (Scope.ANALYTICS_READ,),
        Role.CONTENT_OWNER: (Scope.STATEMENTS_READ, Scope.ANALYTICS_READ),
        Role.TEAM_LEAD: (*_OWN_PEOPLE, Scope.PEOPLE_READ),
        Role.LEARNER: _OWN_PEOPLE,
    }
)
SCOPES_OF_ROLES: Mapping[Role, Scopes] = MappingProxyType(
    {role: with_implied(scopes) for role, scopes in _GIVEN.items()}
)


class Limit(StrEnum):
    """How a role stands to one part of a grant: it must have it, may have it, or has no use."""

    NEEDED = "needed"
    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Limits:
    """Which parts of a grant a role has, where it holds for some of a store only.

    Attributes:
        teams: whether their names can stand for the agents, or beside them.
    """

    agents: Limit
    activities: Limit
    teams: Limit = Limit.REFUSED


_NONE = Limits(Limit.REFUSED, Limit.REFUSED)
_OF_THEMSELVES = Limits(Limit.NEEDED, Limit.ALLOWED)
LIMITS: Mapping[Role, Limits] = MappingProxyType(
    {
        Role.PLATFORM_OWNER: _NONE,
        # The rights of persons are of all that the store holds of them.
        Role.PRIVACY_OFFICER: _NONE,
        # The audit log has neither agents nor activities by which it could be cut.
        Role.AUDITOR: _NONE,
        # The sums of few people are close to being about each of them.
        Role.ANALYST: Limits(Limit.REFUSED, Limit.ALLOWED),
        Role.CONTENT_OWNER: Limits(Limit.ALLOWED, Limit.NEEDED),
        Role.TEAM_LEAD: Limits(Limit.NEEDED, Limit.ALLOWED, teams=Limit.ALLOWED),
        Role.LEARNER: _OF_THEMSELVES,
    }
)


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role that somebody has been given.

    Attributes:
        store: the number of the one that it holds in, or `ALL_STORES`.
        by_claims: the identity provider said so at the last sign-in.
    """

    store: int
    role: Role
    grant: Grant = UNLIMITED
    by_claims: bool = False


def check_grant(role: Role, grant: Grant, *, everywhere: bool) -> None:
    """Refuse a grant that does not fit its role.

    Args:
        role: that is to be given.
        grant: agents, activities and teams that it is limited to.
        everywhere: it is to hold in all stores.

    Raises:
        InvalidRequestError: the role needs a limit or cannot have it, or the limit is not valid.
    """
    if role is Role.PLATFORM_OWNER and not everywhere:
        raise InvalidRequestError("a platform owner owns all stores: give the role without a store")
    if grant.teams is None or grant.agents is not None:
        _check_limit(role, "agents", LIMITS[role].agents, grant.agents)
    _check_limit(role, "teams", LIMITS[role].teams, grant.teams)
    _check_limit(role, "activities", LIMITS[role].activities, grant.activities)
    for text in grant.agents or ():
        read_agent(text)
    for iri in grant.activities or ():
        if not is_iri(iri):
            raise InvalidRequestError(f"{iri[:200]!r} is no IRI of an activity")


def _check_limit(role: Role, name: str, limit: Limit, given: tuple[str, ...] | None) -> None:
    if given is None:
        if limit is Limit.NEEDED:
            raise InvalidRequestError(f"the role {role} needs `{name}`: whom or what it may see")
        return
    if limit is Limit.REFUSED:
        raise InvalidRequestError(f"the role {role} cannot be limited to `{name}`")
    if not given:
        raise InvalidRequestError(f"`{name}` must name at least one; without limit it is left out")
