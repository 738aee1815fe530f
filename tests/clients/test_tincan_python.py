"""TinCanPython (`tincan`), on which the clients of Open edX are built."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from tincan import (  # type: ignore[import-untyped]  # it has no types
    Activity,
    ActivityProfileDocument,
    Agent,
    AgentProfileDocument,
    RemoteLRS,
    StateDocument,
    Statement,
)

from builders import VOIDED, Json, a_statement, activity, agent, reference, verb
from running_service import KEY, SECRET, Service, client

VERSIONS = ["1.0.3", "1.0.0"]


def remote(service: Service, version: str = "1.0.3", secret: str = SECRET) -> Any:
    endpoint = f"{service.address}/xapi"
    return RemoteLRS(version=version, endpoint=endpoint, username=KEY, password=secret)


@pytest.fixture(params=VERSIONS)
def lrs(request: pytest.FixtureRequest, service_for_old_clients: Service) -> Any:
    return remote(service_for_old_clients, request.param)


@pytest.fixture
def lrs_as_it_comes(service: Service) -> Any:
    """A service that nothing is set for."""
    return remote(service)


def someone() -> Json:
    return agent(uuid4().hex)


def something() -> Json:
    return activity(uuid4().hex)


def made(**properties: Any) -> Any:
    return Statement(a_statement(**properties))


def status(answer: Any) -> int:
    code: int = answer.response.status
    return code


def found(lrs: Any, **query: Any) -> list[str]:
    answer = lrs.query_statements(query)
    assert answer.success, answer.data
    return [str(statement.id) for statement in answer.content.statements]


def test_a_statement_without_an_id_is_read_back_as_it_was_sent(lrs: Any) -> None:
    sent = made(result={"score": {"raw": 7.25}, "response": "Größe ✓", "duration": "PT1M30S"})
    saved = lrs.save_statement(sent)
    assert saved.success, saved.data
    got = lrs.retrieve_statement(str(saved.content.id))
    assert got.content.id == sent.id
    assert got.content.result.as_version() == sent.result.as_version()
    assert isinstance(got.content.stored, datetime)


def test_a_statement_with_an_id_is_put(lrs: Any) -> None:
    identifier = str(uuid4())
    assert status(lrs.save_statement(made(id=identifier))) == 204
    assert str(lrs.retrieve_statement(identifier).content.id) == identifier


def test_a_batch_is_answered_in_its_order(lrs: Any) -> None:
    about = something()
    batch = [made(object=about, verb=verb(name)) for name in ("one", "two", "three")]
    saved = lrs.save_statements(batch)
    assert saved.success, saved.data
    ids = [str(statement.id) for statement in saved.content]
    assert found(lrs, activity=Activity(about), ascending="true") == ids


def test_the_same_statement_again_is_no_failure(lrs: Any) -> None:
    statement = made(id=str(uuid4()), timestamp="2026-01-01T00:00:00Z")
    answers = [lrs.save_statement(statement), lrs.save_statement(statement)]
    assert [status(answer) for answer in answers] == [204, 204]


def test_another_statement_under_the_same_id_is_told_as_a_conflict(lrs: Any) -> None:
    """Open edX takes 409 as: it is stored already."""
    identifier = str(uuid4())
    lrs.save_statement(made(id=identifier))
    answer = lrs.save_statement(made(id=identifier, verb=verb("failed")))
    assert (answer.success, status(answer)) == (False, 409)


def test_the_reason_of_a_refusal_is_in_the_data(lrs: Any) -> None:
    answer = lrs.save_statement(made(object={"id": "no IRI"}))
    assert (answer.success, status(answer)) == (False, 400)
    assert "object.id: must be an IRI" in answer.data


def test_a_missing_statement_is_told_as_missing(lrs: Any) -> None:
    answer = lrs.retrieve_statement(str(uuid4()))
    assert (answer.success, status(answer)) == (False, 404)


def test_filters_find_what_they_name(lrs: Any) -> None:
    actor, about, registration = someone(), something(), str(uuid4())
    sent = [
        made(actor=actor, verb=verb(registration)),
        made(actor=actor, object=about, context={"registration": registration}),
        made(context={"instructor": actor}),
    ]
    first, second, third = (str(it.content.id) for it in map(lrs.save_statement, sent))
    asked = Agent(actor)
    assert found(lrs, agent=asked) == [second, first]
    assert found(lrs, activity=Activity(about)) == [second]
    assert found(lrs, verb=sent[0].verb) == [first]
    assert found(lrs, registration=registration) == [second]
    assert found(lrs, agent=asked, related_agents="true") == [third, second, first]
    assert found(lrs, agent=asked, limit=1) == [second]
    assert found(lrs, agent=asked, since="2999-01-01T00:00:00Z") == []


def test_a_boolean_of_python_is_refused_with_the_reason(lrs: Any) -> None:
    """It writes True, and its users learn to write "true" instead."""
    answer = lrs.query_statements({"ascending": True})
    assert status(answer) == 400
    assert "ascending" in answer.data


def test_more_leads_to_the_last_page(lrs: Any) -> None:
    about = something()
    saved = lrs.save_statements([made(object=about) for _ in range(5)])
    answer = lrs.query_statements({"activity": Activity(about), "limit": 2, "ascending": "true"})
    pages = [answer.content]
    while pages[-1].more:
        pages.append(lrs.more_statements(pages[-1]).content)
    assert [len(page.statements) for page in pages] == [2, 2, 1]
    listed = [statement.id for page in pages for statement in page.statements]
    assert listed == [statement.id for statement in saved.content]


def test_a_voided_statement_is_read_as_a_voided_one_alone(lrs: Any) -> None:
    identifier = str(uuid4())
    lrs.save_statement(made(id=identifier))
    lrs.save_statement(made(verb={"id": VOIDED}, object=reference(identifier)))
    assert status(lrs.retrieve_statement(identifier)) == 404
    assert str(lrs.retrieve_voided_statement(identifier).content.id) == identifier


def test_an_attachment_that_is_elsewhere_is_described(lrs: Any) -> None:
    """It has no way to send the bytes of attachments."""
    described = {
        "usageType": "http://id.tincanapi.com/attachment/supporting_media",
        "display": {"en": "A file"},
        "contentType": "text/plain",
        "length": 8,
        "sha2": "0a08c630fab02682c8b4dacf728ae84dd8f8ca528f7af3d3832062c124d1676b",
        "fileUrl": "http://example.org/far-away",
    }
    saved = lrs.save_statement(made(attachments=[described]))
    assert saved.success, saved.data
    got = lrs.retrieve_statement(str(saved.content.id))
    assert got.content.attachments.as_version() == [described]


def a_state(**properties: Any) -> Any:
    least = {"agent": Agent(someone()), "activity": Activity(something()), "id": "bookmark"}
    return StateDocument(**{**least, "content": "page=3", **properties})


def test_a_state_is_missing_saved_replaced_and_deleted(lrs: Any) -> None:
    state = a_state()

    def read() -> Any:
        return lrs.retrieve_state(state.activity, state.agent, state.id)

    # A missing document counts as success for it, with nothing but the status to tell.
    assert (read().success, status(read())) == (True, 404)
    assert lrs.save_state(state).success
    assert read().content.content == b"page=3"
    # It sends no condition, and every state twice.
    state.content = "page=4"
    assert lrs.save_state(state).success
    assert read().content.content == b"page=4"
    assert lrs.retrieve_state_ids(state.activity, state.agent).content == ["bookmark"]
    assert lrs.delete_state(state).success
    assert status(read()) == 404


def test_all_states_are_cleared_at_once(lrs: Any) -> None:
    first = a_state()
    lrs.save_state(first)
    lrs.save_state(a_state(agent=first.agent, activity=first.activity, id="other"))
    assert lrs.clear_state(first.activity, first.agent).success
    assert lrs.retrieve_state_ids(first.activity, first.agent).content == []


class Profiles:
    """The calls for the profiles of an agent or of an activity."""

    def __init__(self, lrs: Any, kind: str) -> None:
        self.path = {"agent": "agents/profile", "activity": "activities/profile"}[kind]
        if kind == "agent":
            self.whose, document = Agent(someone()), AgentProfileDocument
            self.parameters = {"agent": self.whose.to_json(), "profileId": "p"}
        else:
            self.whose, document = Activity(something()), ActivityProfileDocument
            self.parameters = {"activityId": self.whose.id, "profileId": "p"}
        self.document = document(**{kind: self.whose}, id="p", content="two")
        self.save = getattr(lrs, f"save_{kind}_profile")
        self.retrieve = getattr(lrs, f"retrieve_{kind}_profile")
        self.ids = getattr(lrs, f"retrieve_{kind}_profile_ids")
        self.delete = getattr(lrs, f"delete_{kind}_profile")

    def put_by_another(self, service: Service) -> str:
        """Store the profile with a client that can, and return its ETag."""
        with client(service.address) as speaking:
            speaking.params = self.parameters
            put = speaking.put(self.path, content=b"one", headers={"If-None-Match": "*"})
            assert put.status_code == 204, put.text
            return speaking.get(self.path).headers["ETag"]


each_profile = pytest.mark.parametrize("kind", ["agent", "activity"])


@each_profile
def test_a_new_profile_is_refused_since_it_comes_without_a_condition(lrs: Any, kind: str) -> None:
    """1.0.x wants one, and this client cannot send If-None-Match."""
    profiles = Profiles(lrs, kind)
    answer = profiles.save(profiles.document)
    assert (answer.success, status(answer)) == (False, 400)
    assert "If-None-Match" in answer.data


@each_profile
def test_a_profile_is_replaced_by_who_has_seen_it_and_deleted(
    lrs: Any, service_for_old_clients: Service, kind: str
) -> None:
    profiles = Profiles(lrs, kind)
    profiles.document.etag = profiles.put_by_another(service_for_old_clients)
    assert profiles.save(profiles.document).success
    assert profiles.retrieve(profiles.whose, "p").content.content == b"two"
    assert profiles.ids(profiles.whose).content == ["p"]
    assert status(profiles.save(profiles.document)) == 412
    profiles.document.etag = None
    assert profiles.delete(profiles.document).success
    assert status(profiles.retrieve(profiles.whose, "p")) == 404


def test_wrong_credentials_are_told(service_for_old_clients: Service) -> None:
    answer = remote(service_for_old_clients, secret="guessed").save_statement(made())
    assert (answer.success, status(answer)) == (False, 401)


def test_a_key_as_a_bearer_token_is_refused(service_for_old_clients: Service) -> None:
    endpoint = f"{service_for_old_clients.address}/xapi/"
    answer = RemoteLRS(endpoint=endpoint, auth=f"Bearer {KEY}").save_statement(made())
    assert status(answer) == 401


def test_about_is_read_where_it_names_no_version_that_is_newer(lrs: Any) -> None:
    assert lrs.about().content.version == ["1.0.3"]


def test_about_is_not_read_where_it_names_2_0(lrs_as_it_comes: Any) -> None:
    with pytest.raises(ValueError, match=r"'2\.0\.0'"):
        lrs_as_it_comes.about()


def test_made_ids_are_not_read_where_they_are_of_version_7(lrs_as_it_comes: Any) -> None:
    with pytest.raises(ValueError, match="Invalid UUID"):
        lrs_as_it_comes.save_statement(made())
