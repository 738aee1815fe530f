"""Pseudonyms: the same for the same person, and nobody else's."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lrs.errors import InvalidRequestError
from lrs.people.erasures import anonymous_home_page
from lrs.people.identifiers import account
from lrs.people.pseudonyms import KEY_BYTES, Pseudonyms
from lrs.people.reidentifications import (
    IS_OPEN_FOR,
    MAY_BE_APPROVED_FOR,
    Reidentification,
    State,
)
from lrs.xapi.keys import Ifi, ifi_key

HOME_PAGE = "http://lrs.example.org"
KEY = bytes(range(KEY_BYTES))
ADA = Ifi("mbox", "mailto:ada@example.org")
BOB = Ifi("account", "http://lms.example.org bob")
ASKED = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KEY, HOME_PAGE)


def test_a_pseudonym_is_what_it_was_in_the_first_release(pseudonyms: Pseudonyms) -> None:
    name = "votvmcl4cnddxnej7wq4wzqzr6sc65pclxsqrmw6e7hj7rcfs6jq"
    assert pseudonyms.of(ADA) == account(f"{HOME_PAGE}/pseudonyms", name)
    assert pseudonyms.fingerprint == "41780b9d5c88286fecd0d9d4c6763b7b"


def test_it_is_the_same_each_time_and_another_for_others(pseudonyms: Pseudonyms) -> None:
    again = Pseudonyms(KEY, HOME_PAGE + "/")
    assert again.of(ADA) == pseudonyms.of(ADA) != pseudonyms.of(BOB)
    assert Pseudonyms(bytes(KEY_BYTES), HOME_PAGE).of(ADA) != pseudonyms.of(ADA)


def test_that_of_a_pseudonym_is_itself(pseudonyms: Pseudonyms) -> None:
    hidden = pseudonyms.of(ADA)
    assert pseudonyms.is_one(hidden)
    assert pseudonyms.of(hidden) == hidden


def test_who_was_made_anonymous_names_nobody_either(pseudonyms: Pseudonyms) -> None:
    nobody = account(anonymous_home_page(HOME_PAGE), str(uuid4()))
    assert pseudonyms.of(nobody) == nobody
    assert pseudonyms.of(account(anonymous_home_page(HOME_PAGE), "ada")) != nobody
    assert not pseudonyms.is_one(account(anonymous_home_page(HOME_PAGE), "ada"))


@pytest.mark.parametrize(
    "ifi",
    [
        ADA,
        account("http://lrs.example.org/pseudonyms", "ada"),
        account("http://lrs.example.org/pseudonyms", "A" * 52),
        account("http://lrs.example.org/pseudonyms", "a" * 52 + "\n"),
        account("http://other.example.org/pseudonyms", "a" * 52),
        Ifi("openid", f"http://lrs.example.org/pseudonyms {'a' * 52}"),
    ],
)
def test_what_only_looks_like_one_is_hidden_too(pseudonyms: Pseudonyms, ifi: Ifi) -> None:
    assert not pseudonyms.is_one(ifi)
    assert pseudonyms.of(ifi) != ifi
    assert pseudonyms.is_one(pseudonyms.of(ifi))


def test_an_agent_keeps_its_kind_and_loses_its_name(pseudonyms: Pseudonyms) -> None:
    sent = {"objectType": "Group", "name": "Crew", "mbox": "mailto:ada@EXAMPLE.org", "member": []}
    hidden = json.loads(pseudonyms.agent(json.dumps(sent)))
    assert hidden == {
        "objectType": "Group",
        "account": {
            "homePage": pseudonyms.home_page,
            "name": pseudonyms.of(ADA).value.split(" ")[1],
        },
    }
    assert json.loads(pseudonyms.agent('{"mbox":"mailto:bob@x.org"}'))["objectType"] == "Agent"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"mbox":"ada@example.org"}'])
def test_what_is_no_agent_is_refused(pseudonyms: Pseudonyms, text: str) -> None:
    with pytest.raises(InvalidRequestError):
        pseudonyms.agent(text)


def test_a_text_may_be_an_identifier_of_each_type(pseudonyms: Pseudonyms) -> None:
    found = pseudonyms.values(ADA.value)
    assert len(found) == 4
    assert pseudonyms.of(ADA).value in found
    assert pseudonyms.values(pseudonyms.of(ADA).value)[-1] == pseudonyms.of(ADA).value


@pytest.mark.parametrize("ifi", [ADA, BOB, account("http://x", "a name\nwith a line")])
def test_what_was_sealed_is_opened_for_its_own_pseudonym(pseudonyms: Pseudonyms, ifi: Ifi) -> None:
    own, sealed = ifi_key(pseudonyms.of(ifi)), pseudonyms.seal(ifi)
    assert ifi.value.encode() not in sealed
    assert pseudonyms.unseal(own, sealed) == ifi
    assert pseudonyms.seal(ifi) != sealed


def test_it_is_opened_for_no_other_and_by_no_other_key(pseudonyms: Pseudonyms) -> None:
    own, sealed = ifi_key(pseudonyms.of(ADA)), pseudonyms.seal(ADA)
    assert pseudonyms.unseal(ifi_key(pseudonyms.of(BOB)), sealed) is None
    assert pseudonyms.unseal(own, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert Pseudonyms(bytes(KEY_BYTES), HOME_PAGE).unseal(own, sealed) is None


@pytest.mark.parametrize(
    ("approved", "now", "expected"),
    [
        (None, ASKED, State.ASKED),
        (None, ASKED + MAY_BE_APPROVED_FOR - SECOND, State.ASKED),
        (None, ASKED + MAY_BE_APPROVED_FOR, State.LAPSED),
        (ASKED, ASKED + IS_OPEN_FOR - SECOND, State.OPEN),
        (ASKED, ASKED + IS_OPEN_FOR, State.CLOSED),
        (ASKED + MAY_BE_APPROVED_FOR, ASKED + MAY_BE_APPROVED_FOR + SECOND, State.OPEN),
    ],
)
def test_a_reidentification_is_open_for_a_while(
    approved: datetime | None, now: datetime, expected: State
) -> None:
    someone = UUID(int=1)
    other = None if approved is None else UUID(int=2)
    asked = Reidentification(someone, someone, "why", someone, ASKED, other, approved, now)
    assert asked.state is expected
