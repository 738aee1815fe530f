"""Tokens of people for their scripts, as they are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from lrs.auth.roles import Role
from lrs.auth.scopes import Scopes

# What such a token begins with.
PREFIX: Final = "lrs_token_"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept.

    Attributes:
        user_name: what the user is called.
    """

    id: UUID
    user: UUID
    user_name: str
    store: int
    store_name: str
    role: Role
    label: str
    secret_mac: bytes
    scopes: Scopes
    created: datetime
    expires: datetime
    revoked: datetime | None
