"""Making the credentials of the six systems: the one thing that the demo does not do over HTTP."""

import asyncio
import contextlib
from collections.abc import Mapping

from lrs.cli.credentials import credentials_service
from lrs.cli.database import shared_database
from lrs.cli.demo.access import Access
from lrs.cli.demo.systems import System
from lrs.errors import CredentialConflictError
from lrs.settings import Settings


def ensure_credentials(settings: Settings, access: Mapping[System, Access]) -> None:
    """Make the credentials that are not there yet; the LRS has no HTTP resource for it so far."""
    with shared_database(settings) as database:
        asyncio.run(_ensure(database.url, settings, access))


async def _ensure(url: str, settings: Settings, access: Mapping[System, Access]) -> None:
    async with credentials_service(url, settings) as service:
        for system, (key, secret) in access.items():
            with contextlib.suppress(CredentialConflictError):  # an earlier run made it
                await service.create(system.name, system.name, system.kind, key, secret)
