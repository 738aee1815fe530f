import json
from typing import Any

import pytest

from lrs.auth.claim_roles import ClaimRole, given_by, grant_of, read_claim_roles
from lrs.auth.restrictions import EVERYTHING
from lrs.auth.roles import Role
from lrs.errors import StartError

ROLES = read_claim_roles("staff = analyst@school ;CN=Chiefs,OU=All=platform_owner;;")


def test_what_is_set_is_read() -> None:
    assert list(ROLES) == [
        ClaimRole("staff", Role.ANALYST, "school"),
        ClaimRole("CN=Chiefs,OU=All", Role.PLATFORM_OWNER, None),
    ]
    assert read_claim_roles("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "staff",
        "staff=emperor",
        "=analyst",
        "staff=",
        "staff=team_lead",
        "staff=content_owner",
        "staff=platform_owner@school",
    ],
)
def test_what_cannot_be_given_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(StartError, match="LRS_SIGN_ON_ROLES"):
        read_claim_roles(text)


@pytest.mark.parametrize(
    ("claims", "name", "expected"),
    [
        ({"groups": ["staff", 1, None]}, "groups", [Role.ANALYST]),
        ({"groups": "staff"}, "groups", [Role.ANALYST]),
        ({"groups": ["CN=Chiefs,OU=All", "staff"]}, "groups", [Role.ANALYST, Role.PLATFORM_OWNER]),
        ({"groups": ["STAFF", "staf", "staff "]}, "groups", []),
        ({"groups": {"staff": True}}, "groups", []),
        ({"realm_access": {"roles": ["staff"]}}, "realm_access.roles", [Role.ANALYST]),
        ({"realm_access.roles": ["staff"]}, "realm_access.roles", [Role.ANALYST]),
        ({"realm_access": ["roles"]}, "realm_access.roles", []),
        ({}, "groups", []),
    ],
    ids=str,
)
def test_values_give_roles(claims: dict[str, Any], name: str, expected: list[Role]) -> None:
    assert [each.role for each in given_by(claims, name, ROLES)] == expected


@pytest.mark.parametrize(
    ("claims", "mailbox"),
    [
        ({"email": "ada@example.org", "email_verified": True}, "mailto:ada@example.org"),
        ({"email": "ada@example.org", "email_verified": False}, None),
        ({"email": "ada@example.org", "email_verified": "true"}, None),
        ({"email": "ada@example.org"}, None),
        ({"email": "no address", "email_verified": True}, None),
        ({"email": 1, "email_verified": True}, None),
        ({"email_verified": True}, None),
    ],
    ids=str,
)
def test_a_learner_is_who_the_provider_is_sure_of(
    claims: dict[str, Any], mailbox: str | None
) -> None:
    grant = grant_of(Role.LEARNER, "https://id.example.org", "ada", claims)
    agents = [json.loads(agent) for agent in grant.agents or ()]
    account = {"account": {"homePage": "https://id.example.org", "name": "ada"}}
    assert agents == ([account] if mailbox is None else [account, {"mbox": mailbox}])


def test_other_roles_have_no_limit() -> None:
    assert grant_of(Role.ANALYST, "https://id.example.org", "ada", {}) == EVERYTHING
