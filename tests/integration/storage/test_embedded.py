"""The embedded PostgreSQL in its good and bad hours.

Most tests take turns with one cluster, which each leaves stopped and whole.
"""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from lrs.errors import ClusterError
from lrs.storage.embedded import postmaster
from lrs.storage.embedded.account import choose_account
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.embedded.postmaster import living_postmaster, read_postmaster_file
from lrs.storage.embedded.programs import find_programs
from lrs.storage.embedded.watch import watched

# What is not flushed survives the death of every process; only the machine must stay up.
QUICK = {"fsync": "off", "shared_buffers": "16MB"}
KEEP_SEVEN = ("DROP TABLE IF EXISTS kept", "CREATE TABLE kept AS SELECT 7 AS n")
NOBODY = pwd.getpwnam("nobody")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")
only_as_nobody = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs to be root, and setpriv to become somebody else",
)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def made(postgres_bin: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        with Cluster(Path(directory) / "postgres", postgres_bin, QUICK):
            pass
        yield Path(directory) / "postgres"


@pytest.fixture
def cluster(made: Path, postgres_bin: Path | None) -> Iterator[Cluster]:
    cluster = Cluster(made, postgres_bin, QUICK)
    yield cluster
    cluster.stop()


@contextmanager
def moved(directory: Path, to: Path) -> Iterator[Path]:
    to.parent.mkdir(parents=True, exist_ok=True)
    directory.rename(to)
    yield to
    to.rename(directory)


def ask(cluster: Cluster, *questions: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(
            user="lrs", database="lrs", host=str(cluster.socket_directory)
        )
        try:
            return [await connection.fetchval(question) for question in questions][-1]
        finally:
            await connection.close()

    return asyncio.run(answer())


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def kill_postmaster(cluster: Cluster) -> list[psutil.Process]:
    """Kill the server alone; return its children."""
    server = psutil.Process(cluster.postmaster_pid)
    children = server.children()
    server.kill()
    until(lambda: not postmaster.is_alive(server))
    return children


def kill_everything(cluster: Cluster) -> None:
    server = psutil.Process(cluster.postmaster_pid)
    for each in [server, *server.children()]:
        each.kill()
    until(lambda: not postmaster.is_alive(server))


def as_nobody(program: str, *words: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as an account without rights, but for reading this very installation."""
    command = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    command += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    text = f"import os, pathlib, sys\nfrom lrs.storage.embedded.cluster import Cluster\n{program}"
    return subprocess.run(
        [*command, sys.executable, "-c", text, *words],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_new_cluster_is_durable_private_and_in_unicode(
    place: Path, postgres_bin: Path | None
) -> None:
    with Cluster(place / "deep" / "er" / "postgres", postgres_bin) as cluster:
        for name, expected in {
            "data_checksums": "on",
            "fsync": "on",
            "synchronous_commit": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "jit": "off",
        }.items():
            assert ask(cluster, f"SHOW {name}") == expected
        assert stat.S_IMODE(cluster.socket_directory.stat().st_mode) == 0o700


def test_version_is_that_of_the_server(cluster: Cluster) -> None:
    cluster.start()
    assert str(ask(cluster, "SHOW server_version")).split()[0] == cluster.version


def test_restart_keeps_what_was_stored(cluster: Cluster) -> None:
    cluster.start()
    ask(cluster, *KEEP_SEVEN)
    cluster.stop()
    cluster.start()
    assert ask(cluster, "SELECT n FROM kept") == 7


def test_stopped_twice_is_stopped(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    cluster.stop()
    assert not cluster.is_running
    assert read_postmaster_file(cluster.directory) is None


def test_number_of_a_stopped_server_is_not_told(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="is not running"):
        _ = cluster.postmaster_pid


def test_ctrl_c_does_not_reach_the_server(cluster: Cluster) -> None:
    cluster.start()
    assert os.getsid(cluster.postmaster_pid) != os.getsid(0)


@pytest.mark.parametrize("kill", [kill_postmaster, kill_everything])
def test_killed_server_recovers_at_the_next_start(
    cluster: Cluster, kill: Callable[[Cluster], object]
) -> None:
    cluster.start()
    ask(cluster, *KEEP_SEVEN)
    kill(cluster)
    cluster.start()
    assert ask(cluster, "SELECT n FROM kept") == 7


def test_backend_that_outlives_its_server_is_ended_first(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "_PATIENCE", 0.5)
    cluster.start()
    stuck = psutil.Process(cluster.postmaster_pid).children()[0]
    stuck.suspend()
    kill_postmaster(cluster)
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    assert not postmaster.is_alive(stuck)


def test_stale_files_with_a_reused_number_do_not_hinder(cluster: Cluster) -> None:
    cluster.start()
    written = (cluster.directory / "postmaster.pid").read_text()
    stale = cluster.postmaster_pid
    kill_everything(cluster)
    account = choose_account(cluster.directory)
    with subprocess.Popen(["/bin/sleep", "60"], **account.child_identity) as stranger:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            text = written.replace(str(stale), str(stranger.pid), 1)
            (cluster.directory / name).write_text(text)
            account.take(cluster.directory / name)
        cluster.start()
        assert ask(cluster, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("text", ["", "\n", "no number\n", "99999999\n/elsewhere\n"])
def test_unreadable_postmaster_file_names_no_server(place: Path, text: str) -> None:
    (place / "postmaster.pid").write_text(text)
    assert living_postmaster(place) is None


def test_server_whose_starter_was_killed_is_adopted(
    cluster: Cluster, postgres_bin: Path | None
) -> None:
    cluster.start()
    heir = Cluster(cluster.directory, postgres_bin, QUICK)
    heir.start()
    assert heir.postmaster_pid == cluster.postmaster_pid
    assert ask(heir, "SELECT 1") == 1
    heir.stop()
    assert not cluster.is_running


def test_server_that_is_stopping_is_waited_for(cluster: Cluster, postgres_bin: Path | None) -> None:
    cluster.start()
    first = cluster.postmaster_pid
    # A smart shutdown lasts as long as a session does.
    session = threading.Thread(target=ask, args=(cluster, "SELECT pg_sleep(1)"))
    session.start()
    until(lambda: ask(cluster, "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'sleep'") == 2)
    os.kill(first, signal.SIGTERM)
    until(lambda: "stopping" in (cluster.directory / "postmaster.pid").read_text())
    heir = Cluster(cluster.directory, postgres_bin, QUICK)
    heir.start()
    session.join()
    assert heir.postmaster_pid != first
    heir.stop()


def test_path_too_long_for_a_socket(place: Path, made: Path, postgres_bin: Path | None) -> None:
    with (
        moved(made, place / ("long" * 20) / ("longer" * 10) / "postgres") as directory,
        Cluster(directory, postgres_bin, QUICK) as cluster,
    ):
        assert ask(cluster, "SELECT 1") == 1
        assert directory not in cluster.socket_directory.parents
        assert stat.S_IMODE(cluster.socket_directory.stat().st_mode) == 0o700
        elsewhere = cluster.socket_directory
    assert not elsewhere.exists()


def test_place_of_the_socket_that_is_open_to_others_is_refused(
    place: Path, made: Path, postgres_bin: Path | None
) -> None:
    with moved(made, place / ("long" * 20) / ("longer" * 10) / "postgres") as directory:
        cluster = Cluster(directory, postgres_bin)
        cluster.socket_directory.mkdir()
        cluster.socket_directory.chmod(0o777)
        with pytest.raises(ClusterError, match="not private"):
            cluster.start()


@pytest.mark.parametrize("name", ["with blank", "a,b:c", 'quo"te', "per%20cent", "plus+ü"])
def test_odd_names_of_directories(
    place: Path, made: Path, postgres_bin: Path | None, name: str
) -> None:
    with (
        moved(made, place / name) as directory,
        Cluster(directory, postgres_bin, QUICK) as cluster,
    ):
        assert ask(cluster, "SELECT 1") == 1


def test_directory_with_other_things_is_left_alone(place: Path, postgres_bin: Path | None) -> None:
    (place / "holiday.jpg").write_text("sun")
    with pytest.raises(ClusterError, match="not empty"):
        Cluster(place, postgres_bin).start()
    assert (place / "holiday.jpg").read_text() == "sun"


def test_cluster_of_another_version_is_named(cluster: Cluster) -> None:
    said = cluster.directory / "PG_VERSION"
    truth = said.read_text()
    said.write_text("12\n")
    with pytest.raises(ClusterError, match="made by PostgreSQL 12"):
        cluster.start()
    said.write_text(truth)


def test_failing_initdb_leaves_nothing_behind(place: Path, postgres_bin: Path | None) -> None:
    programs = place / "bin"
    programs.mkdir()
    place.chmod(0o755)
    shutil.copy(sys.executable, programs / "initdb")  # runs, but knows none of the options
    (programs / "postgres").symlink_to(find_programs(postgres_bin).postgres)
    with pytest.raises(ClusterError, match="initdb failed"):
        Cluster(place / "postgres", programs).start()
    assert sorted(path.name for path in place.iterdir()) == ["bin"]


def test_abandoned_draft_is_cleared_away(place: Path, postgres_bin: Path | None) -> None:
    (place / ".postgres.draft-of-a-killed-start").mkdir()
    with Cluster(place / "postgres", postgres_bin, QUICK):
        assert [path.name for path in place.iterdir()] == ["postgres"]


def test_refused_start_ends_with_the_words_of_postgresql(
    cluster: Cluster, postgres_bin: Path | None
) -> None:
    wrong = Cluster(cluster.directory, postgres_bin, {"max_connections": "many"})
    with pytest.raises(ClusterError, match='invalid value for parameter "max_connections"'):
        wrong.start()
    assert not wrong.is_running


def test_programs_that_are_not_there(place: Path) -> None:
    with pytest.raises(ClusterError, match="does not run here"):
        Cluster(place / "postgres", place / "nowhere").start()


def test_killed_server_is_started_again_while_watched(cluster: Cluster) -> None:
    cluster.start()
    first = cluster.postmaster_pid
    with watched(cluster):
        kill_postmaster(cluster)
        until(lambda: cluster.is_ready and cluster.postmaster_pid != first)
        assert ask(cluster, "SELECT 1") == 1


@only_root
def test_root_lends_passage_and_nothing_more(place: Path, postgres_bin: Path | None) -> None:
    place.chmod(0o700)
    with Cluster(place / "postgres", postgres_bin, QUICK) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        assert cluster.directory.stat().st_uid != 0
        assert stat.S_IMODE(place.stat().st_mode) == 0o701
        assert place.stat().st_uid == 0


@only_as_nobody
def test_anyone_starts_a_cluster_of_his_own(place: Path, postgres_bin: Path | None) -> None:
    os.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
    answer = as_nobody(
        "options = {'fsync': 'off', 'shared_buffers': '16MB'}\n"
        "with Cluster(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), options) as cluster:\n"
        "    print(os.geteuid(), cluster.directory.stat().st_uid, cluster.is_ready)\n",
        place / "postgres",
        find_programs(postgres_bin).directory,
    )
    assert answer.stdout.split() == [str(NOBODY.pw_uid)] * 2 + ["True"], answer.stderr


@only_as_nobody
def test_cluster_of_somebody_else_is_not_touched(cluster: Cluster) -> None:
    answer = as_nobody("Cluster(pathlib.Path(sys.argv[1])).start()\n", cluster.directory)
    assert "belongs to the account" in answer.stderr
