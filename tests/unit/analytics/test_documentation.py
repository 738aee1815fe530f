import re
from pathlib import Path

from lrs.analytics.dimensions import DIMENSIONS, TIME_DIMENSIONS
from lrs.analytics.filters import MAX_VALUES, OPERATORS
from lrs.analytics.measures import COMPLETION_VERBS, MEASURES, RATING_VERBS
from lrs.analytics.periods import Granularity
from lrs.analytics.queries import resolve
from lrs.analytics.requests import DEFAULT_LIMIT, MAX_FILTERS, MAX_LIMIT, QueryRequest
from lrs.analytics.rollups import SETS, SUMS, Key

DOCUMENT = (Path(__file__).parents[3] / "docs" / "analytics.md").read_text()


def test_every_name_of_the_language_is_documented() -> None:
    operators = {name for named in OPERATORS.values() for name in named}
    names = {*MEASURES, *DIMENSIONS, *TIME_DIMENSIONS, *operators, *Granularity}
    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()


def test_the_tables_hold_no_other_name() -> None:
    first_cells = re.findall(r"^\| `([a-z._]+)` \|", DOCUMENT, flags=re.MULTILINE)
    assert first_cells == [*MEASURES, *DIMENSIONS]


def test_the_rollups_are_documented() -> None:
    names = {
        Key.DAY: ["time"],
        Key.CREDENTIAL: ["`system`"],
        Key.VERB: ["`verb.id`"],
        Key.ACTIVITY: ["`activity.id`", "`activity.type`"],
    }
    told = re.findall(r"^\| (.+) \| (yes) \| (yes|) ?\| (yes|) ?\|$", DOCUMENT, flags=re.MULTILINE)
    kept = [
        {
            name: bool(cell)
            for name, cell in zip(("", "actors.unique", "activities.unique"), cells, strict=True)
        }
        for _, *cells in told
    ]
    lines = [set(keys.split(", ")) for keys, *_ in told]
    for keys in SUMS:
        line = {name for key in keys for name in names[key]}
        sets = {name: keys in found for name, found in SETS.items()}
        assert kept[lines.index(line)] == {"": True, **sets}
    assert len(lines) == len(SUMS)


def test_the_verbs_that_measures_look_for_are_documented() -> None:
    assert all(f"`{verb}`" in DOCUMENT for verb in (*COMPLETION_VERBS, *RATING_VERBS))


def test_the_limits_are_documented() -> None:
    for limit in (MAX_VALUES, DEFAULT_LIMIT, MAX_LIMIT, MAX_FILTERS):
        assert f"{limit:,}" in DOCUMENT


def test_the_example_is_a_query() -> None:
    example, *_ = re.findall(r"```json\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    assert resolve(QueryRequest.model_validate_json(example)).limit == 100
