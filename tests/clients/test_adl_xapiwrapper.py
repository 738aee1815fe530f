"""adl-xapiwrapper, which speaks 1.0.1."""

from itertools import chain

import pytest

from clients.node_scenarios import Clients, Seen

each_kind = pytest.mark.parametrize("kind", ["state", "activity profile", "agent profile"])


@pytest.fixture(scope="module")
def seen(clients: Clients) -> Seen:
    return clients.seen("adl_xapiwrapper")


def test_it_finds_the_service_fit(seen: Seen) -> None:
    assert seen("its look at the service") is True


def test_it_finds_wrong_credentials_unfit(seen: Seen) -> None:
    assert seen("its look with wrong credentials") is False


def test_a_statement_is_read_back_as_it_was_sent(seen: Seen) -> None:
    saw = seen("a statement is read back")
    assert saw["got"]["id"] == saw["id"]
    assert saw["sent"].items() <= saw["got"].items()


def test_a_batch_is_answered_in_its_order(seen: Seen) -> None:
    saw = seen("a batch")
    assert saw["listed"] == saw["ids"]


def test_filters_find_what_they_name(seen: Seen) -> None:
    assert seen("filters") == {
        "agent": ["registered", "first"],
        "verb": ["first"],
        "registration": ["registered"],
        "related agents": ["instructed", "registered", "first"],
        "limit": ["registered"],
    }


def test_more_leads_to_the_last_page(seen: Seen) -> None:
    saw = seen("more")
    assert [len(page) for page in saw["pages"]] == [2, 1]
    assert list(chain(*saw["pages"])) == saw["ids"]


def test_a_voided_statement_is_read_as_a_voided_one_alone(seen: Seen) -> None:
    saw = seen("voiding")
    assert saw["voided"] == saw["id"]
    assert saw["asked"]["status"] == 404


def test_another_statement_under_the_same_id_is_told_as_a_conflict(seen: Seen) -> None:
    assert seen("another under the same id")["status"] == 409


def test_the_reason_why_a_batch_is_refused_reaches_the_application(seen: Seen) -> None:
    saw = seen("an invalid statement")
    assert saw["status"] == 400
    assert saw["detail"].startswith("statements[1].object.id: must be an IRI")


def test_wrong_credentials_are_told(seen: Seen) -> None:
    assert seen("wrong credentials")["status"] == 401


@each_kind
def test_a_document_is_merged_by_who_knows_its_hash(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: merged under the hash of what was there")
    assert saw["missing"]["status"] == 404
    assert saw["statuses"] == [204, 204]
    assert saw["content"] == {"page": 1, "name": "Größe"}
    assert saw["ids"] == ["p"]


@each_kind
def test_a_document_is_not_changed_by_who_knows_an_older_one(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: merged under the hash of what was there")
    assert saw["stale"]["status"] == 412


@each_kind
def test_the_hash_that_it_computes_is_the_etag_of_a_merged_document(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: merged under the hash of what was there")
    assert saw["etag"] == saw["hash"]


@each_kind
def test_a_hash_without_quotes_is_taken_as_the_etag(seen: Seen, kind: str) -> None:
    """So its own manual sends it, though HTTP wants quotes."""
    assert seen(f"{kind}: merged under a hash without quotes") == 204


@each_kind
def test_lists_and_texts_are_read_back_with_the_types_that_it_gives(seen: Seen, kind: str) -> None:
    assert seen(f"{kind}: lists and texts") == {
        "list": [1, 2],
        "text": "a=1;b=ü",
        # This is how it is spelt.
        "types": ["application/json", "application/octect-stream"],
    }


def test_states_are_listed_since_a_moment(seen: Seen) -> None:
    assert seen("a state of a registration since then") == {"before": ["p"], "after": []}


def test_a_person_has_the_name_of_an_agent(seen: Seen) -> None:
    saw = seen("a person")
    assert (saw["person"]["name"], saw["person"]["mbox"]) == (["Ada"], [saw["agent"]["mbox"]])


def test_an_activity_has_its_definition(seen: Seen) -> None:
    saw = seen("an activity")
    assert saw["got"] == saw["object"]


def test_a_forgotten_slash_after_the_endpoint_is_no_harm(seen: Seen) -> None:
    saw = seen("an endpoint without a slash")
    assert saw["got"] == saw["id"]
    assert saw["state"] == {"page": 1}
    assert saw["looked"] is True
