"""@xapi/xapi, in both versions and with both of its ways to speak HTTP."""

import hashlib
import json
from itertools import chain
from typing import Any

import pytest

from clients.node_scenarios import Clients, Seen

RUNS = [("1.0.3", "axios"), ("2.0.0", "axios"), ("1.0.3", "fetch"), ("2.0.0", "fetch")]
KINDS = ["state", "activity profile", "agent profile"]
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def seen(request: pytest.FixtureRequest, clients: Clients) -> Seen:
    return clients.seen("xapi", *request.param)


def is_version_2(seen: Seen) -> bool:
    return seen.options[0] == "2.0.0"


def etag_of(content: Any) -> str:
    """The ETag of JSON as JavaScript writes it."""
    written = json.dumps(content, separators=(",", ":")).encode()
    return f'"{hashlib.sha1(written, usedforsecurity=False).hexdigest()}"'


def test_a_statement_is_read_back_as_it_was_sent(seen: Seen) -> None:
    saw = seen("a statement is read back")
    assert saw["got"]["id"] == saw["id"]
    assert saw["sent"].items() <= saw["got"].items()


def test_a_statement_has_the_version_of_the_client(seen: Seen) -> None:
    assert seen("versions of statements") == ("2.0.0" if is_version_2(seen) else "1.0.0")


def test_a_batch_is_answered_in_its_order(seen: Seen) -> None:
    saw = seen("a batch")
    assert len(set(saw["ids"])) == 3
    assert saw["got"] == saw["sent"]


def test_filters_find_what_they_name(seen: Seen) -> None:
    by_agent = ["member", "registered", "first"]
    assert seen("filters") == {
        "agent": by_agent,
        "verb": ["first"],
        "activity": by_agent,
        "registration": ["registered"],
        "agent and activity": by_agent,
        "related agents": ["member", "instructed", "registered", "first"],
        "related activities": ["member", "inside", "registered", "first"],
        "since": ["member", "instructed"],
        "until": ["registered", "first"],
        "limit": by_agent[:2],
        "ascending": by_agent[::-1],
        "ids": by_agent,
        "canonical": by_agent,
        "nobody": [],
    }


def test_more_leads_to_the_last_page(seen: Seen) -> None:
    saw = seen("more")
    assert [len(page) for page in saw["pages"]] == [2, 2, 1]
    assert list(chain(*saw["pages"])) == saw["ids"]


def test_a_voided_statement_is_read_as_a_voided_one_alone(seen: Seen) -> None:
    saw = seen("voiding")
    assert saw["voided"] == saw["id"]
    assert saw["asked"]["status"] == 404
    assert saw["id"] not in saw["listed"]


def test_several_statements_are_voided_at_once(seen: Seen) -> None:
    saw = seen("voiding several")
    assert saw["voided"] == saw["ids"]


def test_the_same_statement_again_is_no_failure(seen: Seen) -> None:
    saw = seen("the same again")
    assert saw["first"] == saw["second"] == saw["id"]


def test_another_statement_under_the_same_id_is_told_as_a_conflict(seen: Seen) -> None:
    saw = seen("another under the same id")
    assert saw["status"] == 409
    assert saw["id"] in saw["detail"]


def test_the_reason_why_a_batch_is_refused_reaches_the_application(seen: Seen) -> None:
    saw = seen("an invalid statement")
    assert saw["status"] == 400
    assert saw["detail"].startswith("statements[1].result.success: must be true or false")


def test_a_missing_statement_is_told_as_missing(seen: Seen) -> None:
    assert seen("a statement that is not there")["status"] == 404


def test_context_agents_are_for_2_0(seen: Seen) -> None:
    saw = seen("context agents")
    if is_version_2(seen):
        assert saw["listed"] == [saw["id"]]
    else:
        assert saw["status"] == 400
        assert "context.contextAgents" in saw["detail"]


@each_kind
def test_a_document_is_missing_stored_replaced_and_deleted(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: from its creation to its end")
    assert saw["missing"]["status"] == 404
    assert saw["contents"] == [{"page": 1}, {"page": 2}]
    assert saw["etags"] == [etag_of({"page": 1}), etag_of({"page": 2})]
    assert saw["after"]["status"] == 404


@each_kind
def test_a_document_is_written_only_over_the_one_that_was_seen(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: from its creation to its end")
    told = {name: saw[name]["status"] for name in ("stale", "again", "staleEnd")}
    assert told == {"stale": 412, "again": 412, "staleEnd": 412}


@each_kind
def test_a_document_is_merged(seen: Seen, kind: str) -> None:
    assert seen(f"{kind}: merged") == {"a": 1, "b": {"d": 2}}


@each_kind
def test_documents_are_listed(seen: Seen, kind: str) -> None:
    saw = seen(f"{kind}: listed")
    assert saw == {"names": ["first"], "both": ["first", "second"], "later": []}


@each_kind
def test_a_document_of_text_keeps_its_type(seen: Seen, kind: str) -> None:
    assert seen(f"{kind}: text") == {"data": "Seite 3 ✓", "type": "text/plain"}


def test_states_of_a_registration_are_told_apart(seen: Seen) -> None:
    saw = seen("states of a registration")
    assert saw["all"] == ["general", "registered"]
    assert saw["registered"] == ["registered"]
    assert saw["after"] == ["general"]
    assert saw["end"] == []


def test_a_state_is_put_twice_without_a_condition_in_1_0_alone(seen: Seen) -> None:
    saw = seen("a state put twice")
    if is_version_2(seen):
        assert saw["status"] == 409
        assert "If-Match" in saw["detail"]
    else:
        assert saw == {"page": 2}


def test_about_names_the_versions(seen: Seen) -> None:
    assert seen("about")["version"] == ["1.0.3", "2.0.0"]


def test_a_person_has_the_names_of_an_agent(seen: Seen) -> None:
    saw = seen("a person")
    assert saw["person"]["objectType"] == "Person"
    assert saw["person"]["mbox"] == [saw["agent"]["mbox"]]
    assert sorted(saw["person"]["name"]) == ["Ada", "Ada L."]


def test_an_activity_has_its_definition(seen: Seen) -> None:
    saw = seen("an activity")
    assert saw["got"] == saw["object"]


def test_cachebusters_are_ignored_on_every_resource(seen: Seen) -> None:
    assert seen("cachebusters") == [200] * 9


def test_wrong_credentials_are_told(seen: Seen) -> None:
    saw = seen("wrong credentials")
    assert saw["status"] == 401
    assert saw["detail"] == "the key or the secret is wrong, or was revoked"


def test_who_has_no_credentials_reads_about_alone(seen: Seen) -> None:
    saw = seen("no credentials")
    assert (saw["about"], saw["status"]) == (200, 401)


def test_an_endpoint_may_end_in_no_slash_one_or_two(seen: Seen) -> None:
    assert seen("endpoints") == [True, True, True]


def test_an_attachment_is_read_back(seen: Seen) -> None:
    saw = seen("an attachment")
    assert saw["statement"] == saw["id"]
    assert saw["parts"] == [saw["content"]]


def test_attachments_of_a_batch_are_read_back(seen: Seen) -> None:
    saw = seen("attachments of a batch")
    assert saw["listed"] == saw["ids"]
    assert saw["parts"] == sorted(saw["contents"])


def test_an_attachment_that_each_statement_brings_again_is_sent_back_once(seen: Seen) -> None:
    saw = seen("the same attachment in every statement")
    assert saw["statements"] == 3
    assert saw["parts"] == [saw["content"]]


def test_an_attachment_that_is_elsewhere_has_no_part(seen: Seen) -> None:
    saw = seen("an attachment that is elsewhere")
    assert saw["got"] == [saw["sent"]]
    assert saw["parts"] == []


def test_an_attachment_with_other_bytes_than_announced_is_refused(seen: Seen) -> None:
    saw = seen("an attachment with other bytes")
    assert saw["status"] == 400
    assert "declares the hash" in saw["detail"]


def test_axios_in_node_is_told_why_its_attachments_are_refused(clients: Clients) -> None:
    """It sends the type of a Blob without one in place of multipart/mixed; browsers do not."""
    saw = clients.seen("xapi", "1.0.3", "axios")("what axios makes of an attachment")
    assert saw["status"] == 400
    assert "application/octet-stream" in saw["detail"]
