import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from issuing import jwks, key, published, signed
from lrs.auth.bearer_tokens import read_token
from lrs.auth.id_tokens import IdTokenRules, checked_id_token, subject_of
from lrs.auth.signing_keys import read_keys
from lrs.errors import SignInError, UnauthenticatedError
from signing import base64url

ISSUER, CLIENT, NONCE = "https://id.example.org", "lrs", "a nonce"
NOW = 1_800_000_000.0
RULES = IdTokenRules(ISSUER, CLIENT)
KEYS = read_keys(jwks(published(key("RSA"), "RSA"), published(key("P-256"), "P-256")))


def claims(**other: Any) -> dict[str, Any]:
    """The claims of a good token; those given as None are left out."""
    usual = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "ada",
        "nonce": NONCE,
        "iat": NOW - 10,
        "exp": NOW + 300,
        "at_hash": "of the access token",
    }
    return {name: value for name, value in {**usual, **other}.items() if value is not None}


def a_token(method: str = "RS256", kind: str = "RSA", **other: Any) -> str:
    return signed({"alg": method, "kid": kind}, claims(**other), key(kind), method)


def check(text: str) -> Any:
    return checked_id_token(read_token(text), KEYS, RULES, NONCE, NOW)


@pytest.mark.parametrize(("method", "kind"), [("RS256", "RSA"), ("ES256", "P-256")])
def test_a_good_token_says_who_it_is(method: str, kind: str) -> None:
    assert subject_of(check(a_token(method, kind))) == "ada"


@pytest.mark.parametrize(
    "other",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"azp": CLIENT},
        {"exp": NOW - 59},
        {"iat": NOW + 59},
    ],
    ids=str,
)
def test_what_the_standard_allows_is_taken(other: dict[str, Any]) -> None:
    check(a_token(**other))


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "https://evil.test"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 1},
        {"exp": NOW - 60},
        {"exp": None},
        {"exp": True},
        {"exp": "tomorrow"},
        {"iat": NOW + 61},
        {"iat": None},
    ],
    ids=str,
)
def test_what_is_not_for_us_here_and_now_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(SignInError):
        check(a_token(**other))


def test_a_key_of_somebody_else_is_refused() -> None:
    text = signed({"alg": "RS256", "kid": "RSA"}, claims(), key("RSA", 1), "RS256")
    with pytest.raises(SignInError, match="signature"):
        check(text)


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    private = key("RSA")
    assert isinstance(private, RSAKey)
    head = signed({"alg": "HS256", "kid": "RSA"}, claims(), private, "RS256").rpartition(".")[0]
    signature = hmac.digest(private.as_pem(private=False), head.encode(), "sha256")
    text = f"{head}.{base64url(signature).decode()}"
    with pytest.raises(UnauthenticatedError):
        check(text)


@pytest.mark.parametrize("algorithm", ["none", "None", "ES256"])
def test_the_key_decides_by_which_algorithm(algorithm: str) -> None:
    head, payload, signature = a_token().split(".")
    other = signed({"alg": algorithm, "kid": "RSA"}, {}, key("RSA"), "RS256").split(".")[0]
    with pytest.raises(UnauthenticatedError):
        check(f"{other}.{payload}.{signature}")
    assert head != other


def test_what_is_no_object_is_refused() -> None:
    text = signed({"alg": "RS256", "kid": "RSA"}, json.dumps([1]).encode(), key("RSA"), "RS256")
    with pytest.raises(SignInError):
        check(text)


@pytest.mark.parametrize("subject", [None, "", 1, "a" * 256, "a\0b", "a\nb"])
def test_who_it_is_must_be_said_in_a_way_that_can_be_kept(subject: object) -> None:
    with pytest.raises(SignInError):
        subject_of({"sub": subject})
