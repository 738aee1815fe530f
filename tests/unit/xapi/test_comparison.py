import itertools
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lrs.xapi.comparison import match
from lrs.xapi.versions import Version

Json = dict[str, Any]

V1, V2 = Version.V1_0_3, Version.V2_0_0
both_versions = pytest.mark.parametrize("version", [V1, V2])

ANNA = {"mbox": "mailto:anna@example.org", "name": "Anna"}
BEN = {"account": {"homePage": "https://hr.example.org", "name": "ben"}}
PAIR = {"objectType": "Group", "member": [ANNA, BEN]}
RIAP = {"objectType": "Group", "member": [BEN, ANNA]}
BOOK = {"id": "https://example.org/books/1"}
READ = {"id": "https://example.org/verbs/read"}
UUID = "8f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10"
REFERENCE = {"objectType": "StatementRef", "id": UUID}
ATTACHMENT = {
    "usageType": "https://example.org/usage/photo",
    "display": {"en-US": "A photo"},
    "contentType": "image/jpeg",
    "length": 3,
    "sha2": "a" * 64,
}


def statement(**properties: Any) -> Json:
    return {"actor": ANNA, "verb": READ, "object": BOOK} | properties


def substatement(**properties: Any) -> Json:
    return {"object": {"objectType": "SubStatement"} | statement(**properties)}


def context(**properties: Any) -> Json:
    return {"context": properties}


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def same(one: Json, other: Json, version: Version = V1) -> bool:
    """Compare two statements that have these properties, in both directions."""
    there = match(text(statement(**one)), text(statement(**other)), version)
    assert match(text(statement(**other)), text(statement(**one)), version) is there
    return there


def same_everywhere(one: Json, other: Json, version: Version = V1) -> bool:
    """Compare two statements and two statements with these as SubStatement."""
    there = same(one, other, version)
    assert same(substatement(**one), substatement(**other), version) is there
    return there


# What the LRS sets


@both_versions
@pytest.mark.parametrize("name", ["id", "authority", "stored", "version"])
def test_what_the_lrs_sets_plays_no_part(name: str, version: Version) -> None:
    assert same({}, {name: "a"}, version)
    assert same({name: "a"}, {name: "b"}, version)


def test_the_statement_as_completed_is_the_one_that_came_in() -> None:
    received = statement(context={"contextActivities": {"parent": BOOK}})
    kept = statement(context={"contextActivities": {"parent": [BOOK]}})
    kept |= {"authority": {"objectType": "Agent"} | BEN, "id": UUID, "version": "1.0.0"}
    assert match(text(received), text(kept), V1)


@pytest.mark.parametrize("name", ["id", "authority", "stored", "version"])
def test_an_extension_with_the_name_of_what_the_lrs_sets_counts(name: str) -> None:
    assert not same(context(extensions={name: 1}), context(extensions={name: 2}))


def test_the_id_of_a_reference_counts() -> None:
    other = "9f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10"
    assert not same_everywhere({"object": REFERENCE}, {"object": REFERENCE | {"id": other}})


# timestamp

NOON = {"timestamp": "2026-03-01T12:00:00Z"}
NOON_IN_BERLIN = {"timestamp": "2026-03-01T13:00:00.000+01:00"}
LATER = {"timestamp": "2026-03-01T12:00:00.001Z"}


def test_one_instant_in_two_zones_is_the_same() -> None:
    assert same_everywhere(NOON, NOON_IN_BERLIN)


def test_two_instants_are_a_difference_in_1_0_3_only() -> None:
    assert not same(NOON, LATER, V1)
    assert same(NOON, LATER, V2)


@both_versions
def test_a_timestamp_on_one_side_only_is_no_difference(version: Version) -> None:
    assert same({}, NOON, version)


@both_versions
def test_the_timestamp_of_a_substatement_counts(version: Version) -> None:
    assert same(substatement(**NOON), substatement(**NOON_IN_BERLIN), version)
    assert not same(substatement(**NOON), substatement(**LATER), version)
    assert not same(substatement(), substatement(**NOON), version)


# duration


@both_versions
def test_digits_of_a_duration_beyond_a_hundredth_of_a_second_do_not_count(version: Version) -> None:
    one, other = ({"result": {"duration": text}} for text in ("PT1.239S", "PT1.23S"))
    assert same_everywhere(one, other, version)


@both_versions
@pytest.mark.parametrize("duration", ["PT1.24S", "PT2.23S", "PT1M1.23S", "P1Y"])
def test_another_duration_is_a_difference(duration: str, version: Version) -> None:
    one, other = ({"result": {"duration": text}} for text in (duration, "PT1.23S"))
    assert not same_everywhere(one, other, version)


# attachments


def test_the_metadata_of_attachments_count_in_1_0_3_only() -> None:
    one, other = {"attachments": [ATTACHMENT]}, {"attachments": [ATTACHMENT | {"length": 4}]}
    assert not same(one, other, V1)
    assert not same(one, {}, V1)
    assert same(one, other, V2)
    assert same(one, {}, V2)


def test_the_case_of_hash_and_language_tags_of_an_attachment_plays_no_part() -> None:
    one = ATTACHMENT | {"description": {"de-AT": "Foto"}}
    other = one | {
        "sha2": "A" * 64,
        "display": {"en-us": "A photo"},
        "description": {"DE-at": "Foto"},
    }
    assert same_everywhere({"attachments": [one]}, {"attachments": [other]})


def test_attachments_can_be_ignored_for_a_signature() -> None:
    signed, received = text(statement()), text(statement(attachments=[ATTACHMENT]))
    assert match(signed, received, V1, ignore_attachments=True)
    assert not match(signed, text(statement(object=REFERENCE)), V1, ignore_attachments=True)


# definition and display

DEFINED = BOOK | {"definition": {"name": {"en": "Book"}}}
REDEFINED = BOOK | {"definition": {"name": {"en": "Another"}}}


@both_versions
@pytest.mark.parametrize("activity", [BOOK, REDEFINED])
def test_the_definition_of_an_activity_plays_no_part(activity: Json, version: Version) -> None:
    assert same_everywhere({"object": DEFINED}, {"object": activity}, version)
    for kind in ("parent", "grouping", "category", "other"):
        one, other = (context(contextActivities={kind: [it]}) for it in (DEFINED, activity))
        assert same_everywhere(one, other, version)


@both_versions
def test_the_display_of_a_verb_plays_no_part(version: Version) -> None:
    one, other = {"verb": READ | {"display": {"en": "read"}}}, {"verb": READ}
    assert same_everywhere(one, other, version)


@both_versions
def test_another_id_is_a_difference(version: Version) -> None:
    assert not same_everywhere({"verb": READ}, {"verb": {"id": READ["id"] + "/"}}, version)
    assert not same_everywhere({"object": BOOK}, {"object": {"id": BOOK["id"] + "/"}}, version)


# Groups, contextActivities and objectType

ACTOR_PLACES: dict[str, Callable[[Json], Json]] = {
    "actor": lambda actor: {"actor": actor},
    "object": lambda actor: {"object": {"objectType": "Agent"} | actor},
    "instructor": lambda actor: context(instructor=actor),
    "team": lambda actor: context(team=actor),
    "contextAgents": lambda actor: context(
        contextAgents=[{"objectType": "contextAgent", "agent": actor}]
    ),
    "contextGroups": lambda actor: context(
        contextGroups=[{"objectType": "contextGroup", "group": actor}]
    ),
}
actor_places = pytest.mark.parametrize("place", ACTOR_PLACES.values(), ids=ACTOR_PLACES)


@actor_places
@both_versions
def test_the_order_of_members_plays_no_part(
    place: Callable[[Json], Json], version: Version
) -> None:
    assert same_everywhere(place(PAIR), place(RIAP), version)


@actor_places
def test_how_often_a_member_stands_in_a_group_counts(place: Callable[[Json], Json]) -> None:
    twice = PAIR | {"member": [ANNA, BEN, BEN]}
    assert not same_everywhere(place(PAIR), place(twice))
    assert not same_everywhere(place(PAIR | {"member": [ANNA, ANNA, BEN]}), place(twice))


MEMBERLESS: list[Json] = [
    {"objectType": "Group", "mbox": "mailto:pair@example.org"},
    {"objectType": "Group", "mbox": "mailto:pair@example.org", "member": []},
    {"objectType": "Group", "mbox": "mailto:pair@example.org", "member": None},
    {"objectType": "Group", "mbox": "mailto:pair@example.org", "member": [None]},
    {"objectType": "Group"},
]


@actor_places
@both_versions
def test_groups_without_members_are_no_error_and_told_apart(
    place: Callable[[Json], Json], version: Version
) -> None:
    for one, other in itertools.product(MEMBERLESS, repeat=2):
        assert same_everywhere(place(one), place(other), version) is (one is other)


@actor_places
@pytest.mark.parametrize("actor", [BEN, ANNA | {"name": "A"}, {"mbox": ANNA["mbox"]}])
def test_another_or_renamed_actor_is_a_difference(
    place: Callable[[Json], Json], actor: Json
) -> None:
    assert not same_everywhere(place(ANNA), place(actor))


@actor_places
def test_an_actor_without_type_is_an_agent(place: Callable[[Json], Json]) -> None:
    assert same_everywhere(place(ANNA), place(ANNA | {"objectType": "Agent"}))
    assert not same_everywhere(place(ANNA), place(ANNA | {"objectType": "Group"}))


def test_a_member_without_type_is_an_agent() -> None:
    typed = {"objectType": "Group", "member": [ANNA, BEN | {"objectType": "Agent"}]}
    assert same({"actor": PAIR}, {"actor": typed})


def test_an_object_without_type_is_an_activity() -> None:
    assert same_everywhere({"object": BOOK}, {"object": BOOK | {"objectType": "Activity"}})
    one, other = (
        context(contextActivities={"other": [it]})
        for it in (BOOK, BOOK | {"objectType": "Activity"})
    )
    assert same_everywhere(one, other)


@both_versions
@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other"])
def test_a_lone_context_activity_is_an_array_of_one(kind: str, version: Version) -> None:
    one, other = (context(contextActivities={kind: it}) for it in (BOOK, [BOOK]))
    assert same_everywhere(one, other, version)


def test_number_and_kind_of_context_activities_count() -> None:
    one = context(contextActivities={"parent": [BOOK]})
    assert not same_everywhere(one, context(contextActivities={"parent": [BOOK, BOOK]}))
    assert not same_everywhere(one, context(contextActivities={"other": [BOOK]}))


# Letter case

CASES = [
    (
        {"actor": {"mbox": "mailto:Anna@example.org"}},
        {"actor": {"mbox": "MailTo:Anna@EXAMPLE.org"}},
    ),
    ({"actor": {"mbox_sha1sum": "ab" * 20}}, {"actor": {"mbox_sha1sum": "AB" * 20}}),
    ({"object": REFERENCE}, {"object": REFERENCE | {"id": UUID.upper()}}),
    (context(registration=UUID), context(registration=UUID.upper())),
    (context(language="en-US"), context(language="EN-us")),
    (context(statement=REFERENCE), context(statement=REFERENCE | {"id": UUID.upper()})),
]


@both_versions
@pytest.mark.parametrize(("one", "other"), CASES)
def test_case_plays_no_part_where_it_has_no_meaning(
    one: Json, other: Json, version: Version
) -> None:
    assert same_everywhere(one, other, version)


CASES_THAT_COUNT = [
    (
        {"actor": {"mbox": "mailto:Anna@example.org"}},
        {"actor": {"mbox": "mailto:anna@example.org"}},
    ),
    (
        {"actor": {"openid": "https://id.example.org/a"}},
        {"actor": {"openid": "https://id.example.org/A"}},
    ),
    ({"actor": ANNA}, {"actor": ANNA | {"name": "ANNA"}}),
    ({"object": BOOK}, {"object": {"id": BOOK["id"].upper()}}),
    ({"verb": READ}, {"verb": {"id": READ["id"].upper()}}),
    ({"result": {"response": "a"}}, {"result": {"response": "A"}}),
    (context(platform="web"), context(platform="Web")),
]


@both_versions
@pytest.mark.parametrize(("one", "other"), CASES_THAT_COUNT)
def test_case_counts_elsewhere(one: Json, other: Json, version: Version) -> None:
    assert not same_everywhere(one, other, version)


# Values


def with_extension(value: str) -> bytes:
    start = text(statement(context={"extensions": {"https://e.org/x": 0}}))
    return start.replace(b": 0}", b": " + value.encode() + b"}")


def same_value(one: str, other: str) -> bool:
    return match(with_extension(one), with_extension(other), V1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "1e0"),
        ("100", "1E+2"),
        ("0.1", "10e-2"),
        ("0", "-0.0"),
        ("1e999999999999999999", "10E999999999999999998"),
        ("123456789012345678901234567890", "12345678901234567890123456789e1"),
        ('"\\u0061\\/"', '"a/"'),
        ('{"a":1,"b":[true,null]}', '{ "b": [true, null], "a": 1 }'),
    ],
)
def test_one_value_in_two_spellings_is_the_same(one: str, other: str) -> None:
    assert same_value(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "true"),
        ("0", "false"),
        ("1", '"1"'),
        ("null", "false"),
        ("null", '""'),
        ("{}", "[]"),
        ("[]", "[[]]"),
        ("[1,2]", "[2,1]"),
        ('{"a":null}', "{}"),
        ('["a",1]', '{"a":1}'),
        ("0.1", "0.1000000000000000055511151231257827021181583404541015625"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("1e99999999999999999999", "1e99999999999999999998"),
        ("1e99999999999999999999", '"1e99999999999999999999"'),
        ('"a"', '"A"'),
        ('"e\\u0301"', '"\\u00e9"'),
    ],
)
def test_two_values_are_a_difference(one: str, other: str) -> None:
    assert not same_value(one, other)


def test_nothing_inside_an_extension_follows_the_rules_of_statements() -> None:
    one, other = (context(extensions={"https://e.org/x": it}) for it in (PAIR, RIAP))
    assert not same_everywhere(one, other)
    one, other = (context(extensions={"https://e.org/x": it}) for it in (DEFINED, REDEFINED))
    assert not same_everywhere(one, other)


@both_versions
@pytest.mark.parametrize(
    "properties",
    [
        {"result": {}},
        {"context": {}},
        {"result": {"success": True}},
        {"result": {"score": {"raw": 1}}},
        context(contextActivities={}),
        context(extensions={}),
        {"object": PAIR},
        {"object": REFERENCE},
        substatement(),
    ],
)
def test_a_property_more_is_a_difference(properties: Json, version: Version) -> None:
    assert not same_everywhere({}, properties, version)


@both_versions
@pytest.mark.parametrize("value", [b"null", b"[]", b"1", b'"a"', b"{}", b'[{"actor": 1}]'])
def test_what_is_no_statement_is_only_the_same_as_itself(value: bytes, version: Version) -> None:
    assert match(value, value, version)
    assert not match(value, text(statement()), version)


@both_versions
@pytest.mark.parametrize("value", [None, True, 1, "x", [], {}, [[]], {"objectType": []}])
@pytest.mark.parametrize(
    "name", ["actor", "verb", "object", "result", "context", "timestamp", "attachments"]
)
def test_a_malformed_property_is_no_error(name: str, value: object, version: Version) -> None:
    assert same({name: value}, {name: value}, version)


@pytest.mark.parametrize("value", [None, 1, "x", {}, {"a": []}])
def test_a_malformed_part_of_a_property_is_no_error(value: Json) -> None:
    parts: list[Json] = [
        {"actor": {"objectType": "Group", "member": value}},
        {"attachments": [{"display": value}]},
        context(contextActivities={"other": value}, contextAgents=value),
    ]
    for part in parts:
        assert same(part, part)
        assert not same(part, {})


# Whole statements

FULL: Json = {
    "id": UUID,
    "actor": PAIR | {"mbox": "mailto:pair@example.org"},
    "verb": READ | {"display": {"en": "read"}},
    "object": {
        "objectType": "SubStatement",
        "actor": ANNA,
        "verb": READ,
        "object": RIAP,
        "timestamp": "2026-03-01T12:00:00Z",
        "context": {"contextActivities": {"other": [DEFINED]}, "team": PAIR},
    },
    "result": {
        "score": {"scaled": 0.5, "raw": 10, "min": 0, "max": 20},
        "success": True,
        "completion": False,
        "response": "a[,]b",
        "duration": "PT1H2.5S",
        "extensions": {"https://e.org/x": [1, None, {"a": 1.5}, True, "1", []]},
    },
    "context": {
        "registration": UUID,
        "instructor": BEN,
        "team": PAIR,
        "contextActivities": {"parent": [BOOK, DEFINED]},
        "contextAgents": [
            {"objectType": "contextAgent", "agent": ANNA, "relevantTypes": ["https://e.org/t"]}
        ],
        "contextGroups": [{"objectType": "contextGroup", "group": PAIR}],
        "revision": "1",
        "platform": "web",
        "language": "de-AT",
        "statement": REFERENCE,
        "extensions": {"https://e.org/y": {"b": 0, "a": [10]}},
    },
    "timestamp": "2026-03-01T12:00:00Z",
    "attachments": [ATTACHMENT],
}


KINDS = ("parent", "grouping", "category", "other")
ZONES = [timezone(timedelta(minutes=minutes)) for minutes in (0, 90, -14 * 60, 23 * 60 + 59)]


def shuffled(value: Any, random: Random, name: str = "") -> Any:
    """Write a value in another way that means the same.

    Keys and members of Groups change their order, timestamps their zone; a lone contextActivity
    becomes an array, or an array of one a lone one.
    """
    if name == "timestamp":
        return datetime.fromisoformat(value).astimezone(random.choice(ZONES)).isoformat()
    if name in KINDS and isinstance(value, list) and len(value) == 1:
        return shuffled(random.choice((value, value[0])), random)
    if isinstance(value, dict):
        names = random.sample(list(value), len(value))
        return {name: shuffled(value[name], random, name) for name in names}
    if isinstance(value, list):
        items = random.sample(value, len(value)) if name == "member" else value
        return [shuffled(item, random) for item in items]
    return value


SPELLINGS = ["{}", "{}.0", "{}e0", "{}.000E+0", "{}e-0"]


def spelled(value: Any, random: Random) -> str:
    """Write a value as JSON, with whitespace and numbers in one of many spellings."""
    space = random.choice(["", " ", "\n\t"])
    if isinstance(value, dict):
        parts = (f"{json.dumps(name)}{space}:{spelled(value[name], random)}" for name in value)
        return "{" + space + f"{space},".join(parts) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(spelled(item, random) for item in value) + space + "]"
    if type(value) is int:
        return random.choice(SPELLINGS).format(value)
    return json.dumps(value)


def respelled(value: Json, seed: int) -> bytes:
    random = Random(seed)  # shuffles a test's keys, keeps no secret
    return spelled(shuffled(value, random), random).encode()


def few_of(properties: Json) -> st.SearchStrategy[Json]:
    """Draw objects with some of these properties."""
    return st.sets(st.sampled_from(list(properties))).map(
        lambda names: {name: properties[name] for name in names}
    )


ACTORS: list[Json] = [ANNA, BEN, PAIR, PAIR | {"mbox": "mailto:pair@example.org"}]
EVENTS: Json = {
    "actor": st.sampled_from(ACTORS),
    "verb": st.sampled_from([READ, READ | {"display": {"en": "read"}}]),
    "result": few_of(FULL["result"]),
    "context": few_of(FULL["context"] | {"contextActivities": {"other": [BOOK]}}),
    "timestamp": st.just(FULL["timestamp"]),
    "attachments": st.just([ATTACHMENT]),
}
THINGS: st.SearchStrategy[Json] = st.sampled_from(
    [BOOK, DEFINED, REFERENCE, {"objectType": "Agent"} | BEN, RIAP]
)
SUB_STATEMENTS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"objectType": st.just("SubStatement"), "object": THINGS}, optional=EVENTS
)
STATEMENTS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"object": THINGS | SUB_STATEMENTS}, optional=EVENTS | {"id": st.just(UUID)}
)


@given(st.just(FULL) | STATEMENTS, st.integers(), st.sampled_from(Version))
def test_what_means_the_same_is_the_same_however_it_is_written(
    statement: Json, seed: int, version: Version
) -> None:
    assert match(respelled(statement, seed), text(statement), version)
    assert match(text(statement), respelled(statement, seed), version)


@given(STATEMENTS, STATEMENTS, st.integers(), st.sampled_from(Version))
def test_the_spelling_of_two_statements_never_decides_whether_they_are_the_same(
    one: Json, other: Json, seed: int, version: Version
) -> None:
    expected = match(text(one), text(other), version)
    assert match(respelled(one, seed), respelled(other, seed + 1), version) is expected
    assert match(text(other), text(one), version) is expected


def leaves(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Name the way to each single value in a JSON value."""
    if not isinstance(value, dict | list):
        yield ()
        return
    for key in value if isinstance(value, dict) else range(len(value)):
        yield from ((key, *rest) for rest in leaves(value[key]))


def counts(path: tuple[str | int, ...], version: Version) -> bool:
    """Tell whether the value at the end of a way plays a part."""
    if path[0] == "id" or "definition" in path or path[:2] == ("verb", "display"):
        return False
    return version is V1 or path[0] not in {"timestamp", "attachments"}


def full_and_holder(path: tuple[str | int, ...]) -> tuple[Json, Any]:
    """Return a copy of the full statement, and what holds the value at the end of a way."""
    full = deepcopy(FULL)
    holder: Any = full
    for key in path[:-1]:
        holder = holder[key]
    return full, holder


def changed(path: tuple[str | int, ...], new: object) -> bytes:
    full, holder = full_and_holder(path)
    holder[path[-1]] = new
    return text(full)


def without(path: tuple[str | int, ...]) -> bytes:
    full, holder = full_and_holder(path)
    del holder[path[-1]]
    return text(full)


other_values: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.text() | st.just([]) | st.just({})
)


@given(st.sampled_from(list(leaves(FULL))), st.sampled_from(Version), other_values)
def test_a_change_of_one_value_is_detected_where_it_plays_a_part(
    path: tuple[str | int, ...], version: Version, new: object
) -> None:
    one, other = text(FULL), changed(path, new)
    assume(one != other)
    assert match(one, other, version) is not counts(path, version)
    assert match(other, one, version) is not counts(path, version)


@both_versions
def test_a_missing_value_is_detected_where_it_plays_a_part(version: Version) -> None:
    for path in leaves(FULL):
        expected = not counts(path, version) or path == ("timestamp",)
        assert match(text(FULL), without(path), version) is expected, path


any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(list(FULL)), inner),
    max_leaves=20,
)


@given(any_json, any_json, st.sampled_from(Version))
def test_any_json_is_the_same_as_itself_and_there_is_no_direction(
    one: object, other: object, version: Version
) -> None:
    assert match(text(one), text(one), version)
    assert match(text(one), text(other), version) is match(text(other), text(one), version)


@given(st.decimals(-(10**30), 10**30))
def test_a_number_is_the_same_with_and_without_exponent(number: Decimal) -> None:
    assert same_value(f"{number:f}", f"{number:E}")


@given(st.integers(), st.integers())
def test_two_integers_are_the_same_only_if_they_are_equal(one: int, other: int) -> None:
    assert same_value(str(one), str(other)) is (one == other)
    assert not same_value(str(one), str(one + 1))
