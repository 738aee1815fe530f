"""Documents: their keys, their ETags, and merging (Comm. 2.2)."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidRequestError
from lrs.xapi.documents import (
    Document,
    DocumentContext,
    DocumentKey,
    DocumentKind,
    check_mergeable,
    merged,
)
from lrs.xapi.keys import Ifi

ADA = Ifi("mbox", "mailto:ada@example.org")
COURSE = "http://example.org/course"
REGISTRATION = UUID("6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d")
STATE = DocumentContext(DocumentKind.STATE, COURSE, ADA)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
JSON_OBJECTS = st.dictionaries(st.text(), JSON_VALUES, max_size=5)


def a_json(content: bytes, content_type: str = "application/json") -> Document:
    return Document(content, content_type)


def written(value: object) -> Document:
    return a_json(json.dumps(value, ensure_ascii=False).encode())


KEYS = [
    DocumentKey(STATE, "x"),
    DocumentKey(STATE, "y"),
    DocumentKey(STATE, "x\n"),
    DocumentKey(STATE._replace(registration=REGISTRATION), "x"),
    DocumentKey(STATE, f"{REGISTRATION}\nx"),
    DocumentKey(STATE._replace(agent=Ifi("openid", ADA.value)), "x"),
    DocumentKey(STATE._replace(activity=COURSE + "/"), "x"),
    DocumentKey(DocumentContext(DocumentKind.ACTIVITY_PROFILE, COURSE), "x"),
    DocumentKey(DocumentContext(DocumentKind.AGENT_PROFILE, agent=ADA), "x"),
]


def test_no_two_documents_share_a_key() -> None:
    assert len({key.hashed() for key in KEYS}) == len(KEYS)


def test_a_key_is_the_same_in_every_process() -> None:
    assert KEYS[0].hashed() == UUID("5b116882-f0e0-93f2-e087-f9ba534a8f56")


def test_an_etag_is_the_sha1_in_lower_case() -> None:
    assert Document(b"", "text/plain").etag == "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@given(JSON_OBJECTS, JSON_OBJECTS)
def test_merging_is_that_of_dictionaries(kept: dict[str, object], sent: dict[str, object]) -> None:
    assert json.loads(merged(written(kept), written(sent)).content) == kept | sent


def test_values_keep_their_spelling() -> None:
    result = merged(a_json(b'{"a":1.10,"b":[1,  2]}'), a_json(b'{"c" : 1E400 , "a":0.0}'))
    assert result.content == b'{"a":0.0,"b":[1,  2],"c":1E400}'


def test_the_type_of_the_result_is_the_one_that_was_sent() -> None:
    sent = a_json(b"{}", "application/json; charset=utf-8")
    assert merged(a_json(b"{}"), sent).content_type == sent.content_type


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (a_json(b"{}", "text/plain"), "is 'text/plain', not application/json"),
        (a_json(b"{}", "application/jsonp"), "is 'application/jsonp'"),
        (a_json(b"[]"), "is no JSON object"),
        (a_json(b'"{}"'), "is no JSON object"),
        (a_json(b""), "is no JSON object"),
        (a_json(b'{"a":1}}'), "is no JSON object"),
        (a_json(b'{"a":' + b"[" * 50_000), "is no JSON object"),
        (a_json(b'{"\xff":1}'), "is not in UTF-8"),
        (a_json(b'{"a":"\xff"}'), "is not in UTF-8"),
    ],
)
def test_what_cannot_be_merged_is_refused_in_words(document: Document, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match="that was sent " + reason):
        merged(a_json(b"{}"), document)
    with pytest.raises(InvalidRequestError, match="that is there " + reason):
        merged(document, a_json(b"{}"))


@pytest.mark.parametrize("document", [a_json(b"{}"), a_json(b"[]", "text/plain")])
def test_new_documents_are_objects_or_no_json(document: Document) -> None:
    check_mergeable(document)


def test_a_new_document_that_only_says_it_is_json_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no JSON object"):
        check_mergeable(a_json(b"[1]"))
