"""Who sees only a part of a store can do nothing that concerns all of it."""

from dataclasses import replace

from lrs.auth.principals import Principal
from lrs.auth.restrictions import NOTHING_HIDDEN
from lrs.errors import ForbiddenError


def require_whole_store(principal: Principal) -> None:
    """Refuse who is limited to some people or activities, or to what is their own.

    Raises:
        ForbiddenError: something is hidden from them.
    """
    if replace(principal.restriction, frozen=None) != NOTHING_HIDDEN:
        raise ForbiddenError("this concerns all of the store, and you see a part of it")
