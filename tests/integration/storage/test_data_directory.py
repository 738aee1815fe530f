"""Who holds a data directory, and the key that lies in it."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lrs.errors import DataDirectoryInUseError, StartError
from lrs.storage.embedded.data_directory import DataDirectory

HOLD = """
import pathlib, sys
from lrs.storage.embedded.data_directory import DataDirectory
directory = DataDirectory(pathlib.Path(sys.argv[1]))
with directory.held():
    directory.announce("http://127.0.0.1:1")
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_second_is_told_who_holds_it_and_where_that_answers(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        with (
            pytest.raises(DataDirectoryInUseError) as refusal,
            DataDirectory(tmp_path).held(),
        ):
            pytest.fail("held twice")
        holder.kill()
    assert f"pid {holder.pid}" in str(refusal.value)
    assert "http://127.0.0.1:1" in str(refusal.value)


def test_killed_holder_holds_nothing_any_more(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        holder.kill()
    with DataDirectory(tmp_path).held():
        assert f'"pid": {os.getpid()}' in (tmp_path / "lrs.lock").read_text()


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"pid": 1}'])
def test_holder_that_left_no_readable_text(tmp_path: Path, text: str) -> None:
    with hold(tmp_path) as holder:
        (tmp_path / "lrs.lock").write_text(text)
        with (
            pytest.raises(DataDirectoryInUseError, match="another lrs"),
            DataDirectory(tmp_path).held(),
        ):
            pytest.fail("held twice")
        holder.kill()


def test_text_of_a_killed_holder_is_not_believed(tmp_path: Path) -> None:
    with hold(tmp_path) as killed:
        killed.kill()
    stale = (tmp_path / "lrs.lock").read_text()
    with hold(tmp_path) as holder:
        (tmp_path / "lrs.lock").write_text(stale)
        with (
            pytest.raises(DataDirectoryInUseError, match="another lrs"),
            DataDirectory(tmp_path).held(),
        ):
            pytest.fail("held twice")
        holder.kill()


def test_released_directory_names_nobody(tmp_path: Path) -> None:
    with DataDirectory(tmp_path).held():
        pass
    assert (tmp_path / "lrs.lock").read_text() == ""


def test_directory_is_made(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "not" / "there").held():
        assert (tmp_path / "not" / "there").is_dir()


def test_file_in_its_place_is_an_explained_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="LRS_DATA_DIR"), DataDirectory(tmp_path / "file").held():
        pytest.fail("held")


def test_server_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    key = directory.server_key()
    assert len(key) == 64
    assert directory.server_key() == key
    assert stat.S_IMODE((tmp_path / "server.key").stat().st_mode) == 0o600


def test_many_at_once_agree_on_one_server_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: DataDirectory(tmp_path).server_key(), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["server.key"]


def test_server_key_that_cannot_be_read_is_an_explained_failure(tmp_path: Path) -> None:
    (tmp_path / "server.key").mkdir()
    with pytest.raises(StartError, match=r"server\.key"):
        DataDirectory(tmp_path).server_key()
