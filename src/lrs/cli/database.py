"""The database that a command works with: yours, or the embedded one."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from lrs.cli.stop_signals import interruptible
from lrs.errors import DataDirectoryInUseError
from lrs.settings import Settings
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.embedded.data_directory import DataDirectory
from lrs.storage.embedded.watch import watched
from lrs.storage.migrations import upgrade
from lrs.storage.row_level_security import let_service_in
from lrs.storage.server_version import server_version

_FEWEST_CONNECTIONS = 100
_CONNECTIONS_PER_WORKER = 16
_SECONDS_FOR_ITS_START = 60.0
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class ReachedDatabase:
    """A database that answers, and whose tables are up to date."""

    url: str
    version: str
    is_embedded: bool


@contextmanager
def own_database(settings: Settings) -> Iterator[ReachedDatabase]:
    """Give the database of `LRS_DATABASE_URL`, or run the embedded one for the block.

    Raises:
        DataDirectoryInUseError: somebody else runs the embedded one.
        StartError: it cannot be started or reached.
    """
    if settings.database_url is not None:
        yield _reached_by(settings.database_url, settings.migration_database_url)
        return
    directory = DataDirectory(settings.data_dir)
    with directory.held(), _cluster(settings, directory) as cluster, watched(cluster):
        yield _reached(cluster.url, cluster.url, is_embedded=True)


@contextmanager
def shared_database(settings: Settings) -> Iterator[ReachedDatabase]:
    """Give the same database, also while `lrs serve` runs the embedded one.

    Raises:
        DataDirectoryInUseError: somebody runs it, but it does not answer.
        StartError: it cannot be started or reached.
    """
    with interruptible(), ExitStack() as stack:
        try:
            database = stack.enter_context(own_database(settings))
        except DataDirectoryInUseError:
            url = _running_url(settings)
            database = _reached(url, url, is_embedded=True)
        yield database


def server_key(settings: Settings) -> str:
    """Return the key of this installation: the one set, or else the one in the data directory."""
    if settings.server_key is not None:
        return settings.server_key.get_secret_value()
    return DataDirectory(settings.data_dir).server_key()


def _cluster(settings: Settings, directory: DataDirectory) -> Cluster:
    connections = max(_FEWEST_CONNECTIONS, settings.workers * _CONNECTIONS_PER_WORKER)
    options = {"max_connections": str(connections)}
    return Cluster(directory.cluster, settings.postgres_bin, options)


def _running_url(settings: Settings) -> str:
    """Wait for a cluster that somebody else runs, and may be starting just now."""
    cluster = _cluster(settings, DataDirectory(settings.data_dir))
    end = time.monotonic() + _SECONDS_FOR_ITS_START
    while not cluster.is_ready:
        if time.monotonic() > end:
            raise DataDirectoryInUseError(
                f"{settings.data_dir} is in use, but its PostgreSQL does not answer"
            )
        time.sleep(_POLL)
    return cluster.url


def _reached_by(service: SecretStr, owner: SecretStr | None) -> ReachedDatabase:
    """Reach a database of one's own, whose tables may belong to another role than the service's."""
    url = service.get_secret_value()
    return _reached(url, owner.get_secret_value() if owner else url, is_embedded=False)


def _reached(url: str, migration_url: str, *, is_embedded: bool) -> ReachedDatabase:
    version = asyncio.run(server_version(url))
    asyncio.run(upgrade(migration_url))
    if migration_url != url:
        asyncio.run(let_service_in(migration_url, url))
    return ReachedDatabase(url, version, is_embedded)
