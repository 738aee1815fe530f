"""The `agent` parameter."""

import json

import pytest

from lrs.errors import InvalidRequestError
from lrs.xapi.actors import Agent, Group
from lrs.xapi.agents import read_agent

MBOX = "mailto:ada@example.org"


@pytest.mark.parametrize(
    "identifier",
    [
        {"mbox": MBOX},
        {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
        {"openid": "https://ada.example.org/"},
        {"account": {"homePage": "https://example.org", "name": "ada"}},
    ],
)
def test_each_identifier_names_an_agent_or_a_group(identifier: object) -> None:
    assert isinstance(identifier, dict)
    assert isinstance(read_agent(json.dumps(identifier)), Agent)
    assert isinstance(read_agent(json.dumps({"objectType": "Group", **identifier})), Group)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "agent is not valid JSON"),
        ("{", "agent is not valid JSON"),
        (MBOX, "agent is not valid JSON"),
        ("null", "agent: must be an object"),
        ("[]", "agent: must be an object"),
        (f'"{MBOX}"', "agent: must be an object"),
        ("{}", "agent: must have one of"),
        ('{"name": "Ada"}', "agent: must have one of"),
        (f'{{"mbox": "{MBOX}", "openid": "urn:x"}}', "agent: must have only one of"),
        (f'{{"mbox": "{MBOX}", "mbox": "{MBOX}"}}', 'agent.mbox: the property "mbox" comes twice'),
        ('{"mbox": "mailto:ada"}', "agent.mbox: must be `mailto:`"),
        ('{"mbox": "\ud800"}', "agent.mbox: contains half a surrogate pair"),
        (f'{{"objectType": "Person", "mbox": "{MBOX}"}}', "agent.objectType: must be"),
        (f'{{"objectType": "Group", "member": [{{"mbox": "{MBOX}"}}]}}', "anonymous Group"),
        ("[" * 100_000, "agent: is nested deeper"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read_agent(text)
    assert told in refusal.value.detail
