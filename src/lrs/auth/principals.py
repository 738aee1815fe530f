"""Who is asking, and what they may do."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from lrs.auth.audit import WhoKind
from lrs.auth.authority import Authority
from lrs.auth.launches import Launch
from lrs.auth.networks import Network, is_within
from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope, Scopes
from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings
from lrs.errors import ForbiddenError
from lrs.xapi.leniencies import Mode


class SystemKind(StrEnum):
    """The kinds of tools that a learning ecosystem has."""

    LMS = "LMS"
    LXP = "LXP"
    AUTHORING = "authoring"
    VIDEO = "video"
    HR = "HR"
    TALENT = "talent"
    COLLABORATION = "collaboration"
    ANALYTICS = "analytics"
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Somebody who was found good: by a credential, a token or a session.

    Attributes:
        store: the store that it belongs to; nothing else can be seen with it.
        store_name: what people call that store.
        mode: how strictly the store judges statements.
        credential: the number of what statements are kept as brought by.
        key: the public half, the user name of HTTP Basic.
        system: the tool that holds it, such as "Moodle".
        authority: who vouches for what it brings.
        scopes: what it may do, with all that those bring along.
        restriction: which part of the store it may see.
        settings: what the store has set for itself.
        frozen: the keys of the identifiers of those whose data the store may only keep.
        launch: what it is limited to beyond that, if it is a launch token.
        user: the person behind it, if it is not a tool.
        role: in which they act; None for a tool, and for who was granted nothing.
        kind: by what it was found good.
        origins: of pages that may use it; None is any that the service lets in.
        networks: of addresses that may use it; None is any.
    """

    store: int
    store_name: str
    mode: Mode
    credential: int
    key: str
    label: str
    system: str
    system_kind: SystemKind
    authority: Authority
    scopes: Scopes
    restriction: Restriction = NOTHING_HIDDEN
    settings: StoreSettings = AS_THE_SERVICE
    frozen: frozenset[UUID] = frozenset()
    launch: Launch | None = None
    user: UUID | None = None
    role: Role | None = None
    kind: WhoKind = WhoKind.CREDENTIAL
    origins: frozenset[str] | None = None
    networks: tuple[Network, ...] | None = None

    def may(self, *any_of: Scope) -> bool:
        """Tell whether it has one of these rights."""
        return not self.scopes.isdisjoint(any_of)

    def require(self, *any_of: Scope) -> None:
        """Refuse one that has none of these rights.

        Raises:
            ForbiddenError: it has none of them.
        """
        if not self.may(*any_of):
            raise ForbiddenError.lacking(any_of)

    def require_place(self, address: str | None, origin: str | None) -> None:
        """Refuse one that is used from where it may not be.

        Args:
            address: of the client, if it has one.
            origin: of the page that asks, if it is one.

        Raises:
            ForbiddenError: the address or the origin is none of those that are allowed.
        """
        if self.networks is not None and not is_within(address, self.networks):
            raise ForbiddenError("this credential is not allowed from your network address")
        if self.origins is not None and origin is not None and origin not in self.origins:
            raise ForbiddenError("this credential is not allowed for pages of this origin")

    def restrict(self, *any_of: Scope) -> Restriction:
        """Return which part of the store it may see by one of these rights.

        Every list, sum and look at a single statement begins here, and shows no more than that.
        Whose data may only be kept is hidden from all but who owns the platform.

        Raises:
            ForbiddenError: it has none of them.
        """
        self.require(*any_of)
        hidden = self.hidden
        return replace(self.restriction, frozen=hidden) if hidden else self.restriction

    @property
    def hidden(self) -> frozenset[UUID]:
        """The keys of the identifiers of those whose data may only be kept, and not be seen."""
        return frozenset() if self.may(Scope.PLATFORM) else self.frozen
