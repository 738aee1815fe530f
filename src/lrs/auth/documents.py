"""Which documents a principal may touch, and where that is decided: nowhere else."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from lrs.auth.launches import Launch
from lrs.auth.principals import Principal
from lrs.errors import ForbiddenError
from lrs.xapi.documents import DocumentContext, DocumentKind


def require_documents(principal: Principal, context: DocumentContext, *, writes: bool) -> None:
    """Refuse a principal that may not touch the documents of a context.

    A grant of agents limits states and Agent profiles, one of activities limits states and
    Activity profiles.

    Args:
        principal: who asks.
        context: what the documents are about.
        writes: whether they are to be changed, and not only read.

    Raises:
        ForbiddenError: they are of another agent, activity or registration than is granted.
    """
    granted = principal.restriction
    if writes and is_hidden(principal, context):
        raise ForbiddenError("the data of this agent are frozen: they may be kept and not changed")
    if not _is_granted(context.agent_key, granted.agents):
        raise ForbiddenError("you are not granted the documents of this agent")
    if not _is_granted(context.activity_key, granted.activities):
        raise ForbiddenError("you are not granted the documents of this activity")
    if principal.launch is not None:
        _check_launch(principal.launch, context, writes=writes)


def is_hidden(principal: Principal, context: DocumentContext) -> bool:
    """Tell whether documents are of somebody whose data may only be kept, so as if not there."""
    return context.agent_key in principal.hidden


def _is_granted(key: UUID | None, granted: AbstractSet[UUID] | None) -> bool:
    return granted is None or key is None or key in granted


def _check_launch(launch: Launch, context: DocumentContext, *, writes: bool) -> None:
    if context.kind is DocumentKind.STATE and context.registration != launch.registration:
        raise ForbiddenError("the registration is not the one that the launch token is for")
    if context.kind is DocumentKind.ACTIVITY_PROFILE and writes:
        raise ForbiddenError("a launch token may read Activity profiles, and not change them")
