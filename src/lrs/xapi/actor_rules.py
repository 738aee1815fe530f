"""Rules for Agents and Groups that look at more than one property (Data 2.4.2)."""

from collections.abc import Iterable, Iterator
from typing import Final

from lrs.xapi.findings import Finding, Location

IFIS: Final = frozenset(("mbox", "mbox_sha1sum", "openid", "account"))
_ONE_OF: Final = "mbox, mbox_sha1sum, openid, account"
_AGENT: Final = "Data 2.4.2.1"
_GROUP: Final = "Data 2.4.2.2"
_IFI: Final = "Data 2.4.2.3"
_AUTHORITY: Final = "Data 2.4.9"
_AUTHORITY_MEMBERS: Final = 2


def actor_rules(actor: object, location: Location) -> Iterable[Finding]:
    """Check an Agent or Group by its kind (Data 2.4.2.1, 2.4.2.2)."""
    if not isinstance(actor, dict):
        return ()
    match actor.get("objectType", "Agent"):
        case "Agent":
            return _agent_rules(actor, location)
        case "Group":
            return _group_rules(actor, location)
    return ()


def authority_rules(authority: object, location: Location) -> Iterator[Finding]:
    """Check an authority: an Agent, or an anonymous Group of two (Data 2.4.9)."""
    yield from actor_rules(authority, location)
    if not isinstance(authority, dict) or authority.get("objectType") != "Group":
        return
    for name in _identifiers(authority):
        message = "is not allowed: a Group is an authority only without an identifier"
        yield Finding((*location, name), message, _AUTHORITY)
    members = authority.get("member")
    if isinstance(members, list) and len(members) != _AUTHORITY_MEMBERS:
        message = f"must be exactly two Agents in an authority, not {len(members)}"
        yield Finding((*location, "member"), message, _AUTHORITY)


def _agent_rules(agent: dict[str, object], location: Location) -> Iterable[Finding]:
    match len(IFIS.intersection(agent)):
        case 0:
            return (Finding(location, f"must have one of {_ONE_OF}; it has none", _IFI),)
        case 1:
            return ()
    return (_too_many(_identifiers(agent), location),)


def _group_rules(group: dict[str, object], location: Location) -> Iterator[Finding]:
    names = _identifiers(group)
    if len(names) > 1:
        yield _too_many(names, location)
    members = group.get("member")
    if isinstance(members, list):
        for index, member in enumerate(members):
            yield from _member_rules(member, (*location, "member", index))
    if not names and ("member" not in group or members == []):
        message = f"is required, with at least one Agent, in a Group without {_ONE_OF}"
        yield Finding((*location, "member"), message, _GROUP)


def _member_rules(member: object, location: Location) -> Iterator[Finding]:
    """Check a member; a Group in its place is refused by the model."""
    if isinstance(member, dict) and member.get("objectType", "Agent") == "Agent":
        yield from _agent_rules(member, location)


def _identifiers(actor: dict[str, object]) -> list[str]:
    return [name for name in actor if name in IFIS]


def _too_many(names: list[str], location: Location) -> Finding:
    return Finding(location, f"must have only one of {_ONE_OF}; it has {', '.join(names)}", _IFI)
