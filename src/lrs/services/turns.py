"""Turns at what takes long: so many at once, and none for one credential alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lrs.auth.principals import Principal
from lrs.errors import BusyError, TooManyRequestsError, UnavailableError


@dataclass(slots=True)
class _Share:
    """What one credential has: places, and how many requests have or want one."""

    places: asyncio.Semaphore
    requests: int = 0


@dataclass(slots=True)
class Turns:
    """Places for requests that hold a connection to the database for long.

    Who asks for more waits. A credential gets three of four places, so that another one finds
    a place however much the first asks for.

    Attributes:
        name: what the turns are at, for a person.
        places: how many have a turn at once.
        patience: seconds that a request may wait for its turn.
    """

    name: str
    places: int
    patience: float
    _all: asyncio.Semaphore = field(init=False)
    _shares: dict[int, _Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the places."""
        self._all = asyncio.Semaphore(self.places)

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        """Have a turn for the length of the block.

        Raises:
            TooManyRequestsError: the credential has all the places that it may have, for too long.
            BusyError: all places are taken for too long.
            UnavailableError: the block takes longer than the store allows.
        """
        share = self._share(principal.credential)
        share.requests += 1
        end = asyncio.get_running_loop().time() + self.patience
        try:
            if not await _is_taken(share.places, end):
                detail = f"your credential has too many {self.name} going on at once"
                raise TooManyRequestsError(detail)
            try:
                if not await _is_taken(self._all, end):
                    raise BusyError(f"too many {self.name} go on at once")
                try:
                    async with _at_most(principal.settings.query_timeout):
                        yield
                finally:
                    self._all.release()
            finally:
                share.places.release()
        finally:
            share.requests -= 1
            if not share.requests:
                del self._shares[principal.credential]

    def _share(self, credential: int) -> _Share:
        share = self._shares.get(credential)
        if share is None:
            own = asyncio.Semaphore(max(1, self.places * 3 // 4))
            share = self._shares[credential] = _Share(own)
        return share


@asynccontextmanager
async def _at_most(seconds: int | None) -> AsyncIterator[None]:
    """Let a block take so long, where a store has set it; what the service allows ends it else."""
    if seconds is None:
        yield
        return
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UnavailableError(f"this takes longer than the {seconds} s of the store") from error


async def _is_taken(places: asyncio.Semaphore, end: float) -> bool:
    """Take a place, and tell whether there was one up to the end."""
    if not places.locked():
        return await places.acquire()
    try:
        async with asyncio.timeout_at(end):
            return await places.acquire()
    except TimeoutError:
        return False
