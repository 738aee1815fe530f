"""docs/settings.md says what settings.py does."""

import re
from pathlib import Path

from lrs.settings import Settings, variable_names

_DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
_ROW = re.compile(r"^\| `(LRS_\w+)` \| (.+?) \|(.*?)\| (.+?) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str, str]]:
    return {name: (default, unit, text) for name, default, unit, text in _ROW.findall(_read())}


def _read() -> str:
    return _DOCUMENT.read_text(encoding="utf-8")


def written_default(name: str) -> str:
    default = Settings.model_fields[name.removeprefix("LRS_").lower()].default
    return "not set" if default is None else f"`{default}`"


def test_each_setting_has_a_row_and_each_row_a_setting() -> None:
    assert sorted(rows()) == sorted(variable_names())


def test_defaults_are_those_of_the_code() -> None:
    documented = {name: default for name, (default, _, _) in rows().items()}
    assert documented == {name: written_default(name) for name in variable_names()}


def test_each_row_explains() -> None:
    assert not [name for name, (_, _, text) in rows().items() if len(text) < 20]


def test_no_other_variable_is_mentioned() -> None:
    assert set(re.findall(r"LRS_[A-Z_]+", _read())) == set(variable_names())
