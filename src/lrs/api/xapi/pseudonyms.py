"""Pseudonymous stores: whom a parameter names is hidden before anything else reads it."""

from collections.abc import Mapping

from fastapi import Request

from lrs.api.callers import PRINCIPAL
from lrs.api.state import services_of

_AGENT = "agent"


async def with_pseudonym(request: Request, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters of a request with the agent as the store knows it.

    So who knows a person finds what a pseudonymous store keeps of them, and neither a key of a
    document nor the audit log comes to hold who that is.

    Args:
        request: of a principal that was found good.
        parameters: of its query.

    Raises:
        InvalidRequestError: the store is pseudonymous, and the agent is none.
        PseudonymKeyForgottenError: the key of the store was thrown away.
        UnavailableError: the key is not here, or the database cannot be reached.
    """
    agent, principal = parameters.get(_AGENT), request.scope.get(PRINCIPAL)
    if agent is None or principal is None:
        return parameters
    hidden = await services_of(request).pseudonyms.agent(principal.store, agent)
    return {**parameters, _AGENT: hidden}
