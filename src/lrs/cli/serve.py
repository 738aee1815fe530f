"""`lrs serve`: from nothing to a service that answers, and back."""

import asyncio
import logging
import logging.config
import os
import socket
import tempfile
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr
from rich.console import Console
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from lrs.cli.banner import Banner
from lrs.cli.connections import LimitedConnection
from lrs.cli.credentials import credentials_service
from lrs.cli.database import ReachedDatabase, own_database, server_key
from lrs.cli.listening import address_of, allow_connections, bound_socket, listen
from lrs.cli.log_config import log_config
from lrs.cli.occupancy import ConnectionLimits, Occupancy
from lrs.cli.stop_signals import StopSignals
from lrs.errors import StartError
from lrs.observability import DIRECTORY_OF_COUNTS
from lrs.services.credentials import MadeCredential
from lrs.services.rate_tables import DIRECTORY_OF_RATES, tables_of_workers
from lrs.settings import Settings, load_settings
from lrs.storage.embedded.data_directory import DataDirectory
from lrs.xapi.versions import Version

_LOG = logging.getLogger(__name__)

# A worker that is busy with one very large body does not answer its supervisor meanwhile.
_SECONDS_UNTIL_A_WORKER_IS_HUNG = 20
# Longer than the usual minute of load balancers, which else meet connections closed under them.
_SECONDS_OF_KEEP_ALIVE = 75


def serve() -> None:
    """Run the service until Ctrl-C or SIGTERM; with nothing set, on a PostgreSQL of its own."""
    settings = load_settings()
    logging.config.dictConfig(dict(log_config(settings.log_level)))
    signals = StopSignals()
    signals.install()
    try:
        _serve(settings, signals)
    except KeyboardInterrupt:
        _LOG.info("The LRS has ended")


def _serve(settings: Settings, signals: StopSignals) -> None:
    with (
        own_database(settings) as database,
        bound_socket(settings) as listener,
        signals.ignored_afterwards(),
    ):
        settings = _completed(settings, database)
        made = asyncio.run(_first_credential(database.url, settings))
        address = address_of(listener)
        listen(listener)
        if database.is_embedded:
            DataDirectory(settings.data_dir).announce(address)
        _banner(settings, database, address, made).show(Console())
        _run(settings, listener)


def _completed(settings: Settings, database: ReachedDatabase) -> Settings:
    """Add what was found or made, for us and, in the environment, for the workers."""
    made = {"database_url": database.url, "server_key": server_key(settings)}
    for name, value in made.items():
        os.environ[f"LRS_{name.upper()}"] = value
    # The workers serve requests, and have no use for it.
    os.environ.pop("LRS_MIGRATION_DATABASE_URL", None)
    return settings.model_copy(update={name: SecretStr(value) for name, value in made.items()})


async def _first_credential(url: str, settings: Settings) -> MadeCredential | None:
    secret = settings.initial_secret.get_secret_value() if settings.initial_secret else None
    async with credentials_service(url, settings) as service:
        return await service.ensure_first(settings.initial_key, secret)


def _banner(
    settings: Settings, database: ReachedDatabase, address: str, made: MadeCredential | None
) -> Banner:
    versions = sorted(Version, key=lambda version: version != settings.default_xapi_version)
    is_made_up = settings.initial_secret is None
    return Banner(
        address=address,
        database=f"PostgreSQL {database.version}, {_place(settings, database)}",
        versions=tuple(version.value for version in versions),
        workers=settings.workers,
        key=made.key if made else None,
        secret=made.secret if made and is_made_up else None,
    )


def _place(settings: Settings, database: ReachedDatabase) -> str:
    if database.is_embedded:
        return f"embedded, its data in {settings.data_dir.absolute()}"
    parts = urlsplit(database.url)
    return f"yours, {parts.path.removeprefix('/') or 'the default database'} on {parts.hostname}"


def _run(settings: Settings, listener: socket.socket) -> None:
    allow_connections(settings.max_connections)
    # Pickled for the workers, hence neither a subclass made here nor a lambda.
    connection = partial(LimitedConnection, occupancy=Occupancy(_connection_limits(settings)))
    config = uvicorn.Config(
        "lrs.cli.worker:create_worker_app",
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", connection),
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        # Who may say where a request comes from is LRS_TRUSTED_PROXIES, and nobody by default.
        proxy_headers=False,
        log_config=dict(log_config(settings.log_level)),
        timeout_keep_alive=_SECONDS_OF_KEEP_ALIVE,
        timeout_graceful_shutdown=settings.graceful_timeout,
        timeout_worker_healthcheck=_SECONDS_UNTIL_A_WORKER_IS_HUNG,
    )
    if settings.workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
        return
    _supervise(Multiprocess(config, sockets=[listener]))


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        connections=settings.max_connections,
        of_address=settings.max_connections_per_address,
        head_timeout=settings.body_timeout,
        answer_timeout=settings.answer_timeout,
        unsent_bytes=settings.max_unsent_bytes,
        version=settings.default_xapi_version,
    )


def _supervise(supervisor: Multiprocess) -> None:
    # Each worker counts in a file of its own. The file of one that died stays, since what it has
    # counted was counted.
    with (
        tempfile.TemporaryDirectory(prefix="lrs-counts-", ignore_cleanup_errors=True) as directory,
        tables_of_workers(supervisor.config.workers) as tables,
    ):
        os.environ[DIRECTORY_OF_COUNTS] = directory
        os.environ[DIRECTORY_OF_RATES] = tables
        supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        raise StartError("The workers did not start; the lines above say why")
