"""Authorities from templates are Agents, whatever is filled in."""

import json

import pytest

from lrs.auth.authority import authority_from_template
from lrs.errors import InvalidRequestError

NAMES = {"key": "k1", "label": 'The "{key}" sync', "system": "Moodle"}


def filled(template: dict[str, object]) -> object:
    return json.loads(authority_from_template(json.dumps(template), NAMES).text)


def test_names_are_filled_in_once() -> None:
    account = {"homePage": "https://lms.example.org", "name": "{system}/{key}"}
    assert filled({"name": "{label} {nothing} {}", "account": account}) == {
        "name": 'The "{key}" sync {nothing} {}',
        "account": {"homePage": "https://lms.example.org", "name": "Moodle/k1"},
    }


def test_the_key_is_that_of_the_agent() -> None:
    one, other = (
        authority_from_template(json.dumps({"mbox": "mailto:lms@example.org", "name": name}), NAMES)
        for name in ("One", "{label}")
    )
    assert one.key == other.key
    assert one.text != other.text


@pytest.mark.parametrize(
    "template",
    ["", "{", "[]", "{}", '{"name":"Nobody"}', '{"mbox":"lms@example.org"}',
     '{"objectType":"Group","mbox":"mailto:lms@example.org"}',
     '{"objectType":"Group","member":[{"mbox":"mailto:lms@example.org"}]}',
     '{"mbox":"mailto:lms@example.org","openid":"https://lms.example.org"}',
     '{"mbox":"mailto:lms@example.org","name":"\\u0000"}',
     '{"mbox":"mailto:lms@example.org","name":"' + "x" * 2_000 + '"}'],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_agent_is_refused(template: str) -> None:
    with pytest.raises(InvalidRequestError):
        authority_from_template(template, NAMES)
