"""What somebody may give to others: no more than they have themselves."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.restrictions import Restriction
from lrs.auth.scopes import Scopes, with_implied
from lrs.errors import ForbiddenError


def require_covering(giver: Principal, scopes: Scopes, seen: Restriction) -> None:
    """Refuse somebody who would give, change or take away more than they have.

    Args:
        giver: who does it.
        scopes: of whom it is given to, or taken from.
        seen: the agents and activities that they may see.

    Raises:
        ForbiddenError: a scope is not the giver's, or more can be seen than by the giver.
    """
    lacking = sorted(with_implied(scopes) - giver.scopes)
    if lacking:
        raise ForbiddenError(
            f"nobody gives or changes what they lack: {', '.join(lacking)}", lacking
        )
    if not _covers(giver.restriction.agents, seen.agents):
        raise ForbiddenError("who does this may not see all agents that the credential may see")
    if not _covers(giver.restriction.activities, seen.activities):
        raise ForbiddenError("who does this may not see all activities that the credential may see")


def _covers(own: AbstractSet[UUID] | None, given: AbstractSet[UUID] | None) -> bool:
    return own is None or (given is not None and given <= own)
