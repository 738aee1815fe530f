"""The credentials of the demo: one for each system, one of HR, and one to read sums."""

import hmac
from typing import NamedTuple

from lrs.cli.demo.systems import PERSONNEL, REPORTING, SYSTEMS, System


class Access(NamedTuple):
    """Key and secret of a credential."""

    key: str
    secret: str


def derived_access(system: System, server_key: str) -> Access:
    """Return the credential that the demo gives to a system of this installation.

    The secret follows from the installation's own key, so that a second run uses the same
    credentials, and nobody can know them who cannot read that key.
    """
    key = f"demo-{system.name.lower()}"
    digest = hmac.digest(server_key.encode(), f"lrs demo {key}".encode(), "sha256")
    return Access(key, digest.hex())


def all_access(server_key: str) -> dict[System, Access]:
    """Return the credentials of all systems, of HR and of the report."""
    return {
        system: derived_access(system, server_key) for system in (*SYSTEMS, PERSONNEL, REPORTING)
    }
