"""Tokens of an issuer: what is taken for one, and what is not (RFC 7519, RFC 8725)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from issuing import AUDIENCE, Json, claims, jwks, key, published, signed
from lrs.auth.bearer_tokens import MAX_LENGTH, Claims, TokenRules, checked_claims, read_token
from lrs.auth.signing_keys import InvalidKeysError, SigningKeys, read_keys
from lrs.errors import UnauthenticatedError
from signing import base64url

ISSUER = "https://login.example.org/realms/learning"
RULES = TokenRules(ISSUER, AUDIENCE, 60)
NOW = 1_800_000_000.0
METHODS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("Ed25519",),
}
RSA_HEADER = {"alg": "RS256", "kid": "RSA"}


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    return read_keys(jwks(*(published(key(kind), kind) for kind in METHODS)))


def check(token: str, keys: SigningKeys, now: float = NOW) -> Claims:
    return checked_claims(read_token(token), keys, RULES, now)


def token(header: Json | None = None, /, **other: Any) -> str:
    """Return a token by RSA, with further members of its header and other claims."""
    return signed(RSA_HEADER | (header or {}), claims(ISSUER, NOW, **other), key("RSA"), "RS256")


def with_payload(payload: bytes) -> str:
    return signed(RSA_HEADER, payload, key("RSA"), "RS256")


def refused(shown: str, keys: SigningKeys, now: float = NOW) -> str:
    with pytest.raises(UnauthenticatedError) as refusal:
        check(shown, keys, now)
    return refusal.value.detail


@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind in METHODS for method in METHODS[kind]]
)
def test_a_token_is_good_by_each_algorithm_of_a_key(
    keys: SigningKeys, kind: str, method: str
) -> None:
    header = {"alg": method, "kid": kind, "typ": "at+jwt"}
    shown = signed(header, claims(ISSUER, NOW), key(kind), method)
    assert check(shown, keys)["azp"] == "moodle"


def test_the_older_name_of_ed25519_is_known(keys: SigningKeys) -> None:
    header = {"alg": "EdDSA", "kid": "Ed25519"}
    assert check(signed(header, claims(ISSUER, NOW), key("Ed25519"), "Ed25519"), keys)


@pytest.mark.parametrize("kind", METHODS)
def test_another_key_under_the_same_name_is_refused(keys: SigningKeys, kind: str) -> None:
    method = METHODS[kind][0]
    shown = signed({"alg": method, "kid": kind}, claims(ISSUER, NOW), key(kind, 1), method)
    assert "signature" in refused(shown, keys)


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_whatever_is_changed_is_noticed(keys: SigningKeys, kind: str, part: int) -> None:
    method = METHODS[kind][0]
    header = {"alg": method, "kid": kind, "cty": "x"}
    parts = signed(header, claims(ISSUER, NOW), key(kind), method).split(".")
    decoded = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
    place = decoded.index(b"x") if part == 0 else decoded.index(b"moodle") if part == 1 else 5
    decoded[place] ^= 1
    parts[part] = base64url(bytes(decoded)).decode()
    assert "signature" in refused(".".join(parts), keys)


# Algorithms that are confused


@pytest.mark.parametrize(
    "name", ["none", "None", "NONE", "nOnE", "", None, 256, ["RS256"], "RS256 "]
)
def test_no_algorithm_is_none(keys: SigningKeys, name: object) -> None:
    header = base64url(json.dumps({"alg": name, "kid": "RSA"}).encode()).decode()
    payload = base64url(json.dumps(claims(ISSUER, NOW)).encode()).decode()
    signature = token().split(".")[2]
    for end in ("", signature):
        assert refused(f"{header}.{payload}.{end}", keys)
    assert refused(f"{header}.{payload}", keys)


def public_texts() -> dict[str, bytes]:
    private = key("RSA")
    assert isinstance(private, RSAKey)
    public = private.public_key
    members = published(private, "RSA")
    return {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PEM without its last line end": public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).strip(),
        "PKCS1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(members).encode(),
        "modulus": members["n"].encode(),
        "nothing": b"",
    }


@pytest.mark.parametrize("name", public_texts())
@pytest.mark.parametrize("method", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret_of_an_hmac(keys: SigningKeys, name: str, method: str) -> None:
    header = {"alg": method, "kid": "RSA"}
    parts = [base64url(json.dumps(each).encode()) for each in (header, claims(ISSUER, NOW))]
    text = b".".join(parts)
    digest = hmac.digest(public_texts()[name], text, method.replace("HS", "sha"))
    assert "must be signed by" in refused((text + b"." + base64url(digest)).decode(), keys)


@pytest.mark.parametrize(
    ("kind", "method"),
    [("RSA", "ES256"), ("P-256", "RS256"), ("P-256", "ES384"), ("Ed25519", "ES256"),
     ("P-256", "EdDSA"), ("RSA", "Ed25519")],
)  # fmt: skip
def test_the_key_decides_the_algorithm(keys: SigningKeys, kind: str, method: str) -> None:
    own = METHODS[kind][0]
    shown = signed({"alg": method, "kid": kind}, claims(ISSUER, NOW), key(kind), own)
    assert "a key that its issuer has not" in refused(shown, keys)


def test_an_algorithm_that_is_named_for_a_key_is_the_only_one() -> None:
    keys = read_keys(jwks(published(key("RSA"), "RSA", alg="RS512")))
    assert "a key that its issuer has not" in refused(token(), keys)
    shown = signed(RSA_HEADER | {"alg": "RS512"}, claims(ISSUER, NOW), key("RSA"), "RS512")
    assert check(shown, keys)


# Keys


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"kty": "oct"}, {"kty": 1},
     {"d": "AQAB"}, {"k": "AQAB"}, {"n": 1}, {"n": "AQAB"}, {"n": "!"}, {"kid": 1},
     {"alg": "RSA-OAEP"}, {"alg": "HS256"}, {"alg": ["RS256"]}, {"kty": "EC"}],
    ids=str,
)  # fmt: skip
def test_a_key_that_is_not_made_to_verify_is_passed_over(members: Json) -> None:
    bad = published(key("RSA"), "RSA") | members
    good = published(key("P-256"), "P-256")
    read = read_keys(jwks(bad, good))
    assert [each.id for each in read.keys] == ["P-256"]
    assert "a key that its issuer has not" in refused(token(), read)


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b'{"keys":{}}', b'{"keys":[1]}', b"<html>", b'{"keys":[' + b"[" * 100_000,
     jwks(*[{"kty": "oct"}] * 101)],
    ids=lambda text: text[:12].decode(),
)  # fmt: skip
def test_what_is_no_set_of_keys_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidKeysError):
        read_keys(text)


def test_without_a_name_the_only_key_that_fits_is_taken(keys: SigningKeys) -> None:
    shown = signed({"alg": "RS256"}, claims(ISSUER, NOW), key("RSA"), "RS256")
    assert check(shown, keys)
    two = read_keys(jwks(published(key("RSA"), "a"), published(key("RSA", 1), "b")))
    assert "a key that its issuer has not" in refused(shown, two)


@pytest.mark.parametrize(
    "name",
    ["../../keys/RSA", "RSA\0", "' OR '1'='1", "RSA'; DROP TABLE credentials; --", "/dev/null",
     "http://evil.example/keys", "rsa", "RSA ", "", "\uff32\uff33\uff21"],
    ids=ascii,
)  # fmt: skip
def test_the_name_of_a_key_is_a_name_and_nothing_else(keys: SigningKeys, name: str) -> None:
    assert refused(token({"kid": name}), keys)


@pytest.mark.parametrize(
    "name", [7, None, ["RSA"], {"a": 1}, "x" * 256], ids=lambda it: str(it)[:9]
)
def test_a_name_that_is_no_short_text_is_refused(keys: SigningKeys, name: object) -> None:
    header = {"alg": "RS256", "kid": name}
    shown = signed(header, claims(ISSUER, NOW), key("RSA"), "RS256")
    assert "`kid`" in refused(shown, keys)


def test_keys_that_the_token_brings_are_not_looked_at(keys: SigningKeys) -> None:
    own = key("RSA", 1)
    brought = {
        "jwk": published(own, "RSA"),
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/chain",
        "x5c": ["AAAA"],
    }
    forged = signed(RSA_HEADER | brought, claims(ISSUER, NOW), own, "RS256")
    assert "signature" in refused(forged, keys)
    assert check(token(brought), keys)


# Shapes


@pytest.mark.parametrize(
    "shown",
    ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "e30.e30.", "e30.e30.AA", ".e30.AA",
     "e30..AA", "W10.W10.AA", "bnVsbA.bnVsbA.AA", "e30=.e30=.AA=", "e3 0.e30.AA", "x" * 70_000],
    ids=lambda it: it[:12] or "empty",
)  # fmt: skip
def test_what_is_no_token_is_refused(keys: SigningKeys, shown: str) -> None:
    assert refused(shown, keys)


def test_an_unsigned_token_with_a_dot_at_its_end_is_refused(keys: SigningKeys) -> None:
    header, payload, _ = token().split(".")
    assert "not signed" in refused(f"{header}.{payload}.", keys)


def test_a_token_of_a_mebibyte_is_refused_before_it_is_read(keys: SigningKeys) -> None:
    assert str(MAX_LENGTH) in refused(token(padding="x" * 1024 * 1024), keys)


def test_the_longest_token_is_taken(keys: SigningKeys) -> None:
    room = MAX_LENGTH - len(token(padding=""))
    shown = token(padding="x" * (room * 3 // 4 - 8))
    assert MAX_LENGTH - 16 < len(shown) <= MAX_LENGTH
    assert check(shown, keys)


def test_an_encrypted_token_is_refused(keys: SigningKeys) -> None:
    header = base64url(b'{"alg":"RSA-OAEP","enc":"A256GCM","kid":"RSA"}').decode()
    assert "encrypted" in refused(f"{header}.AA.AA.AA.AA", keys)


@pytest.mark.parametrize(
    "member",
    [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": False, "crit": ["b64"]},
     {"zip": "DEF"}, {"enc": "A256GCM"}],
    ids=str,
)  # fmt: skip
def test_what_changes_how_a_token_is_read_is_refused(keys: SigningKeys, member: Json) -> None:
    assert "header" in refused(token(member), keys)


@pytest.mark.parametrize("kind", ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "", 1])
def test_tokens_of_other_kinds_are_refused(keys: SigningKeys, kind: object) -> None:
    assert "`typ`" in refused(token({"typ": kind}), keys)


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_kind_of_a_token_has_no_case(keys: SigningKeys, kind: str) -> None:
    assert check(token({"typ": kind}), keys)


@pytest.mark.parametrize(
    "other",
    [{"at_hash": "x"}, {"c_hash": "x"}, {"events": {}}, {"cnf": {"jkt": "x"}}, {"typ": "ID"},
     {"typ": "Refresh"}, {"typ": "Logout"}, {"typ": 1}],
    ids=str,
)  # fmt: skip
def test_tokens_that_no_bearer_may_show_are_refused(keys: SigningKeys, other: Json) -> None:
    assert refused(token(**other), keys)


# Claims


@pytest.mark.parametrize(
    "issuer",
    [None, "", ISSUER + "/", ISSUER.upper(), ISSUER.replace("https", "http"), [ISSUER], 1,
     ISSUER.replace("e", "\u0435"), ISSUER + "\0", ISSUER + " ", "https://login.example.org"],
    ids=ascii,
)  # fmt: skip
def test_another_issuer_is_refused(keys: SigningKeys, issuer: object) -> None:
    assert refused(token(iss=issuer), keys)


@pytest.mark.parametrize(
    "audience",
    [None, "", AUDIENCE + "/", AUDIENCE.upper(), [], ["account"], {AUDIENCE: 1}, 1, True,
     [[AUDIENCE]], AUDIENCE[:-1], f"account {AUDIENCE}"],
    ids=str,
)  # fmt: skip
def test_another_audience_is_refused(keys: SigningKeys, audience: object) -> None:
    assert "audience" in refused(token(aud=audience), keys)


def test_one_of_several_audiences_is_enough(keys: SigningKeys) -> None:
    assert check(token(aud=["account", AUDIENCE]), keys)


@pytest.mark.parametrize(
    ("moments", "is_good"),
    [
        ({"exp": NOW - 59}, True),
        ({"exp": NOW - 60}, False),
        ({"exp": NOW - 59.5}, True),
        ({"nbf": NOW + 60}, True),
        ({"nbf": NOW + 61}, False),
        ({"iat": NOW + 60}, True),
        ({"iat": NOW + 61}, False),
        ({"iat": None}, True),
        ({"exp": NOW * 2}, True),
    ],
    ids=str,
)
def test_times_hold_with_a_leeway(
    keys: SigningKeys, moments: dict[str, float | None], *, is_good: bool
) -> None:
    shown = token(**moments)
    if is_good:
        assert check(shown, keys)
    else:
        assert "exp" in (said := refused(shown, keys)) or "not good yet" in said


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "text",
    ['"1900000000"', "true", "null", "[1900000000]", "{}", "-1", "1e400", "9007199254740992",
      "NaN", "Infinity", "-Infinity", "1" * 2_000, '""'],
    ids=lambda it: it[:12],
)  # fmt: skip
def test_a_moment_is_a_sensible_number(keys: SigningKeys, name: str, text: str) -> None:
    usual = claims(ISSUER, NOW, **{name: None})
    payload = json.dumps(usual)[:-1] + f', "{name}": {text}}}'
    assert refused(with_payload(payload.encode()), keys)


def test_a_token_must_expire(keys: SigningKeys) -> None:
    assert "exp" in refused(token(exp=None), keys)


def test_a_claim_that_comes_twice_is_refused(keys: SigningKeys) -> None:
    payload = json.dumps(claims(ISSUER, NOW))
    twice = payload[:-1] + ', "aud": "other"}'
    assert "no JSON that can be read" in refused(with_payload(twice.encode()), keys)


def test_a_member_of_the_header_that_comes_twice_is_refused(keys: SigningKeys) -> None:
    header = b'{"alg": "RS256", "kid": "RSA", "alg": "RS256"}'
    shown = signed(header, claims(ISSUER, NOW), key("RSA"), "RS256")
    assert "no JSON that can be read" in refused(shown, keys)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deeply_nested_claims_are_refused(keys: SigningKeys, opening: str) -> None:
    payload = json.dumps(claims(ISSUER, NOW))[:-1] + ', "deep": ' + opening * 2_000
    assert "no JSON that can be read" in refused(with_payload(payload.encode()), keys)


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b'"x"', b"null", b"\xff", b"\xef\xbb\xbf{}"])
def test_claims_are_an_object(keys: SigningKeys, payload: bytes) -> None:
    assert refused(with_payload(payload), keys)


def test_what_is_said_of_a_refusal_holds_nothing_of_the_token(keys: SigningKeys) -> None:
    planted = hashlib.sha256(b"planted").hexdigest()
    header = {"kid": planted}
    for shown in (token(header), token(iss=planted), token(aud=planted), token({"typ": planted})):
        assert planted not in refused(shown, keys)
