"""What a credential is for and may do, as somebody asks for it: everything that can be changed."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from lrs.auth.credentials import Credential
from lrs.auth.networks import read_network
from lrs.auth.origins import read_origin
from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.scopes import DEFAULT, Scopes
from lrs.errors import InvalidRequestError
from lrs.xapi.agents import read_agent
from lrs.xapi.iris import is_iri

LONGEST_NAME: Final = 200
MOST_AGENTS: Final = 1_000
MOST_ACTIVITIES: Final = 1_000
MOST_PLACES: Final = 100
# Those of `lrs.auth.store_settings` that a credential may have of its own.
RATES: Final = ("requests_per_second", "statements_per_minute", "requests_at_once")
_OF_THE_GRANT: Final = frozenset(("agents", "activities"))
_HIGHEST_RATE: Final = 1_000_000_000
# Control characters, halves of surrogate pairs, and the ends of lines and paragraphs.
_UNFIT: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a credential is for and may do.

    Attributes:
        label: what it is for, in somebody's words.
        system: the tool that holds it, such as "Moodle".
        scopes: as they are granted, without what they bring along.
        origins: of pages that may use it; None is any that the service lets in.
        networks: of addresses that may use it; None is any.
        rates: limits of its own, named as in `RATES`.
        expires: when it ends; None is never.
    """

    label: str
    system: str
    system_kind: SystemKind = SystemKind.OTHER
    scopes: Scopes = DEFAULT
    grant: Grant = EVERYTHING
    origins: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    rates: Mapping[str, int] = field(default_factory=dict)
    expires: datetime | None = None


def terms_of(credential: Credential) -> Terms:
    """Return the terms of a credential."""
    return Terms(
        label=credential.label,
        system=credential.system,
        system_kind=credential.system_kind,
        scopes=credential.scopes,
        grant=credential.grant,
        origins=None if credential.origins is None else tuple(sorted(credential.origins)),
        networks=credential.networks,
        rates=credential.rates,
        expires=credential.expires,
    )


def changed(terms: Terms, changes: Mapping[str, Any]) -> Terms:
    """Return terms after changes, in the form in which they are kept.

    Args:
        terms: as they are.
        changes: new values by the names of the fields; `agents` and `activities` are those of the
            grant. What is not named stays.

    Raises:
        InvalidRequestError: one of them cannot be meant.
    """
    given = {name: value for name, value in changes.items() if name in _OF_THE_GRANT}
    others = {name: value for name, value in changes.items() if name not in _OF_THE_GRANT}
    return checked(replace(terms, grant=replace(terms.grant, **given), **others))


def checked(terms: Terms) -> Terms:
    """Return terms in the form in which they are kept.

    Raises:
        InvalidRequestError: one of them cannot be meant.
    """
    check_name("label", terms.label)
    check_name("system", terms.system)
    if not terms.scopes:
        raise InvalidRequestError("scopes: at least one is needed")
    if terms.expires is not None:
        _check_moment(terms.expires)
    _check_rates(terms.rates)
    return replace(
        terms,
        grant=_checked_grant(terms.grant),
        origins=_each("origins", terms.origins, MOST_PLACES, read_origin),
        networks=_each("networks", terms.networks, MOST_PLACES, lambda it: str(read_network(it))),
    )


def check_name(name: str, text: str) -> None:
    """Refuse a text that cannot be shown on a line.

    Raises:
        InvalidRequestError: it is empty, too long, or holds control characters.
    """
    if not 0 < len(text) <= LONGEST_NAME:
        raise InvalidRequestError(f"{name}: must have 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in _UNFIT for character in text):
        raise InvalidRequestError(f"{name}: must not hold control characters")


def _check_moment(expires: datetime) -> None:
    if expires.tzinfo is None:
        raise InvalidRequestError("expires: must say its time zone, such as Z")
    try:
        expires.astimezone(UTC)
    except OverflowError as error:
        raise InvalidRequestError("expires: must be in the years 1 to 9999 of UTC") from error


def _check_rates(rates: Mapping[str, int]) -> None:
    for name, rate in rates.items():
        if name not in RATES:
            raise InvalidRequestError(f"rates: {name[:100]!r} is none of {', '.join(RATES)}")
        if not 1 <= rate <= _HIGHEST_RATE:
            raise InvalidRequestError(f"rates: {name} must be 1 to {_HIGHEST_RATE}")


def _checked_grant(grant: Grant) -> Grant:
    return Grant(
        _each("agents", grant.agents, MOST_AGENTS, _agent),
        _each("activities", grant.activities, MOST_ACTIVITIES, _activity),
    )


def _agent(text: str) -> str:
    read_agent(text)
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _activity(text: str) -> str:
    if not is_iri(text):
        raise InvalidRequestError(f"{text[:100]!r} is no IRI of an activity")
    return text


def _each(
    name: str, texts: tuple[str, ...] | None, most: int, read: Callable[[str], str]
) -> tuple[str, ...] | None:
    """Read each of a list, in its order and once; None stays what it is."""
    if texts is None:
        return None
    if len(texts) > most:
        raise InvalidRequestError(f"{name}: there may be {most} at most")
    return tuple(dict.fromkeys(map(read, texts)))
