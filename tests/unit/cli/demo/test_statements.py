import pytest

from lrs.cli.demo.statements import Setting, duration, score


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "PT0S"),
        (7.5, "PT7.5S"),
        (59.999, "PT1M0S"),
        (61.25, "PT1M1.25S"),
        (3600, "PT1H0S"),
        (7325, "PT2H2M5S"),
    ],
)
def test_durations_are_written_as_iso_8601(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_scaled_follows_from_raw_and_its_bounds() -> None:
    assert score(4, 5, 1) == {"scaled": 0.75, "raw": 4, "min": 1, "max": 5}


def test_a_context_leaves_out_what_is_not_known() -> None:
    assert Setting().context(None, "de") == {"language": "de"}
