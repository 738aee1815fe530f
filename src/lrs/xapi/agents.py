"""Agents and identified Groups as they come in parameters (Comm. 2.1.3)."""

from collections.abc import Iterator
from typing import Final

from pydantic import TypeAdapter

from lrs.errors import InvalidRequestError, InvalidStatementError
from lrs.xapi.actor_rules import IFIS, actor_rules
from lrs.xapi.actors import Actor, Agent, Group
from lrs.xapi.findings import Finding
from lrs.xapi.json_text import parse
from lrs.xapi.validation import validated

_PARAMETER: Final = "agent"
_FILTER: Final = "Comm. 2.1.3"

_actor: TypeAdapter[Agent | Group] = TypeAdapter(Actor)


def read_agent(text: str) -> Agent | Group:
    """Read the JSON of an `agent` parameter; both versions judge it alike (Data 2.4.2).

    Raises:
        InvalidRequestError: it is neither an Agent nor a Group with an identifier.
    """
    try:
        # Half a surrogate pair has no UTF-8; written as an escape, it is found and refused.
        parsed = parse(text.encode(errors="backslashreplace"), _PARAMETER)
        rules = _parameter_rules(parsed)
        return validated(parsed, _actor.validate_python, rules, path=_PARAMETER)
    except InvalidStatementError as error:
        raise InvalidRequestError(f"the parameter is not valid: {error}") from error


def _parameter_rules(actor: object) -> Iterator[Finding]:
    """Check what any actor must keep, and that this one can be told from others."""
    yield from actor_rules(actor, ())
    if isinstance(actor, dict) and actor.get("objectType") == "Group" and IFIS.isdisjoint(actor):
        yield Finding((), "must have an identifier; no one can ask for an anonymous Group", _FILTER)
