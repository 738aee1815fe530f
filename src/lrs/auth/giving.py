"""What somebody may give to others: no more than they have themselves."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.restrictions import Restriction
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.errors import ForbiddenError

# Rights to see what statements say, which `statements/read/mine` beside them cuts to one's own.
_SEEING = frozenset((Scope.ANALYTICS_READ, Scope.ANALYTICS_PERSONAL, Scope.EXPORT))


def require_covering(giver: Principal, scopes: Scopes, seen: Restriction) -> None:
    """Refuse somebody who would give, change or take away more than they have.

    Args:
        giver: who does it.
        scopes: of whom it is given to, or taken from.
        seen: the agents and activities that they may see.

    Raises:
        ForbiddenError: a scope is not the giver's, or more can be seen than by the giver.
    """
    given = with_implied(scopes)
    lacking = sorted(given - giver.scopes)
    if lacking:
        raise ForbiddenError(
            f"nobody gives or changes what they lack: {', '.join(lacking)}", lacking
        )
    # Fewer scopes can show more.
    is_cut = Scope.STATEMENTS_READ_MINE in given or given.isdisjoint(_SEEING)
    if giver.restriction.authority is not None and not is_cut:
        raise ForbiddenError(
            f"who does this sees only what is theirs, as with {Scope.STATEMENTS_READ_MINE}",
            [Scope.STATEMENTS_READ],
        )
    if not _covers(giver.restriction.agents, seen.agents):
        raise ForbiddenError("who does this may not see all agents that the credential may see")
    if not _covers(giver.restriction.activities, seen.activities):
        raise ForbiddenError("who does this may not see all activities that the credential may see")


def _covers(own: AbstractSet[UUID] | None, given: AbstractSet[UUID] | None) -> bool:
    return own is None or (given is not None and given <= own)
