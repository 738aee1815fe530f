"""Identifiers of persons: any that the standard has for an Agent, in the form of the filters."""

import json
from collections.abc import Mapping
from hashlib import sha1
from typing import Final

from lrs.errors import InvalidRequestError
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import Ifi

_MAILTO: Final = "mailto:"


def read_identifier(text: str) -> Ifi:
    """Read the identifier of an Agent in JSON, such as `{"mbox": "mailto:ada@example.org"}`.

    Raises:
        InvalidRequestError: it is no Agent with an identifier.
    """
    ifi = read_agent(text).ifi
    if ifi is None:
        raise InvalidRequestError("an Agent with an identifier is needed")
    return ifi


def identifier_members(ifi: Ifi) -> Mapping[str, object]:
    """Return the members of the Agent that an identifier stands for."""
    if ifi.type != "account":
        return {ifi.type: ifi.value}
    home_page, name = account_parts(ifi)
    return {"account": {"homePage": home_page, "name": name}}


def identifier_text(ifi: Ifi) -> str:
    """Return the JSON of the Agent that an identifier stands for, for a person to read."""
    return json.dumps(identifier_members(ifi), ensure_ascii=False)


def account_parts(ifi: Ifi) -> tuple[str, str]:
    """Return the home page and the name of an account; an IRI holds no space."""
    home_page, _, name = ifi.value.partition(" ")
    return home_page, name


def account(home_page: str, name: str) -> Ifi:
    """Return the identifier of an account."""
    return Ifi("account", f"{home_page} {name}")


def address_of(ifi: Ifi) -> str | None:
    """Return the mail address of an mbox; None for other identifiers."""
    return ifi.value.removeprefix(_MAILTO) if ifi.type == "mbox" else None


def mbox_of(address: str) -> Ifi:
    """Return the mbox of a mail address in canonical form."""
    return Ifi("mbox", _MAILTO + address)


def sha1_of(mbox: Ifi) -> Ifi:
    """Return the mbox_sha1sum of an mbox in canonical form (Data 2.4.2.3)."""
    digest = sha1(mbox.value.encode(), usedforsecurity=False)
    return Ifi("mbox_sha1sum", digest.hexdigest())
