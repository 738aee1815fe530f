"""Work that goes on in the background for as long as the service runs, whatever it runs into."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from lrs.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a step is taken again.

    Attributes:
        pause: seconds after one that went well, or found the database away.
        after_a_failure: seconds after one that failed otherwise.
    """

    pause: float
    after_a_failure: float = 60.0


async def repeat(
    step: Callable[[], Awaitable[None]], rhythm: Rhythm, log: logging.Logger, meanwhile: str
) -> None:
    """Take a step again and again until cancelled.

    Args:
        step: what is to be done.
        rhythm: how often.
        log: where a failure is told.
        meanwhile: what holds while it is not done, for a person.
    """
    while True:
        pause = rhythm.pause
        try:
            await step()
        except UnavailableError:
            log.debug("the database is away; %s", meanwhile)
        except Exception:
            log.exception("%s; it is tried again", meanwhile)
            pause = rhythm.after_a_failure
        await asyncio.sleep(pause)


class InTurn:
    """Takes steps of several stores in turn; one that fails does not keep the others waiting."""

    def __init__(
        self,
        step: Callable[[int], Awaitable[bool]],
        log: logging.Logger,
        failure: str,
        after_a_failure: float = 60.0,
    ) -> None:
        """Make it.

        Args:
            step: takes one step of a store, and tells whether there are more.
            log: where a failure is told.
            failure: what is told then, with a place for the number of the store.
            after_a_failure: seconds before that store is tried again.
        """
        self._step = step
        self._log = log
        self._failure = failure
        self._after_a_failure = after_a_failure
        self._not_before: dict[int, float] = {}

    async def take(self, stores: Sequence[int]) -> None:
        """Take all steps there are; half of the time is left to others.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        while stores:
            began = time.monotonic()
            stores = [store for store in stores if await self._has_more(store)]
            if stores:
                await asyncio.sleep(time.monotonic() - began)

    async def _has_more(self, store: int) -> bool:
        if time.monotonic() < self._not_before.get(store, 0):
            return False
        try:
            return await self._step(store)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other stores go on
            self._log.exception(self._failure, store)
            self._not_before[store] = time.monotonic() + self._after_a_failure
            return False
