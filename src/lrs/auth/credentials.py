"""A credential as it is kept: who may speak to a store, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scopes
from lrs.auth.store_settings import StoreSettings
from lrs.xapi.leniencies import Mode


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as it is kept, without its secret.

    Attributes:
        settings: of its store, with the rates of its own.
        frozen: the keys of those whose data the store may only keep.
        secret_mac: of the secret; `previous_secret_mac` of the one before, good for a while.
        scopes: as they were granted.
        authority: an Agent as JSON text; None is the account that is named by the key.
        same_authority: the numbers of all credentials of the store with the same authority.
        origins: of pages that may use it; None is any.
        networks: of addresses that may use it; None is any.
        rates: of its own, which `settings` have already.
    """

    id: int
    store: int
    store_name: str
    mode: Mode
    settings: StoreSettings
    frozen: frozenset[UUID]
    key: str
    secret_mac: bytes
    label: str
    system: str
    system_kind: SystemKind
    scopes: Scopes
    grant: Grant
    authority: str | None
    same_authority: frozenset[int]
    origins: frozenset[str] | None
    networks: tuple[str, ...] | None
    rates: Mapping[str, int]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    previous_secret_mac: bytes | None
    previous_until: datetime | None
