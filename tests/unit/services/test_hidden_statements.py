"""The last wall before a pseudonymous store: what still names somebody is not kept."""

import json
from typing import Any
from uuid import uuid4

import pytest

from builders import a_statement, agent, group
from lrs.auth.authority import authority_of_account
from lrs.errors import PseudonymousStoreError
from lrs.people.pseudonyms import KEY_BYTES, Pseudonyms
from lrs.services.pseudonyms import Met, require_hidden
from lrs.services.statements import _Reader
from lrs.xapi.leniencies import Mode
from lrs.xapi.records import StatementRecord
from lrs.xapi.versions import Version

HOME_PAGE = "http://lrs.example.org"
TOOL = authority_of_account(HOME_PAGE, "a-key", "A tool")


@pytest.fixture
def met() -> Met:
    return Met(Pseudonyms(bytes(KEY_BYTES), HOME_PAGE))


def read(statement: dict[str, Any], met: Met | None = None) -> StatementRecord:
    reader = _Reader(Mode.STRICT, Version.V2_0_0, TOOL, None, None, uuid4, None, met)
    return reader.read(json.dumps(statement).encode(), "")


@pytest.mark.parametrize(
    "statement",
    [
        a_statement(),
        a_statement(actor=group(agent("ada"))),
        a_statement(context={"instructor": agent("ada")}),
    ],
)
def test_an_identifier_that_was_left_is_refused(met: Met, statement: dict[str, Any]) -> None:
    with pytest.raises(PseudonymousStoreError):
        require_hidden(met, read(statement), TOOL.ifi)
    hidden = read(statement, met)
    assert require_hidden(met, hidden, TOOL.ifi) is hidden


def test_a_name_that_was_left_is_refused(met: Met) -> None:
    hidden = json.loads(met.pseudonyms.agent(json.dumps(agent())))
    unnamed = read(a_statement(actor=hidden))
    assert require_hidden(met, unnamed, TOOL.ifi) is unnamed
    with pytest.raises(PseudonymousStoreError):
        require_hidden(met, read(a_statement(actor=hidden | {"name": "Ada"})), TOOL.ifi)


def test_the_name_beside_a_pseudonym_is_dropped_as_any_other(met: Met) -> None:
    hidden = json.loads(met.pseudonyms.agent(json.dumps(agent())))
    record = read(a_statement(actor=hidden | {"name": "Ada"}), met)
    assert b"Ada" not in record.completed.text
    assert met.identifiers == {}


def test_whom_it_met_is_known_by_the_pseudonym(met: Met) -> None:
    record = read(a_statement(), met)
    assert set(met.identifiers) == {record.actor}
    assert [ifi.value for ifi in met.identifiers.values()] == [agent()["mbox"]]
