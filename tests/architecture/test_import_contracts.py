"""Dependencies go one way, and the check of that is awake."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from architecture.source_files import PACKAGE, ROOT

_VERDICT = re.compile(r"^(.+) (KEPT|BROKEN)$", re.MULTILINE)
# One line that breaks each contract, and the file that it is planted in.
_VIOLATIONS = {
    "Dependencies point one way": ("utils.py", ""),
    "No ring of modules anywhere": ("xapi/versions.py", "import lrs.xapi.rules"),
    "Only api and main know FastAPI": ("services/consistency.py", "import fastapi"),
    "Only storage knows SQLAlchemy and asyncpg": ("services/analytics.py", "import sqlalchemy"),
    "The tables are private to storage": ("services/analytics.py", "import lrs.storage.tables"),
    "The api reaches storage only through services": ("api/head.py", "import lrs.storage.rows"),
    "Settings are read by main and cli only": ("storage/rows.py", "import lrs.settings"),
}


def verdicts(project: Path) -> dict[str, str]:
    """Return what import-linter says of each contract of a project."""
    program = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [program, "--no-cache"], cwd=project, capture_output=True, text=True, check=False
    )
    found = dict(_VERDICT.findall(answer.stdout))
    assert found, answer.stdout + answer.stderr
    return found


def test_every_contract_is_kept() -> None:
    assert set(verdicts(ROOT).values()) == {"KEPT"}


def test_every_contract_notices_when_it_is_broken(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "lrs", ignore=shutil.ignore_patterns("__pycache__"))
    for place, line in _VIOLATIONS.values():
        with (tmp_path / "lrs" / place).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    assert verdicts(tmp_path) == dict.fromkeys(_VIOLATIONS, "BROKEN")
