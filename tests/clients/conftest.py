"""The service that the clients speak to: the real program, on a free port, for the whole run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.node_scenarios import Clients, require_node
from running_service import Service, known

# What a service is set to that serves clients that stopped before 2.0 and before UUIDs of today.
FOR_OLD_CLIENTS = {"LRS_ABOUT_VERSIONS": "1.0.3", "LRS_STATEMENT_ID_VERSION": "4"}


@contextmanager
def _running(**variables: str) -> Iterator[Service]:
    # Not below pytest's own directory, which another run closes to all but its user.
    with (
        tempfile.TemporaryDirectory(prefix="lrs-clients-") as directory,
        known(Path(directory) / "data", **variables) as service,
    ):
        yield service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with _running() as service:
        yield service


@pytest.fixture(scope="session")
def service_for_old_clients() -> Iterator[Service]:
    with _running(**FOR_OLD_CLIENTS) as service:
        yield service


@pytest.fixture(scope="session")
def clients(service: Service) -> Clients:
    return Clients(service)


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not in the fixture: pytest would then tell the reason once for each test.
    if "clients" in getattr(item, "fixturenames", ()):
        require_node()
