"""Agents, Groups and the identifiers they are told by (Data 2.4.2)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, Tag, WithJsonSchema

from lrs.xapi.iris import Iri, Uri
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


class Group(StrictModel):
    """Several Agents, with an identifier of their own or told by their members (Data 2.4.2.2)."""

    object_type: Literal["Group"]
    name: Maybe[str] = None
    member: Maybe[list[Agent]] = None
    mbox: Maybe[Mbox] = None
    mbox_sha1sum: Maybe[Sha1Sum] = Field(default=None, alias="mbox_sha1sum")
    openid: Maybe[Uri] = None
    account: Maybe[Account] = None


Actor = Annotated[
    Annotated[Agent, Tag(BRANCH + "Agent")] | Annotated[Group, Tag(BRANCH + "Group")],
    ByObjectType("Agent", "`Agent` or `Group`"),
]
