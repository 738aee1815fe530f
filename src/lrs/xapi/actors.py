"""Agents, Groups and the identifiers they are told by (Data 2.4.2)."""

from functools import cached_property
from itertools import chain
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import Field, StringConstraints, Tag, WithJsonSchema

from lrs.xapi.iris import Iri, Uri
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.properties import BRANCH, ByObjectType, Maybe, StrictModel

# `mailto:` as the standard writes it, one address, domains in any script or an address in
# brackets. Local parts are checked for what cannot stand in one unquoted.
MBOX_PATTERN = (
    r'^mailto:[^\x00-\x20\x7f-\x9f@<>()\[\],;:\\"]+'
    r"@(?:[\p{L}\p{M}\p{N}_\-]+(?:\.[\p{L}\p{M}\p{N}_\-]+)*|\[[0-9A-Za-z.:]+\])$"
)
MBOX_EXPECTED = "must be `mailto:` and an e-mail address, such as mailto:ada@example.org"
SHA1_PATTERN = r"^[0-9a-fA-F]{40}$"
SHA1_EXPECTED = "must be the SHA-1 of a mailto IRI: 40 hexadecimal digits"

Mbox = Annotated[
    str,
    StringConstraints(pattern=MBOX_PATTERN, strict=True),
    WithJsonSchema({"type": "string", "format": "uri", "description": "a mailto IRI"}),
]
Sha1Sum = Annotated[str, StringConstraints(pattern=SHA1_PATTERN, strict=True)]


# What is longer is a text that somebody put in the place of a name, and is not kept as one.
LONGEST_NAME: Final = 1_000


class Mentioned(NamedTuple):
    """An agent that a statement names.

    Attributes:
        name: that of an Agent; None if it has none that is kept. That of a Group is no Agent's.
    """

    key: UUID
    ifi: Ifi
    name: str | None


class Account(StrictModel):
    """An account on a system (Data 2.4.2.4)."""

    home_page: Iri
    name: str


class Agent(StrictModel):
    """A person or system, told by exactly one identifier (Data 2.4.2.1)."""

    object_type: Maybe[Literal["Agent"]] = None
    name: Maybe[str] = None
    mbox: Maybe[Mbox] = None
    mbox_sha1sum: Maybe[Sha1Sum] = Field(default=None, alias="mbox_sha1sum")
    openid: Maybe[Uri] = None
    account: Maybe[Account] = None

    @cached_property
    def ifi(self) -> Ifi | None:
        """The identifier that it is told by."""
        return _canonical_ifi(self)

    @cached_property
    def mentioned(self) -> tuple[Mentioned, ...]:
        """What a store notes of it; nothing if it has no identifier."""
        return _mentioned(self, self.name)

    @property
    def key(self) -> UUID | None:
        """What a store knows it by."""
        return _key(self)


class Group(StrictModel):
    """Several Agents, with an identifier of their own or told by their members (Data 2.4.2.2)."""

    object_type: Literal["Group"]
    name: Maybe[str] = None
    member: Maybe[list[Agent]] = None
    mbox: Maybe[Mbox] = None
    mbox_sha1sum: Maybe[Sha1Sum] = Field(default=None, alias="mbox_sha1sum")
    openid: Maybe[Uri] = None
    account: Maybe[Account] = None

    @cached_property
    def ifi(self) -> Ifi | None:
        """The identifier that it is told by; None if it is anonymous."""
        return _canonical_ifi(self)

    @cached_property
    def mentioned(self) -> tuple[Mentioned, ...]:
        """What a store notes of it and of its members."""
        members = (each.mentioned for each in self.member or ())
        return _mentioned(self, None) + tuple(chain.from_iterable(members))

    @property
    def key(self) -> UUID | None:
        """What a store knows it by; None if it is anonymous."""
        return _key(self)


def _key(agent: Agent | Group) -> UUID | None:
    return None if agent.ifi is None else ifi_key(agent.ifi)


def _mentioned(agent: Agent | Group, name: str | None) -> tuple[Mentioned, ...]:
    if agent.ifi is None:
        return ()
    is_kept = name is not None and 0 < len(name) <= LONGEST_NAME
    return (Mentioned(ifi_key(agent.ifi), agent.ifi, name if is_kept else None),)


def _canonical_ifi(agent: Agent | Group) -> Ifi | None:
    """Return an identifier in canonical form.

    Only what is case-insensitive is folded: the domain of `mbox`, the hex digits of
    `mbox_sha1sum`. IRIs are compared as simple strings (Data 4.3).
    """
    if agent.mbox is not None:
        return Ifi("mbox", _canonical_mailto(agent.mbox))
    if agent.account is not None:
        return Ifi("account", f"{agent.account.home_page} {agent.account.name}")
    if agent.mbox_sha1sum is not None:
        return Ifi("mbox_sha1sum", agent.mbox_sha1sum.lower())
    if agent.openid is not None:
        return Ifi("openid", agent.openid)
    return None


def _canonical_mailto(mbox: str) -> str:
    local, _, domain = mbox[len("mailto:") :].rpartition("@")
    return f"mailto:{local}@{domain.lower()}"


Actor = Annotated[
    Annotated[Agent, Tag(BRANCH + "Agent")] | Annotated[Group, Tag(BRANCH + "Group")],
    ByObjectType("Agent", "`Agent` or `Group`"),
]
