"""Who is named in a JSON text is replaced wherever it is, and the rest stays byte by byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.json_places import NoJsonError
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import texts_of
from lrs.xapi.replacing import (
    Replacing,
    replace_agents,
    replace_in_document,
    replace_in_json,
)

HOME = "https://lms.example"
SHA1 = "2ef7bde608ce5404e97d5f042f95f89f1c232871"
MBOX = Ifi("mbox", "mailto:anna.berger@firma.de")
ACCOUNT = Ifi("account", f"{HOME} 4711")
LOGIN = Ifi("account", "https://video.example aberger")
NOBODY = "https://lrs.example/anonymous"
AGENTS = {
    each: Ifi("account", f"{NOBODY} {number}")
    for number, each in enumerate([MBOX, ACCOUNT, LOGIN, Ifi("mbox_sha1sum", SHA1)])
}
ANNA = Replacing(AGENTS, texts_of(AGENTS, ["Anna Berger", "Anna", "Ünal Ödül"]))
ANONYMOUS = [{"account": {"homePage": NOBODY, "name": str(number)}} for number in range(4)]
BOB = {"mbox": "mailto:bob@firma.de", "name": "Bob"}


def replaced(value: Any, is_document: bool = False) -> Any:  # noqa: FBT002 - a test's own
    raw = json.dumps(value).encode()
    return json.loads(replace_in_document(raw, ANNA) if is_document else replace_in_json(raw, ANNA))


def in_text(text: str) -> str:
    result: str = replaced({"result": {"response": text}})["result"]["response"]
    return result


@pytest.mark.parametrize(
    "identifier",
    [
        {"mbox": "mailto:anna.berger@firma.de"},
        {"mbox": "mailto:anna.berger@FIRMA.de"},
        {"mbox": "mailto:Anna.Berger@firma.de"},
        {"account": {"homePage": HOME, "name": "4711"}},
        {"account": {"name": "4711", "homePage": HOME}},
        {"mbox_sha1sum": SHA1.upper()},
        {"account": {"homePage": "https://sso.example", "name": "saml|anna.berger@firma.de"}},
        {"openid": "https://id.example/anna.berger@firma.de"},
    ],
)
def test_an_agent_gets_the_other_identifier_and_loses_its_name(identifier: Any) -> None:
    agent = {"objectType": "Agent", "name": "A.", **identifier}
    assert list(replaced(agent)) == ["objectType", "account"]
    assert replaced(agent)["account"]["homePage"] == NOBODY


@pytest.mark.parametrize(
    "place",
    [
        lambda agent: {"actor": agent},
        lambda agent: {"object": {"objectType": "Agent"} | agent},
        lambda agent: {"actor": {"objectType": "Group", "member": [BOB, agent, BOB]}},
        lambda agent: {"context": {"instructor": agent}},
        lambda agent: {"context": {"team": {"objectType": "Group", "member": [agent]}}},
        lambda agent: {"context": {"contextAgents": [{"objectType": "c", "agent": agent}]}},
        lambda agent: {"object": {"objectType": "SubStatement", "actor": agent}},
        lambda agent: {"authority": agent},
        lambda agent: {"context": {"extensions": {"https://x.example": [{"deep": agent}]}}},
    ],
)
def test_an_agent_is_found_wherever_it_is(place: Any) -> None:
    anna = {"mbox": "mailto:anna.berger@firma.de"}
    assert replaced(place({"name": "Anna Berger"} | anna)) == place(ANONYMOUS[0])
    assert replaced(place(BOB)) == place(BOB)


def test_all_that_is_not_concerned_stays_as_it_was_written() -> None:
    raw = (
        '{ "b" : 1.50E+2,\t"a":1.0 ,"verb":{"id":"https:\\/\\/v.example/\\u00fc\\u0041"},'
        '\n "actor": {"name":"\\u0041nna Berger", "mbox":"mailto:\\u0061nna.berger@firma.de"} ,'
        '"result":{"extensions":{"https://x.example/anna.berger@firma.de":12345678901234567890}},'
        '"z":"\\u00fc Anna Berger", "y":"ü" }'
    )
    account = '{"homePage":"https://lrs.example/anonymous","name":"0"}'
    assert replace_in_json(raw.encode(), ANNA).decode() == (
        '{ "b" : 1.50E+2,\t"a":1.0 ,"verb":{"id":"https:\\/\\/v.example/\\u00fc\\u0041"},'
        f'\n "actor": {{"account":{account}}} ,'
        '"result":{"extensions":{"https://x.example/anonymous":12345678901234567890}},'
        '"z":"\\u00fc anonymous", "y":"ü" }'
    )


def test_the_very_same_bytes_come_back_where_nobody_is_named() -> None:
    raw = b'{"actor":{"mbox":"mailto:hanna.berger@firma.de","name":"Anna Berger"},"n":4711}'
    assert replace_in_json(raw, ANNA) is raw
    assert replace_agents(raw, AGENTS.get) is raw


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Ask anna.berger@firma.de.", "Ask anonymous."),
        ("Ask Anna.Berger@Firma.DE, please", "Ask anonymous, please"),
        ("mailto:anna.berger@firma.de", "mailto:anonymous"),
        ("https://x.example/?u=anna.berger%40firma.de&x=1", "https://x.example/?u=anonymous&x=1"),
        ("seen by Anna Berger", "seen by anonymous"),
        ("seen by ANNA  BERGER", "seen by anonymous"),
        ("https://x.example/Anna%20Berger/1", "https://x.example/anonymous/1"),
        ("https://x.example/%C3%9Cnal+%c3%96d%C3%BCl", "https://x.example/anonymous"),
        ("Ünal Ödül", "anonymous"),
        ("user aberger", "user anonymous"),
        ("personnel number 4711", "personnel number anonymous"),
        ("4711", "anonymous"),
        ("4711,4712", "anonymous,4712"),
        ("https://lms.example/user/4711/profile", "https://lms.example/user/anonymous/profile"),
        (f"sha1={SHA1.upper()}", "sha1=anonymous"),
    ],
)
def test_texts_that_name_the_person_are_replaced(text: str, after: str) -> None:
    assert in_text(text) == after


@pytest.mark.parametrize(
    "text",
    [
        "hanna.berger@firma.de", "anna.berger@firma.de.example", "anna.berger@firma.design",
        "x.anna.berger@firma.de", "Hanna Berger", "Anna Bergerin", "Anna", "Berger", "aberger2",
        "Aberger", "14711", "47110", "4711a", "3.4711", "2024-4711", "12:4711",
        "00004711-0000-4000-8000-000000004711", "https://lms.example/course/view.php?id=4711",
        "urn:isbn:4711",
    ],
)  # fmt: skip
def test_what_only_looks_alike_stays(text: str) -> None:
    assert in_text(text) == text


def test_names_of_members_and_numbers_are_replaced_in_extensions_only() -> None:
    values = {"4711": 1, "numbers": [4711, 47110, 1.4711], "deep": {"aberger": {"x": True}}}
    after = {"anonymous": 1, "numbers": [None, 47110, 1.4711], "deep": {"anonymous": {"x": True}}}
    outside = {"aberger": 4711, "score": {"raw": 4711}}
    assert replaced({"result": outside | {"extensions": values}}) == {
        "result": outside | {"extensions": after}
    }
    assert replaced(values, is_document=True) == after


def test_an_account_of_the_same_name_elsewhere_is_somebody_else() -> None:
    other = {"account": {"homePage": "https://other.example", "name": "4711"}}
    assert replaced({"actor": other}) == {"actor": other}
    assert replaced({"x": other}, is_document=True) == {"x": other}


def test_somebody_of_the_same_name_keeps_it() -> None:
    namesake = {"mbox": "mailto:other@firma.de", "name": "Anna Berger"}
    assert replaced({"actor": namesake}) == {"actor": namesake}
    assert replaced({"actor": {"objectType": "Group", "name": "Anna Berger", "member": []}}) == {
        "actor": {"objectType": "Group", "name": "anonymous", "member": []}
    }


def test_what_the_standard_gives_a_meaning_is_no_free_text() -> None:
    odd = Replacing({LOGIN: AGENTS[LOGIN]}, texts_of([Ifi("account", "h Agent")], []))
    raw = b'{"objectType":"Agent","mbox":"mailto:Agent@x.example","name":"Agent"}'
    assert replace_in_json(raw, odd) == (
        b'{"objectType":"Agent","mbox":"mailto:Agent@x.example","name":"anonymous"}'
    )


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        ('{"name":"A","mbox":"M"}', "{I}"),
        ('{"mbox":"M","name":"A"}', "{I}"),
        ('{"name":"A","mbox":"M","mbox_sha1sum":"S","x":1}', '{I,"x":1}'),
        ('{"x":1,"mbox":"M","name":"A","openid":"o:x"}', '{"x":1,I,"openid":"o:x"}'),
        ('{"name":"A" , "x":1 , "name":"B" , "mbox":"M"}', '{"x":1 , I}'),
    ],
)
def test_commas_stay_right_whatever_is_left_out(raw: str, after: str) -> None:
    given_text = raw.replace("M", MBOX.value).replace("S", SHA1)
    identifier = json.dumps(ANONYMOUS[0], separators=(",", ":"))[1:-1]
    result = replace_in_json(given_text.encode(), ANNA).decode()
    assert result == after.replace("I", identifier, 1)


def test_a_bare_account_is_replaced_too() -> None:
    account = {"homePage": HOME, "name": "4711"}
    assert replaced({"who": account}, is_document=True) == {"who": ANONYMOUS[1]["account"]}


def test_agents_are_replaced_by_any_rule() -> None:
    pseudonym = Ifi("account", "https://p.example 1")
    raw = b'{"actor":{"name":"Bob","mbox":"mailto:bob@x.example"},"t":"bob@x.example"}'
    assert replace_agents(raw, lambda _: pseudonym) == (
        b'{"actor":{"account":{"homePage":"https://p.example","name":"1"}},"t":"bob@x.example"}'
    )


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[1,2", b'{"a"}', b'{"a":1,2}', b"1 2", b'["a":1]', b"}", b'"', b"\xff"]
)
def test_what_is_no_json_is_told(raw: bytes) -> None:
    with pytest.raises(NoJsonError):
        replace_in_document(raw, ANNA)


def test_deep_nesting_is_no_trouble() -> None:
    deep = b"[" * 100_000 + b'"Anna Berger"' + b"]" * 100_000
    assert b"Anna" not in replace_in_document(deep, ANNA)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_values, st.booleans())
def test_any_json_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    raw = json.dumps([value, "Anna Berger"], ensure_ascii=ascii_only).encode()
    assert json.loads(replace_in_document(raw, ANNA)) == [value, "anonymous"]


def test_patterns_of_sql_find_whatever_way_a_text_is_written() -> None:
    patterns = ANNA.texts.like_patterns
    assert "%anna.berger%firma.de%" in patterns
    assert "%Anna%Berger%" in patterns
    assert set(texts_of([], ["李 明"]).like_patterns) == {
        "%李%明%",
        r"%\\u674e%\\u660e%",
        r"%\%E6\%9D\%8E\%20\%E6\%98\%8E%",
    }
