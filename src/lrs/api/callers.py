"""Who asks, as the audit log and others tell it: known once `credentials.py` has found it out."""

from fastapi import Request

from lrs.auth.audit import Caller
from lrs.auth.principals import Principal
from lrs.observability import request_id

# In the scope of a request: who asks, as soon as that is known.
PRINCIPAL = "lrs.principal"
# The cookie of somebody who is signed in.
SESSION_COOKIE = "lrs_session"


def caller_of(request: Request, principal: Principal) -> Caller:
    """Return who asks, and from where, for the audit log."""
    return Caller(principal.kind, principal.key, address_of(request), request_id.get())


def address_of(request: Request) -> str | None:
    """Return the address of the client."""
    return request.client.host if request.client else None
