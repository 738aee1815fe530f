"""Looks for known weaknesses in what is locked, as far as that can be done from here: `make audit`.

Without the internet nobody can be asked for weaknesses; then it says so, and tells how old the lock
is. Only a weakness that was found makes it fail.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOCKS = ("requirements.lock", "requirements-dev.lock")
ROOT = Path(__file__).parents[1]
SECONDS = 60
# After so many days, an upgrade is due in any case.
OLD = 90
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
Json = dict[str, Any]


def pins(text: str) -> dict[str, str]:
    """Return the versions that a lock names, by package."""
    return dict(_PIN.findall(text))


def weaknesses(report: Json) -> list[str]:
    """Return what a report of pip-audit names, one line each."""
    return [
        f"{each['name']} {each['version']}: {weakness['id']}, mended in"
        f" {', '.join(weakness['fix_versions']) or 'no version yet'}"
        for each in report["dependencies"]
        for weakness in each.get("vulns", ())
    ]


def asked(lock: str) -> Json | None:
    """Return the report of pip-audit on a lock, or None if nobody could be asked."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    try:
        ran = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        report: Json = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return report


def age(lock: str, now: datetime) -> int | None:
    """Return how many days ago a lock was last changed, as git knows it."""
    command = ["git", "log", "-1", "--format=%cI", "--", lock]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not ran.stdout.strip():
        return None
    return (now - datetime.fromisoformat(ran.stdout.strip())).days


def told(lock: str, now: datetime) -> tuple[str, bool]:
    """Return what there is to say of a lock, and whether a weakness was found."""
    count = len(pins((ROOT / lock).read_text(encoding="utf-8")))
    days = age(lock, now)
    locked = "locked at an unknown time" if days is None else f"locked {days} days ago"
    due = "; an upgrade is due: make lock LOCK_FLAGS=--upgrade" if (days or 0) > OLD else ""
    report = asked(lock)
    if report is None:
        return f"{lock}: NOT CHECKED for known weaknesses (no answer); {locked}{due}", False
    found = weaknesses(report)
    lines = [f"{lock}: {count} versions, {len(found)} known weaknesses; {locked}{due}", *found]
    return "\n  ".join(lines), bool(found)


def main() -> int:
    results = [told(lock, datetime.now(UTC)) for lock in LOCKS]
    sys.stdout.write("".join(f"{line}\n" for line, _ in results))
    return int(any(is_weak for _, is_weak in results))


if __name__ == "__main__":
    sys.exit(main())
