"""What a principal may do: the scopes of the standard (Comm. 4.2 of 1.0.3), and our own."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """One right; most of the standard's hold for a resource of the standard."""

    STATEMENTS_WRITE = "statements/write"
    STATEMENTS_READ_MINE = "statements/read/mine"
    STATEMENTS_READ = "statements/read"
    STATE = "state"
    DEFINE = "define"
    PROFILE = "profile"
    ALL_READ = "all/read"
    ALL = "all"
    ANALYTICS_READ = "analytics/read"
    ANALYTICS_PERSONAL = "analytics/personal"
    EXPORT = "export"
    PEOPLE_READ = "people/read"
    PEOPLE_WRITE = "people/write"
    PRIVACY = "privacy"
    REIDENTIFY = "reidentify"
    AUDIT_READ = "audit/read"
    ADMIN = "admin"
    PLATFORM = "platform"


Scopes = frozenset[Scope]

# What the standard gives to who asks for nothing in particular.
DEFAULT = Scopes({Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE})
EVERYTHING = Scopes(Scope)
# The rights on statements and documents; `define` is what the standard leaves out of `all/read`.
_OF_THE_STANDARD = (
    Scope.STATEMENTS_WRITE,
    Scope.STATEMENTS_READ,
    Scope.STATE,
    Scope.DEFINE,
    Scope.PROFILE,
    Scope.ALL_READ,
)
# What a scope brings along; what those bring along again is followed.
_IMPLIED: Mapping[Scope, tuple[Scope, ...]] = MappingProxyType(
    {
        Scope.ALL: _OF_THE_STANDARD,
        Scope.ALL_READ: (Scope.STATEMENTS_READ,),
        Scope.STATEMENTS_READ: (Scope.STATEMENTS_READ_MINE,),
        Scope.ANALYTICS_PERSONAL: (Scope.ANALYTICS_READ,),
        Scope.PEOPLE_WRITE: (Scope.PEOPLE_READ,),
        Scope.PRIVACY: (Scope.PEOPLE_READ,),
        Scope.PLATFORM: (Scope.ADMIN, Scope.AUDIT_READ),
    }
)


def with_implied(scopes: Iterable[Scope]) -> Scopes:
    """Return scopes with all that they bring along."""
    found: set[Scope] = set()
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope not in found:
            found.add(scope)
            waiting += _IMPLIED.get(scope, ())
    return Scopes(found)
