"""The command, against a little LRS of somebody else's."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from lrs.cli.load import load
from stand_in_lrs import KEY, SECRET, StandInLRS, a_batch, running_lrs


@pytest.fixture
def lrs() -> Iterator[StandInLRS]:
    with running_lrs() as stand_in:
        yield stand_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "statements.json"


def run_load(lrs: StandInLRS, file: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(load)
    given = [str(file), "--to", lrs.endpoint, "--key", KEY, "--secret", SECRET, *options]
    return CliRunner().invoke(app, given)


def report_of(file: Path) -> list[dict[str, Any]]:
    lines = file.with_name(f"{file.name}.refused.ndjson").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", [b"[%s]", b"%s"])
def test_a_file_is_loaded_and_loaded_again(
    lrs: StandInLRS, file: Path, form: bytes, *, packed: bool
) -> None:
    separator = b",\n" if form.startswith(b"[") else b"\r\n\r\n"
    stream = form % separator.join(a_batch(1234))
    half = len(stream) // 2
    members = gzip.compress(stream[:half]) + gzip.compress(stream[half:]) + b"\0" * 100
    file.write_bytes(members if packed else stream)
    first, second = run_load(lrs, file, "--batch", "100"), run_load(lrs, file)
    assert "1,234 read: 1,234 stored, 0 already there, 0 refused" in first.stdout
    assert "1,234 read: 0 stored, 1,234 already there, 0 refused" in second.stdout
    assert (first.exit_code, second.exit_code, len(lrs.bodies)) == (0, 0, 13 + 3)
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208 -- names are what is compared


def test_one_connection_keeps_the_order(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b"\n".join(a_batch(500, bad=[123])))
    run_load(lrs, file, "--batch", "7", "--concurrency", "1")
    assert list(lrs.statements) == [str(number) for number in range(500) if number != 123]


def test_statements_without_id_are_not_doubled_by_a_second_run(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b'[{"a":1},{"a":1},{"a":2}]')
    first, second = run_load(lrs, file), run_load(lrs, file)
    assert "3 stored, 0 already there" in first.stdout
    assert "0 stored, 3 already there" in second.stdout


def test_what_is_refused_is_written_down_with_place_and_reason(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b'[{"id":"a"},\n{ "bad":true,\r\n"id":"b","n":1.0},3,{"id":"c":1}]')
    result = run_load(lrs, file)
    assert result.exit_code == 1
    assert "4 read: 1 stored, 0 already there, 3 refused" in result.stdout
    assert sorted(report_of(file), key=lambda line: line["index"]) == [
        {
            "index": 1,
            "offset": 13,
            "status": 400,
            "reason": "a bad statement",
            "statement": {"bad": True, "id": "b", "n": 1.0},
        },
        {"index": 2, "offset": 46, "status": None, "reason": "not JSON", "statement": "3"},
        {
            "index": 3,
            "offset": 48,
            "status": None,
            "reason": "not JSON: Expecting ',' delimiter at byte 9 of it",
            "statement": '{"id":"c":1}',
        },
    ]


def test_the_report_of_an_earlier_run_does_not_stay(lrs: StandInLRS, file: Path) -> None:
    report = file.with_name("elsewhere.ndjson")
    file.write_bytes(b'{"id":"a","bad":true}')
    run_load(lrs, file, "--report", str(report))
    assert report.exists()
    file.write_bytes(b'{"id":"a"}')
    run_load(lrs, file, "--report", str(report))
    assert not report.exists()


def test_damaged_gzip_is_loaded_up_to_the_damage(lrs: StandInLRS, file: Path) -> None:
    packed = gzip.compress(
        b"\n".join(os.urandom(20).hex().join(['{"id":"', '"}']).encode() for _ in range(2000))
    )
    file.write_bytes(packed[: len(packed) // 2])
    result = run_load(lrs, file)
    assert result.exit_code == 1
    assert len(lrs.statements) > 500
    assert [line["reason"].split(" at ")[0] for line in report_of(file)] == [
        "the gzip data are cut off"
    ]


def test_a_silent_lrs_is_reported_as_silent(lrs: StandInLRS, file: Path) -> None:
    lrs.tells_stored = False
    file.write_bytes(b"".join(a_batch(3)))
    assert (
        "3 accepted (the LRS does not say how many of them are new)" in run_load(lrs, file).stdout
    )


def test_a_wrong_secret_stops_at_once(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b"".join(a_batch(3000)))
    result = run_load(lrs, file, "--secret", "wrong", "--concurrency", "1")
    assert result.exit_code == 2
    assert "refuses the key 'the-key' or its secret (401)" in result.stderr
    assert len(lrs.bodies) == 1


def test_the_version_can_be_chosen(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b"".join(a_batch(3)))
    run_load(lrs, file, "--xapi-version", "2.0.0")
    assert lrs.versions == {"2.0.0"}


def test_a_large_batch_is_divided_by_bytes(lrs: StandInLRS, file: Path) -> None:
    file.write_bytes(b"".join(b'{"id":"%d","a":"%s"}' % (n, b"x" * 2_000_000) for n in range(5)))
    assert run_load(lrs, file).exit_code == 0
    assert sorted(len(body) // 1_000_000 for body in lrs.bodies) == [2, 4, 4]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--to", "example.org/xapi"], "begins with http:// or https://"),
        (["--report", "{file}"], "this is the file to load"),
        (["--batch", "0"], "--batch"),
    ],
)
def test_wrong_options_are_explained(
    lrs: StandInLRS, file: Path, options: list[str], part: str
) -> None:
    file.write_bytes(b"{}")
    result = run_load(lrs, file, *(option.format(file=file) for option in options))
    assert result.exit_code == 2
    assert part in result.stderr


def test_a_missing_file_is_named(lrs: StandInLRS, file: Path) -> None:
    result = run_load(lrs, file)
    assert (result.exit_code, result.stderr) == (
        2,
        f"lrs load: {file}: No such file or directory\n",
    )


def test_missing_credentials_are_explained(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LRS_KEY", "LRS_SECRET", "LRS_INITIAL_KEY", "LRS_INITIAL_SECRET"):
        monkeypatch.delenv(name, raising=False)
    file.write_bytes(b"{}")
    app = typer.Typer()
    app.command()(load)
    result = CliRunner().invoke(app, [str(file)])
    assert result.exit_code == 2
    assert "give --key and --secret" in result.stderr


def test_this_machine_is_the_default(
    lrs: StandInLRS, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRS_HOST", "0.0.0.0")  # noqa: S104 -- what a container sets
    monkeypatch.setenv("LRS_PORT", lrs.endpoint.rpartition(":")[2].removesuffix("/xapi"))
    monkeypatch.setenv("LRS_INITIAL_KEY", KEY)
    monkeypatch.setenv("LRS_INITIAL_SECRET", SECRET)
    file.write_bytes(b'{"id":"a"}')
    app = typer.Typer()
    app.command()(load)
    assert CliRunner().invoke(app, [str(file)]).exit_code == 0
    assert list(lrs.statements) == ["a"]


def start_load(lrs: StandInLRS, folder: Path) -> subprocess.Popen[bytes]:
    program = "import typer; from lrs.cli.load import load; typer.run(load)"
    return subprocess.Popen(
        [sys.executable, "-c", program, "-", "--to", lrs.endpoint, "--batch", "2"],
        cwd=folder,
        env=os.environ | {"LRS_KEY": KEY, "LRS_SECRET": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_standard_input_is_loaded(lrs: StandInLRS, tmp_path: Path) -> None:
    with start_load(lrs, tmp_path) as program:
        stdout, _ = program.communicate(gzip.compress(b"\n".join(a_batch(5, bad=[1]))))
    assert b"5 read: 4 stored, 0 already there, 1 refused" in stdout
    assert program.returncode == 1
    assert (tmp_path / "refused.ndjson").exists()


def test_ctrl_c_ends_it_with_a_word(lrs: StandInLRS, tmp_path: Path) -> None:
    with start_load(lrs, tmp_path) as program:
        assert program.stdin is not None
        program.stdin.write(b"\n".join(a_batch(5)) + b"\n")
        program.stdin.flush()
        assert lrs.is_asked.wait(30)
        program.send_signal(signal.SIGINT)
        stdout, stderr = program.communicate()
    assert program.returncode == 130
    assert b"Interrupted." in stderr
    assert b"Traceback" not in stderr
    assert b" read: " in stdout
