"""Accounts of our own: passwords, and links that set them once.

A wrong password and an unknown address take the same steps and get the same answer. So does an
account that must wait, or the answer would tell which accounts there are.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.passwords import (
    check_password,
    hash_password,
    is_outdated,
    is_password,
    wait_after,
)
from lrs.auth.secrets import mac
from lrs.errors import BusyError, SignInError, TooManyRequestsError
from lrs.services.audit import AuditService
from lrs.services.rates import network_of
from lrs.storage.access_changes import count_up
from lrs.storage.audit import NO_STORE, append_record
from lrs.storage.engines import Database
from lrs.storage.local_accounts import (
    begin_attempt,
    find_set_up_link,
    forget_failures,
    set_password_hash,
    use_set_up_link,
)
from lrs.storage.sessions import end_sessions_of
from lrs.storage.users import User, get_user

# Each hash takes 46 MiB and a processor for a twentieth of a second.
_HASHES_AT_ONCE = 2
_PATIENCE = 5.0
# Wrong tries that an address has beyond those of an account: a whole school may be behind it.
_MORE_OF_ADDRESS = 15
_FORGOTTEN_AFTER = 900.0
_MOST_ADDRESSES = 10_000

_WRONG = "the address or the password is wrong, or too many wrong ones came before: wait a little"
_NO_LINK = "this link was used already, is too old, or was replaced by a newer one"


class Hashing:
    """Hashes passwords in threads, few at once."""

    def __init__(self, at_once: int = _HASHES_AT_ONCE, patience: float = _PATIENCE) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._patience = patience

    async def hash(self, password: str) -> str:
        """Return what is kept of a password.

        Raises:
            BusyError: too many are being hashed.
        """
        async with self._place():
            return await asyncio.to_thread(hash_password, password)

    async def is_right(self, kept: str, password: str) -> bool:
        """Tell whether this is the password of which that was kept.

        Raises:
            BusyError: too many are being hashed.
        """
        async with self._place():
            return await asyncio.to_thread(is_password, kept, password)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise BusyError("too many sign in at once") from None
        try:
            yield
        finally:
            self._places.release()


class Addresses:
    """Counts wrong tries of each address of a client, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, address: str | None) -> None:
        """Refuse an address that must wait.

        Raises:
            TooManyRequestsError: it has tried too often.
        """
        failures, last = self._failures.get(_network(address), (0, 0.0))
        left = last + wait_after(failures - _MORE_OF_ADDRESS) - self._clock()
        if failures and left > 0:
            raise TooManyRequestsError("too many wrong passwords came from here", int(left) + 1)

    def add_failure(self, address: str | None) -> None:
        """Count a try that was wrong."""
        network, now = _network(address), self._clock()
        failures, last = self._failures.pop(network, (0, now))
        failures = 0 if now - last > _FORGOTTEN_AFTER else failures
        self._failures[network] = (failures + 1, now)
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)


def _network(address: str | None) -> str:
    return "" if address is None else network_of(address)


class LocalAccountsService:
    """Checks and sets passwords."""

    def __init__(
        self,
        database: Database,
        server_key: bytes,
        audit: AuditService,
        addresses: Addresses | None = None,
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._audit = audit
        self._hashing = Hashing()
        self._addresses = addresses or Addresses()
        # Of a password that nobody has; made with the parameters of today, at the first need.
        self._dummy = ""

    async def check(self, email: str, password: str, caller: Caller) -> User:
        """Return whose address and password these are.

        Raises:
            SignInError: they are not good, or the account must wait.
            TooManyRequestsError: the client's address must wait.
            BusyError: too many sign in at once.
            UnavailableError: the database cannot be reached.
        """
        self._addresses.check(caller.address)
        dummy = await self._dummy_hash()
        async with self._database.writing() as connection:
            attempt = await begin_attempt(connection, email)
        kept = attempt.password_hash if attempt and attempt.password_hash else dummy
        is_right = await self._hashing.is_right(kept, password)
        if attempt is None or attempt.password_hash is None or not is_right:
            target = str(attempt.user) if attempt else None
            self._refuse(caller, target)
            raise SignInError(_WRONG)
        newer = await self._hashing.hash(password) if is_outdated(kept) else None
        async with self._database.writing() as connection:
            if not await forget_failures(connection, attempt.user, kept):
                raise SignInError(_WRONG)
            if newer is not None:
                await set_password_hash(connection, attempt.user, newer)
            return await get_user(connection, attempt.user)

    async def email_of_link(self, token: str) -> str:
        """Return for whom a link sets the password; the link stays good.

        Raises:
            SignInError: it is not good.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            found = await find_set_up_link(connection, link_digest(self._server_key, token))
        if found is None:
            raise SignInError(_NO_LINK)
        return found[1]

    async def set_password(self, token: str, password: str, caller: Caller) -> None:
        """Set a password by a link, which is then used up, and sign the user out everywhere.

        Raises:
            SignInError: the link is not good.
            InvalidRequestError: the password is easily guessed; the link stays good.
            BusyError: too many passwords are being hashed.
            UnavailableError: the database cannot be reached.
        """
        check_password(password, await self.email_of_link(token))
        kept = await self._hashing.hash(password)
        async with self._database.writing() as connection:
            user = await use_set_up_link(connection, link_digest(self._server_key, token))
            if user is None:
                raise SignInError(_NO_LINK)
            await set_password_hash(connection, user, kept)
            await end_sessions_of(connection, user)
            await count_up(connection)
            who = replace(caller, kind=WhoKind.USER, name=str(user))
            await append_record(connection, NO_STORE, AuditEvent(who, Action.PASSWORD_SET))

    def _refuse(self, caller: Caller, target: str | None) -> None:
        self._addresses.add_failure(caller.address)
        event = AuditEvent(caller, Action.SIGN_IN, target=target, outcome=Outcome.REFUSED)
        self._audit.note(NO_STORE, event)

    async def _dummy_hash(self) -> str:
        if not self._dummy:
            self._dummy = await self._hashing.hash("a password that nobody has")
        return self._dummy


def link_digest(server_key: bytes, token: str) -> bytes:
    """Return what is kept of a link."""
    return mac(server_key, f"set-up {token}")
