import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.accept_language import LanguageRange, choose, parse_accept_language


def chosen(header: str | None, *available: str) -> str:
    return choose(parse_accept_language(header), available)


@pytest.mark.parametrize("header", [None, "", " ", ",", ";q=1", "de;q=2", "de;q=x", "???", "de AT"])
def test_a_missing_or_malformed_header_asks_for_nothing(header: str | None) -> None:
    assert parse_accept_language(header) == ()


def test_ranges_are_ordered_by_quality_and_then_as_written() -> None:
    ranges = parse_accept_language("fr;q=0.2, EN-gb, *, de ; q = 0.75, en;q=1.000")
    assert ranges == (
        LanguageRange("en-gb", 1),
        LanguageRange("en", 1),
        LanguageRange("*", 1),
        LanguageRange("de", 0.75),
        LanguageRange("fr", 0.2),
    )


def test_a_malformed_part_does_not_spoil_the_others() -> None:
    assert parse_accept_language("en_US, de;q=0.5;level=1, x--y, fr;q=0.3") == (
        LanguageRange("fr", 0.3),
    )


def test_only_the_first_fifty_parts_are_read() -> None:
    header = ",".join(["xx"] * 49 + ["de", "fr"])
    assert [asked.tag for asked in parse_accept_language(header)][-2:] == ["xx", "de"]


@pytest.mark.parametrize("header", [None, "", "es", "es, it;q=0.5", "d"])
def test_the_first_entry_is_chosen_when_nothing_fits(header: str | None) -> None:
    assert chosen(header, "fr", "de", "en") == "fr"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de", "de"),
        ("en;q=0.3, de;q=0.4", "de"),
        ("de;q=0.4, en;q=0.41", "en"),
        ("en, de", "en"),
        ("de, en", "de"),
        ("es, en;q=0.1", "en"),
    ],
)
def test_the_highest_quality_decides_and_then_the_order_of_the_header(
    header: str, expected: str
) -> None:
    assert chosen(header, "fr", "de", "en") == expected


def test_the_order_of_the_header_counts_for_longer_tags_too() -> None:
    assert chosen("en, de", "de-AT", "en-GB") == "en-GB"


def test_a_range_covers_the_tags_that_begin_with_it() -> None:
    assert chosen("de", "en", "de-AT") == "de-AT"


def test_a_range_does_not_cover_a_tag_that_only_shares_letters() -> None:
    assert chosen("de", "en", "del") == "en"


def test_the_exact_tag_is_preferred_to_a_longer_one() -> None:
    assert chosen("de", "de-AT", "de") == "de"


def test_the_longest_range_that_covers_a_tag_gives_its_quality() -> None:
    assert chosen("de;q=0.9, de-AT;q=0.1, en;q=0.5", "de-AT", "en") == "en"


def test_of_two_mentions_of_a_range_the_higher_counts() -> None:
    assert chosen("de;q=0.1, en;q=0.5, de;q=0.9", "en", "de") == "de"


def test_a_tag_that_begins_a_wanted_range_is_better_than_any_other() -> None:
    assert chosen("de-AT", "en", "de") == "de"


def test_the_nearest_tag_is_taken_for_the_most_wanted_range() -> None:
    assert chosen("fr-CA, de-AT;q=0.9", "en", "de", "fr") == "fr"


def test_a_tag_that_fits_is_better_than_one_that_begins_a_range() -> None:
    assert chosen("de-AT, en;q=0.5", "de", "en") == "en"


def test_a_star_covers_what_no_other_range_does() -> None:
    assert chosen("fr;q=0.2, *;q=0.8", "fr", "en") == "en"
    assert chosen("fr, *;q=0.8", "en", "fr") == "fr"


def test_a_range_of_one_letter_is_nearer_than_a_star() -> None:
    assert chosen("*, i;q=0.5", "i-klingon", "en") == "en"


def test_a_star_prefers_a_tag_that_begins_a_wanted_range() -> None:
    assert chosen("de-AT, *;q=0.1", "fr", "de") == "de"


def test_a_star_as_wanted_as_a_named_range_comes_behind_it() -> None:
    assert chosen("*, de", "fr", "de") == "de"


def test_quality_zero_excludes_a_tag_though_it_is_the_first() -> None:
    assert chosen("en;q=0", "en-GB", "fr") == "fr"
    assert chosen("en;q=0.0, *;q=0.1", "en", "fr") == "fr"


def test_a_tag_that_begins_an_excluded_range_is_not_preferred() -> None:
    assert chosen("de-AT;q=0", "en", "de") == "en"


def test_an_excluded_tag_is_chosen_when_there_is_no_other() -> None:
    assert chosen("en;q=0, *;q=0", "en", "fr") == "en"


def test_everything_but_the_wanted_can_be_excluded() -> None:
    assert chosen("*;q=0, fr", "en", "fr") == "fr"


def test_letter_case_plays_no_part_and_the_tag_keeps_its_own() -> None:
    assert chosen("EN-us", "de", "en-US") == "en-US"
    assert chosen("zh-hant", "de", "zh-Hant-TW") == "zh-Hant-TW"


tags = st.sampled_from(["de", "de-AT", "de-CH-1996", "en", "en-GB", "fr", "zh-Hant", "tlh"])
parts = st.one_of(
    tags,
    st.builds("{};q={:.3}".format, tags | st.just("*"), st.floats(0, 1)),
    st.text(max_size=8),
)


@given(st.lists(parts).map(",".join), st.lists(tags, min_size=1, unique=True))
def test_any_header_chooses_one_of_the_tags(header: str, available: list[str]) -> None:
    assert chosen(header, *available) in available


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    parse_accept_language(header)


@given(st.lists(tags, min_size=1, unique=True), st.data())
def test_a_tag_that_is_asked_for_alone_is_chosen(available: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(available))
    assert chosen(wanted, *available) == wanted
