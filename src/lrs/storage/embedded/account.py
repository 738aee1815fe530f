"""The account that runs PostgreSQL, which refuses to run as root.

Anyone else runs it as himself. Root gives it to an account without rights, which then must be
able to reach the programs and the cluster.
"""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from lrs.errors import ClusterError

_LOG = logging.getLogger(__name__)
_USUAL_NAME = "postgres"
_OWN_NAME = "lrs-postgres"
_LAST_RESORT = "nobody"


class ChildIdentity(TypedDict, total=False):
    """What `subprocess` takes to run a child as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user id and group id of this machine."""

    uid: int
    gid: int

    @property
    def child_identity(self) -> ChildIdentity:
        """Return the arguments for `subprocess`: none if this is who we are already."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> bool:
        """Tell whether the file or directory belongs to this account."""
        return path.lstat().st_uid == self.uid

    def take(self, path: Path) -> None:
        """Make the account the owner of one file or directory."""
        if not self.owns(path):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may(self, path: Path, wanted: int) -> bool:
        """Tell whether the mode gives the wanted bits (4 read, 2 write, 1 search or execute)."""
        return self._mode_bits(path.stat(), wanted) & ~path.stat().st_mode == 0

    def grant(self, path: Path, wanted: int) -> None:
        """Add the wanted bits to the mode for this account."""
        status = path.stat()
        path.chmod(stat.S_IMODE(status.st_mode) | self._mode_bits(status, wanted))

    def _mode_bits(self, status: os.stat_result, wanted: int) -> int:
        if status.st_uid == self.uid:
            return wanted << 6
        return wanted << 3 if status.st_gid == self.gid else wanted


def choose_account(cluster: Path) -> Account:
    """Return the account that runs, or is to run, the cluster in this directory.

    Raises:
        ClusterError: the cluster belongs to somebody else and we are not root.
    """
    me = Account(os.geteuid(), os.getegid())
    exists = cluster.exists()
    if me.uid != 0:
        if exists and not me.owns(cluster):
            raise ClusterError(
                f"The cluster in {cluster} belongs to {_name(cluster.stat().st_uid)}, "
                f"this is {_name(me.uid)}. Start it as that account or as root"
            )
        return me
    if exists and not me.owns(cluster):
        status = cluster.stat()
        return Account(status.st_uid, status.st_gid)
    return _unprivileged()


def _unprivileged() -> Account:
    return _named(_USUAL_NAME) or _named(_OWN_NAME) or _made() or _known(_LAST_RESORT)


def _made() -> Account | None:
    program = shutil.which("useradd")
    if program is None:
        return None
    command = [program, "--system", "--no-create-home", "--shell", "/bin/false", _OWN_NAME]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, no shell
    if answer.returncode != 0:
        _LOG.warning("No account could be made for PostgreSQL: %s", answer.stderr.strip())
        return None
    _LOG.info("Made the system account %s, because PostgreSQL does not run as root", _OWN_NAME)
    return _named(_OWN_NAME)


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _known(name: str) -> Account:
    account = _named(name)
    if account is None:
        raise ClusterError("PostgreSQL does not run as root and there is no other account to use")
    return account


def _name(uid: int) -> str:
    try:
        return f"the account {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the account number {uid}"


def let_enter(account: Account, path: Path) -> None:
    """Give the account search permission on the directories above the path, and no more.

    Raises:
        ClusterError: the mode of one of them cannot be changed.
    """
    if os.geteuid() != 0:
        return
    for directory in reversed(path.parents):
        if account.may(directory, stat.S_IXOTH):
            continue
        try:
            account.grant(directory, stat.S_IXOTH)
        except OSError as error:
            raise ClusterError(
                f"{_name(account.uid)} cannot enter {directory}: {error.strerror}"
            ) from error
        _LOG.info("Let %s pass through %s (o+x), for PostgreSQL", _name(account.uid), directory)


def let_read(account: Account, trees: Iterable[Path]) -> None:
    """Let the account read and run what lies in the trees, if a strict umask forbade it."""
    if os.geteuid() != 0:
        return
    for tree in trees:
        for path in [tree, *tree.rglob("*")]:
            _let_read_one(account, path)


def _let_read_one(account: Account, path: Path) -> None:
    mode = path.stat().st_mode
    wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
    if not account.may(path, wanted):
        account.grant(path, wanted)
