"""Making the credentials of the systems and of HR, which the demo does not do over HTTP."""

import asyncio
import contextlib
from collections.abc import Mapping

from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.terms import Terms
from lrs.cli.credentials import credentials_service, who_runs_it
from lrs.cli.database import shared_database
from lrs.cli.demo.access import Access
from lrs.cli.demo.systems import PERSONNEL, REPORTING, System
from lrs.errors import CredentialConflictError
from lrs.services.credentials import WantedCredential
from lrs.settings import Settings

_OF_A_SYSTEM = DEFAULT | {Scope.DEFINE}
_SCOPES = {
    REPORTING: Scopes({Scope.STATEMENTS_READ, Scope.ANALYTICS_PERSONAL}),
    PERSONNEL: Scopes({Scope.PEOPLE_WRITE}),
}


def ensure_credentials(settings: Settings, access: Mapping[System, Access]) -> None:
    """Make the credentials that are not there yet; the LRS has no HTTP resource for it so far."""
    with shared_database(settings) as database:
        asyncio.run(_ensure(database.url, settings, access))


async def _ensure(url: str, settings: Settings, access: Mapping[System, Access]) -> None:
    async with credentials_service(url, settings) as service:
        for system, (key, secret) in access.items():
            with contextlib.suppress(CredentialConflictError):  # an earlier run made it
                wanted = WantedCredential(_terms(system), key=key, secret=secret)
                await service.create(who_runs_it(), wanted)


def _terms(system: System) -> Terms:
    scopes = _SCOPES.get(system, _OF_A_SYSTEM)
    return Terms(label=system.name, system=system.name, system_kind=system.kind, scopes=scopes)
