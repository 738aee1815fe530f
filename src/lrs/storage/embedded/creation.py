"""Make the files of a new cluster, all or nothing."""

import logging
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from lrs.errors import ClusterError
from lrs.storage.embedded.account import Account
from lrs.storage.embedded.programs import PostgresPrograms, clean_environment

_LOG = logging.getLogger(__name__)
_FIRST_WITH_BUILTIN_LOCALE = 17
# How often, and how long apart in seconds, a draft is removed that still grows.
_TRIES = 50
_PAUSE = 0.1

SUPERUSER = "lrs"
DATABASE = "lrs"


def is_cluster(directory: Path) -> bool:
    """Tell whether a finished cluster lies in the directory."""
    return (directory / "PG_VERSION").exists()


def create_cluster(
    directory: Path, programs: PostgresPrograms, account: Account, *, is_durable: bool = True
) -> None:
    """Make a cluster with its superuser and database.

    It is made beside its place and moved there when it is whole, so a crash leaves no half one.

    Args:
        directory: the place; missing or empty.
        programs: of the version that is to run it.
        account: to run it.
        is_durable: whether to wait until the disk has it, as all but tests want.

    Raises:
        ClusterError: there is something else in the place, or initdb fails.
    """
    if directory.exists() and any(directory.iterdir()):
        raise ClusterError(f"{directory} is not empty and holds no PostgreSQL cluster")
    _remove_abandoned(directory)
    _LOG.info("Making a PostgreSQL %s cluster in %s", programs.version, directory)
    draft = Path(tempfile.mkdtemp(prefix=_draft_prefix(directory), dir=directory.parent))
    try:
        account.take(draft)
        _run([*_initdb(programs, draft), *([] if is_durable else ["--no-sync"])], account)
        _run(_single_user(programs, draft), account, f"CREATE DATABASE {DATABASE};\n")
        draft.rename(directory)
        _sync(directory.parent)
    except BaseException:
        _remove(draft)
        raise


def _remove(draft: Path) -> None:
    """Remove a draft, into which what initdb has started may still write for a moment."""
    for _ in range(_TRIES):
        shutil.rmtree(draft, ignore_errors=True)
        if not draft.exists():
            return
        time.sleep(_PAUSE)


def _draft_prefix(directory: Path) -> str:
    return f".{directory.name}.draft-"


def _remove_abandoned(directory: Path) -> None:
    for draft in directory.parent.glob(f"{_draft_prefix(directory)}*"):
        if stat.S_ISDIR(draft.lstat().st_mode):
            shutil.rmtree(draft, ignore_errors=True)


def _initdb(programs: PostgresPrograms, draft: Path) -> list[str]:
    # Text is ordered by code point everywhere; the built-in locale adds letters beyond ASCII.
    unicode_case = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if programs.major >= _FIRST_WITH_BUILTIN_LOCALE
        else []
    )
    return [
        str(programs.initdb),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        "--auth-local=trust",  # the socket lies where only the owner can enter
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        *unicode_case,
        "--data-checksums",
        "--no-instructions",
    ]


def _single_user(programs: PostgresPrograms, draft: Path) -> list[str]:
    return [
        str(programs.postgres),
        "--single",
        "-D",
        str(draft),
        "-c",
        "exit_on_error=on",
        "postgres",
    ]


def _run(command: list[str], account: Account, text: str | None = None) -> None:
    answer = subprocess.run(  # noqa: S603 - our own programs, no shell
        command,
        input=text,
        env=clean_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for us to answer
        **account.child_identity,
    )
    if answer.returncode != 0:
        said = "\n".join((answer.stderr or answer.stdout).strip().splitlines()[-20:])
        raise ClusterError(f"{Path(command[0]).name} failed:\n{said}")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
