"""Keys of agents and IRIs: the same for the same one, and never for two (Data 2.4.2.3, 4.3)."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lrs.xapi.actors import Agent, Group
from lrs.xapi.agents import read_agent
from lrs.xapi.comparison import match
from lrs.xapi.iris import is_iri
from lrs.xapi.keys import iri_key
from lrs.xapi.versions import Version

Json = dict[str, Any]

# Few of each, so that the same one is drawn twice, and twice in another spelling.
LOCALS = st.sampled_from(["ada", "Ada", "a.d+a", "jörg"])
DOMAINS = st.sampled_from(["example.org", "EXAMPLE.org", "müller.de", "MÜLLER.de", "straße.de"])
HASHES = st.sampled_from(["ab" * 20, "AB" * 20, "aB" * 20, "cd" * 20])
URIS = st.sampled_from(
    ["https://a.org", "https://a.org/", "http://a.org", "https://A.org", "urn:a"]
)
NAMES = st.sampled_from(["ada", "Ada", "ada ", "a b", "", "é", "e\u0301"])

MAILBOXES = st.builds("mailto:{}@{}".format, LOCALS, DOMAINS)
ACCOUNTS = st.fixed_dictionaries({"homePage": URIS, "name": NAMES})
IDENTIFIERS: st.SearchStrategy[Json] = (
    st.fixed_dictionaries({"mbox": MAILBOXES})
    | st.fixed_dictionaries({"mbox_sha1sum": HASHES})
    | st.fixed_dictionaries({"openid": URIS})
    | st.fixed_dictionaries({"account": ACCOUNTS})
)
DESCRIPTIONS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {}, optional={"objectType": st.just("Agent"), "name": NAMES}
) | st.fixed_dictionaries(
    {"objectType": st.just("Group")},
    optional={"name": NAMES, "member": st.just([{"mbox": "mailto:member@example.org"}])},
)


def read(actor: Json) -> Agent | Group:
    return read_agent(json.dumps(actor))


def is_same(one: Json, other: Json) -> bool:
    """Tell whether two identifiers are of one agent, by the words of the standard."""
    return folded(one) == folded(other)


def folded(identifier: Json) -> object:
    """Write in lower case what has no case: the domain of a mailbox, and hexadecimal digits."""
    ((kind, value),) = identifier.items()
    if kind == "mbox":
        local, _, domain = value.rpartition("@")
        return kind, local, domain.lower()
    return kind, value.lower() if kind == "mbox_sha1sum" else value


@given(IDENTIFIERS, IDENTIFIERS)
def test_keys_are_equal_for_the_same_agent_only(one: Json, other: Json) -> None:
    agents = read(one), read(other)
    expected = is_same(one, other)
    assert (agents[0].key == agents[1].key) is expected
    assert (agents[0].ifi == agents[1].ifi) is expected


@given(IDENTIFIERS, IDENTIFIERS, st.sampled_from(Version))
def test_statements_are_compared_by_the_same_identity(
    one: Json, other: Json, version: Version
) -> None:
    first, second = (json.dumps({"actor": identifier}).encode() for identifier in (one, other))
    assert match(first, second, version) is (read(one).key == read(other).key)


@given(IDENTIFIERS, DESCRIPTIONS)
def test_nothing_but_the_identifier_is_in_the_key(identifier: Json, described: Json) -> None:
    assert read(identifier | described).key == read(identifier).key


@given(st.lists(IDENTIFIERS, min_size=1, max_size=3))
def test_an_anonymous_group_has_no_key(members: list[Json]) -> None:
    group = Group.model_validate({"objectType": "Group", "member": members})
    assert group.key is None
    assert group.ifi is None


ANY_NAME = st.text(max_size=5)


@given(URIS, ANY_NAME, URIS, ANY_NAME)
def test_home_page_and_name_of_an_account_do_not_run_together(
    page: str, name: str, other_page: str, other_name: str
) -> None:
    accounts = (
        Agent.model_validate({"account": {"homePage": page, "name": name}}),
        Agent.model_validate({"account": {"homePage": other_page, "name": other_name}}),
    )
    is_equal = (page, name) == (other_page, other_name)
    assert (accounts[0].key == accounts[1].key) is is_equal


def test_a_key_is_the_same_in_every_process() -> None:
    ada = read({"mbox": "mailto:ada@EXAMPLE.org"})
    assert str(ada.key) == "03348272-d474-c591-a2bf-9720e963b17e"
    assert str(iri_key("https://example.org/ä")) == "b5f16f15-67a3-1e0b-8459-6ab7e0f5d78d"


# IRIs

SCHEMES = st.sampled_from(["urn", "https", "a", "A1", "a+b.c-1"])
FORBIDDEN = ' <>"{}|\\^`\t\n\x00\x7f\x85'
RESTS = st.text(
    st.characters(exclude_characters=FORBIDDEN, exclude_categories=["Cc", "Cs"]), min_size=1
)


@given(SCHEMES, RESTS)
def test_scheme_and_rest_are_an_iri(scheme: str, rest: str) -> None:
    assert is_iri(f"{scheme}:{rest}")


@pytest.mark.parametrize("character", FORBIDDEN)
@given(scheme=SCHEMES, rest=RESTS, data=st.data())
@settings(max_examples=10)
def test_one_forbidden_character_makes_it_none(
    character: str, scheme: str, rest: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rest)))
    assert not is_iri(f"{scheme}:{rest[:place]}{character}{rest[place:]}")


@given(RESTS)
def test_without_a_scheme_there_is_no_iri(rest: str) -> None:
    assume(":" not in rest)
    assert not is_iri(rest)
    assert not is_iri(f"//{rest}:x")


@given(RESTS.map("urn:{}".format), RESTS.map("urn:{}".format))
def test_iris_are_compared_character_by_character(one: str, other: str) -> None:
    assert (iri_key(one) == iri_key(other)) is (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://example.org", "http://example.org"),
        ("https://example.org", "https://EXAMPLE.org"),
        ("https://example.org", "https://example.org:443"),
        ("https://example.org/%7Ea", "https://example.org/~a"),
        ("https://example.org/é", "https://example.org/e\u0301"),
        ("urn:x", "URN:x"),
    ],
)
def test_iris_that_lead_to_the_same_place_are_still_two(one: str, other: str) -> None:
    assert is_iri(one)
    assert is_iri(other)
    assert iri_key(one) != iri_key(other)
