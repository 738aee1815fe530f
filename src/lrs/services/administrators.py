"""Who manages the credentials of a store, and how far their rights go."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from lrs.auth.audit import Caller
from lrs.auth.credentials import Credential
from lrs.auth.giving import require_covering
from lrs.auth.principals import Principal
from lrs.auth.restrictions import NOTHING_HIDDEN, Grant
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.errors import ForbiddenError
from lrs.services.authentication import restriction_of
from lrs.services.rates import RateLimits


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who manages credentials, and of which store.

    Attributes:
        caller: for the audit log.
        principal: whose rights bound what they may do; None is who runs the service, and may all.
        named_store: by its name; None is that of the principal, or any for who runs the service.
    """

    caller: Caller
    principal: Principal | None = None
    named_store: str | None = None

    @property
    def own_store(self) -> int | None:
        """The number of the principal's store, if that is what is meant."""
        principal = self.principal
        is_own = principal is not None and self.named_store in (None, principal.store_name)
        return principal.store if principal is not None and is_own else None

    @property
    def other_store(self) -> str | None:
        """The name of another store, if that is what is meant.

        Raises:
            ForbiddenError: they may not manage other stores.
        """
        if self.own_store is not None:
            return None
        if self.principal is not None:
            self.principal.require(Scope.PLATFORM)
        return self.named_store

    def require_covering(self, scopes: Scopes, grant: Grant) -> None:
        """Refuse one who would give, change or take away more than they have.

        Raises:
            ForbiddenError: they would.
        """
        if self.principal is not None:
            seen = restriction_of(grant, with_implied(scopes), NOTHING_HIDDEN)
            require_covering(self.principal, scopes, seen)

    def require_rates(self, rates: Mapping[str, int], limits: RateLimits) -> None:
        """Refuse one who would give higher rates than their own.

        Args:
            rates: as `Terms` has them.
            limits: which the service is set to.

        Raises:
            ForbiddenError: they would.
        """
        principal = self.principal
        if principal is None or principal.may(Scope.PLATFORM):
            return
        for name, rate in rates.items():
            own = getattr(principal.settings, name) or getattr(limits, name)
            if own is not None and rate > own:
                raise ForbiddenError(
                    f"rates: nobody gives more than they have: {name} is {own} for who does this",
                    [Scope.PLATFORM],
                )

    def require_sharing(self, credential: Credential, scopes: Scopes) -> None:
        """Refuse one who would hold a secret by which they read what another has written.

        Args:
            credential: whose secret they are shown, or may have been shown before.
            scopes: that it has, or is to have.

        Raises:
            ForbiddenError: they would, and may not read it themselves.
        """
        principal = self.principal
        if principal is None or principal.may(Scope.STATEMENTS_READ):
            return
        is_shared = principal.credential in credential.same_authority
        if Scope.STATEMENTS_READ_MINE in with_implied(scopes) and not is_shared:
            raise ForbiddenError(
                "the credential shows what it has written; this needs the scope"
                f" {Scope.STATEMENTS_READ}",
                [Scope.STATEMENTS_READ],
            )

    def may_share(self, authority: UUID) -> bool:
        """Tell whether they may give the authority that another credential has, by its key.

        Who has the same authority sees the same by `statements/read/mine`.
        """
        principal = self.principal
        return (
            principal is None
            or principal.may(Scope.STATEMENTS_READ)
            or principal.authority.key == authority
        )
