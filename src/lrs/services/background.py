"""Work that goes on in the background for as long as the service runs, whatever it runs into."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
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
