"""TinCanJS: in Node, in a page, and in a page of an old browser.

Old browsers of Microsoft can ask other hosts for nothing but a POST of text, without headers. Then
TinCanJS puts method, headers and content into a form, and learns of a refusal only that it is one.
"""

from itertools import chain

import pytest

from clients.node_scenarios import Clients, Seen

RUNS = [("1.0.2", "node"), ("1.0.0", "node"), ("1.0.2", "page"), ("1.0.2", "old-page")]
WITH_ATTACHMENTS = [run for run in RUNS if run[1] != "old-page"]
ETAG = '"219e426073c3a5ba0ef51b628c63cce6eb05669f"'  # of {"page":1}
TEXT_TYPE = "text/plain; charset=utf-8"

each_kind = pytest.mark.parametrize("kind", ["state", "activity profile", "agent profile"])


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def seen(request: pytest.FixtureRequest, clients: Clients) -> Seen:
    return clients.seen("tincan", *request.param)


@pytest.fixture(scope="module", params=WITH_ATTACHMENTS, ids="-".join)
def seen_with_attachments(request: pytest.FixtureRequest, clients: Clients) -> Seen:
    return clients.seen("tincan", *request.param)


def place(seen: Seen) -> str:
    return seen.options[1]


def told(seen: Seen, status: int) -> int:
    """Return what the client makes of a status."""
    return 400 if place(seen) == "old-page" else status


def test_a_statement_is_read_back_as_it_was_sent(seen: Seen) -> None:
    saw = seen("a statement is read back")
    lrs_given = {"authority", "stored", "version"}
    assert {name: it for name, it in saw["got"].items() if name not in lrs_given} == saw["sent"]


def test_a_statement_without_an_id_gets_one(seen: Seen) -> None:
    saw = seen("a statement without an id")
    assert saw["made"] is None
    assert saw["got"] == saw["id"]


def test_a_batch_is_answered_in_its_order(seen: Seen) -> None:
    saw = seen("a batch")
    assert len(saw["sent"]) == 3
    assert saw["got"] == saw["sent"]


def test_filters_find_what_they_name(seen: Seen) -> None:
    by_agent = ["registered", "first"]
    assert seen("filters") == {
        "agent": by_agent,
        "verb": ["first"],
        "activity": by_agent,
        "registration": ["registered"],
        "related agents": ["instructed", "registered", "first"],
        "related activities": ["inside", "registered", "first"],
        "since": ["instructed"],
        "until": by_agent,
        "limit": ["registered"],
        "ascending": by_agent[::-1],
        "ids": by_agent,
    }


def test_more_leads_to_the_last_page(seen: Seen) -> None:
    """It takes the link apart and puts it together again."""
    saw = seen("more")
    assert [len(page) for page in saw["pages"]] == [2, 2, 1]
    assert list(chain(*saw["pages"])) == saw["ids"]


def test_a_voided_statement_is_read_as_a_voided_one_alone(seen: Seen) -> None:
    saw = seen("voiding")
    assert saw["err"] is None
    assert saw["voided"] == saw["id"]
    assert saw["asked"]["error"] == told(seen, 404)


def test_the_same_statement_again_is_no_failure(seen: Seen) -> None:
    saw = seen("the same again")
    assert saw["listed"] == [saw["id"]]


def test_another_statement_under_the_same_id_is_told_as_a_conflict(seen: Seen) -> None:
    assert seen("another under the same id")["error"] == told(seen, 409)


def test_the_reason_of_a_refusal_reaches_the_application(seen: Seen) -> None:
    saw = seen("an invalid statement")
    assert saw["error"] == 400
    if place(seen) != "old-page":
        assert saw["detail"].startswith("verb.id: must be an IRI")


def test_a_missing_statement_is_told_as_missing(seen: Seen) -> None:
    assert seen("a statement that is not there")["error"] == told(seen, 404)


@each_kind
def test_a_document_is_missing_stored_replaced_and_deleted(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: from its creation to its end")
    assert saw["missing"] == (400 if place(seen) == "old-page" else None)
    assert saw["contents"] == [{"page": 1}, {"page": 2}]
    assert saw["type"] == "application/json"
    assert saw["ids"] == ["p"]
    assert saw["after"] == []


@each_kind
def test_a_document_is_replaced_by_who_has_seen_it_alone(seen: Seen, kind: str) -> None:
    """Where it cannot read the ETag, it computes the quoted SHA-1 itself."""
    saw = seen(f"{kind}: from its creation to its end")
    assert saw["etag"] == ETAG
    assert saw["stale"]["error"] == told(seen, 412)


@each_kind
def test_a_document_of_text_is_read_back_with_its_type(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: text")
    assert saw == {"contents": "Seite 3 + 4 & 5 = 100 % ✓", "type": TEXT_TYPE}


@each_kind
def test_a_document_is_merged(seen: Seen, kind: str) -> None:
    assert seen(f"{kind}: merged") == {"a": 1, "b": 2}


def test_a_state_is_put_twice_without_a_condition(seen: Seen) -> None:
    assert seen("a state put twice") == {"page": 2}


def test_states_of_a_registration_are_told_apart_and_deleted_together(seen: Seen) -> None:
    saw = seen("states of a registration")
    assert saw == {"names": ["registered"], "left": ["general"]}


def test_a_profile_is_not_replaced_by_who_has_not_seen_it(seen: Seen) -> None:
    assert seen("a profile saved again without a look")["error"] == told(seen, 412)


def test_about_names_the_versions(seen: Seen) -> None:
    assert seen("about") == ["1.0.3", "2.0.0"]


def test_an_activity_has_its_definition(seen: Seen) -> None:
    saw = seen("an activity")
    assert saw["got"] == saw["sent"]


def test_wrong_credentials_are_told(seen: Seen) -> None:
    assert seen("wrong credentials")["error"] == told(seen, 401)


def test_a_cachebuster_of_a_launch_is_ignored(seen: Seen) -> None:
    saw = seen("more parameters of a launch")
    assert saw["got"] == saw["id"]


def test_a_query_longer_than_2048_characters_is_answered(seen: Seen) -> None:
    """In a page it becomes a POST with a form."""
    saw = seen("a long query")
    assert saw["found"] == [saw["id"]]
    if place(seen) != "node":
        assert saw["request"]["method"] == "POST"
        assert saw["request"]["url"].endswith("/xapi/statements?method=GET")


def test_a_document_with_an_address_longer_than_2048_characters_is_kept(seen: Seen) -> None:
    saw = seen("a long address of a document")
    assert (saw["contents"], saw["type"], saw["after"]) == ("a+b & ✓", TEXT_TYPE, [])
    if place(seen) != "node":
        assert saw["request"]["method"] == "POST"
        assert saw["request"]["url"].endswith("/xapi/activities/state?method=PUT")


@pytest.mark.parametrize(
    "scenario", ["an attachment of text", "several attachments", "the same attachment twice"]
)
def test_attachments_are_read_back(seen_with_attachments: Seen, scenario: str) -> None:
    saw = seen_with_attachments(scenario)
    assert all(each["hex"] for each in saw["sent"])
    assert saw["one"] == saw["sent"]
    assert saw["listed"] == saw["sent"]


def test_attachments_of_a_batch_are_read_back(seen_with_attachments: Seen) -> None:
    saw = seen_with_attachments("attachments of a batch")
    assert len(saw["sent"]) == 3
    assert saw["listed"] == saw["sent"]


def test_an_attachment_of_bytes_is_read_back_in_a_page(clients: Clients) -> None:
    saw = clients.seen("tincan", "1.0.2", "page")("an attachment of bytes")
    assert saw["sent"][0]["hex"] == (bytes(range(256)) * 2).hex()
    assert saw["one"] == saw["sent"]
    assert saw["listed"] == saw["sent"]
