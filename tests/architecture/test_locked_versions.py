"""What `make audit` makes of locks and of reports."""

import tomllib
from pathlib import Path

from locked_versions import LOCKS, ROOT, pins, weaknesses

REPORT = {
    "dependencies": [
        {"name": "good", "version": "1.0", "vulns": []},
        {"name": "left-out", "skip_reason": "it is not on PyPI"},
        {
            "name": "weak",
            "version": "2.0",
            "vulns": [
                {"id": "CVE-1", "fix_versions": ["2.1", "3.0"]},
                {"id": "CVE-2", "fix_versions": []},
            ],
        },
    ]
}


def test_each_weakness_is_named() -> None:
    assert weaknesses(REPORT) == [
        "weak 2.0: CVE-1, mended in 2.1, 3.0",
        "weak 2.0: CVE-2, mended in no version yet",
    ]


def test_the_lock_holds_what_the_service_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        each.partition(">=")[0].partition("[")[0] for each in project["project"]["dependencies"]
    }
    for lock in LOCKS:
        assert needed <= set(pins((ROOT / lock).read_text(encoding="utf-8")))


def test_everything_that_is_locked_has_a_hash() -> None:
    for lock in LOCKS:
        text = Path(ROOT / lock).read_text(encoding="utf-8")
        entries = [each for each in text.split("\n") if "==" in each and not each.startswith("#")]
        assert len(entries) == len([each for each in entries if each.rstrip().endswith("\\")])
        assert text.count("--hash=sha256:") >= len(entries)
