"""What a token of an issuer grants: a store, scopes and an account."""

from dataclasses import replace
from typing import Any

import pytest

from issuing import claims
from lrs.auth.scopes import Scope
from lrs.auth.token_grants import GrantRules, granted
from lrs.errors import ForbiddenError, UnauthenticatedError

ISSUER = "https://login.example.org"
RULES = GrantRules("lrs_store", None, "scope", "", "{client_id}", grants_power=False)


def scopes_of(rules: GrantRules = RULES, **other: Any) -> set[str]:
    usual = claims(ISSUER, lrs_store="north", **other)
    return {scope.value for scope in granted(usual, rules).scopes}


@pytest.mark.parametrize(
    ("named", "scopes"),
    [
        ("statements/write", {"statements/write"}),
        ("openid statements/write email state", {"statements/write", "state"}),
        (["statements/write", "state"], {"statements/write", "state"}),
        ("statements/read", {"statements/read", "statements/read/mine"}),
        ("  state  ", {"state"}),
        (["state", 1, None, ["all"], {"all": 1}], {"state"}),
        ("state\tall\nexport state", {"state"}),
    ],
    # A set has another order in each process.
    ids=lambda each: "" if isinstance(each, set) else str(each),
)
def test_scopes_that_are_known_are_taken(named: object, scopes: set[str]) -> None:
    assert scopes_of(scope=named) == scopes


@pytest.mark.parametrize(
    "named",
    [None, "", " ", "openid email", [], {"state": 1}, 7, "STATE", "statements", "statements/*",
     "xstate", "admin", "platform", "openid profile email", "state,all"],
    ids=str,
)  # fmt: skip
def test_a_token_without_a_known_scope_grants_nothing(named: object) -> None:
    with pytest.raises(ForbiddenError, match="no scope"):
        scopes_of(scope=named)


def test_a_prefix_tells_which_scopes_are_meant() -> None:
    prefixed = replace(RULES, scope_prefix="lrs:")
    assert scopes_of(prefixed, scope="all lrs:state lrs:profile openid profile") == {
        "state",
        "profile",
    }


def test_power_is_granted_only_where_that_is_allowed() -> None:
    assert scopes_of(scope="state admin platform") == {"state"}
    trusting = replace(RULES, grants_power=True)
    assert scopes_of(trusting, scope="admin") == {"admin"}
    assert Scope.PLATFORM in scopes_of(trusting, scope="platform")


def test_scopes_may_lie_in_another_claim() -> None:
    rules = replace(RULES, scope_claim="realm_access.roles")
    assert scopes_of(rules, realm_access={"roles": ["state", "offline_access"]}) == {"state"}
    named = replace(RULES, scope_claim="https://example.org/scopes")
    assert scopes_of(named, **{"https://example.org/scopes": ["state"]}) == {"state"}


@pytest.mark.parametrize("named", ["north", ["north"]], ids=str)
def test_the_store_is_named_by_a_claim(named: object) -> None:
    assert granted(claims(ISSUER, scope="state", lrs_store=named), RULES).store == "north"


def test_without_the_claim_the_store_is_the_one_that_is_set() -> None:
    usual = claims(ISSUER, scope="state")
    assert granted(usual, replace(RULES, store="south")).store == "south"
    with pytest.raises(ForbiddenError, match="names no store"):
        granted(usual, RULES)


@pytest.mark.parametrize("named", [7, [], ["north", "south"], {"north": 1}, [7], True], ids=str)
def test_a_store_that_is_no_name_is_not_replaced_by_the_one_that_is_set(named: object) -> None:
    usual = claims(ISSUER, scope="state", lrs_store=named)
    with pytest.raises(ForbiddenError, match="names no store"):
        granted(usual, replace(RULES, store="south"))


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ({"client_id": "a", "azp": "b"}, "a"),
        ({"azp": "b", "appid": "c"}, "b"),
        ({"azp": None, "appid": "c"}, "c"),
        ({"azp": None, "cid": "d"}, "d"),
        ({"client_id": "", "azp": "b"}, "b"),
    ],
    ids=str,
)
def test_the_account_is_the_client(given: dict[str, Any], account: str) -> None:
    grant = granted(claims(ISSUER, scope="state", lrs_store="north", **given), RULES)
    assert grant.account == account
    assert grant.authority.ifi == ("account", f"{ISSUER} {account}")


def test_the_account_follows_a_template() -> None:
    rules = replace(RULES, account="{org.name}:{sub}")
    usual = claims(ISSUER, scope="state", lrs_store="north", org={"name": "North"})
    assert granted(usual, rules).account == "North:service-account-moodle"


@pytest.mark.parametrize("client", [None, 7, "", ["moodle"], "x" * 256, "a\nb"], ids=ascii)
def test_a_token_that_does_not_say_whose_it_is_is_refused(client: object) -> None:
    with pytest.raises(UnauthenticatedError):
        granted(claims(ISSUER, scope="state", lrs_store="north", azp=client), RULES)
