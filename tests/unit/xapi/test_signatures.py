"""Which signatures are verified, which are only accepted, which are refused (Data 2.6)."""

import base64
import hmac
import json
from collections.abc import Callable
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from builders import Json, a_statement, a_substatement, activity, agent, verb
from lrs.xapi.signatures import Signature, check_signature
from lrs.xapi.versions import Version
from signing import (
    ATTACHMENT,
    ID,
    PATH,
    SENT,
    SIGNED,
    Signer,
    base64url,
    certified,
    check,
    new_signer,
    refused,
    signed,
    text,
    token,
    x5c,
)

V1, V2 = Version.V1_0_3, Version.V2_0_0
both_versions = pytest.mark.parametrize("version", [V1, V2])


# Good signatures


@both_versions
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signature_with_its_certificate_is_verified(
    signer: Signer, version: Version, algorithm: str
) -> None:
    jws = certified(SIGNED, signer, alg=algorithm)
    assert check(jws, version=version) is Signature.VERIFIED


@both_versions
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signature_without_a_certificate_is_accepted_and_not_verified(
    signer: Signer, version: Version, algorithm: str
) -> None:
    jws = signed(SIGNED, signer, alg=algorithm, typ="JOSE")
    assert check(jws, version=version) is Signature.UNVERIFIED


def test_the_key_of_the_first_certificate_counts(signer: Signer, forger: Signer) -> None:
    chain = x5c(signer.certificate, forger.certify(signer.key.public_key()), forger.certificate)
    assert check(signed(SIGNED, signer, **chain)) is Signature.VERIFIED
    assert "x5c[0]" in refused(signed(SIGNED, forger, **chain))


def test_other_certificates_of_the_chain_may_have_other_keys(signer: Signer) -> None:
    elliptic = signer.certify(new_ec_key(SECP256R1()).public_key())
    jws = signed(SIGNED, signer, **x5c(signer.certificate, elliptic))
    assert check(jws) is Signature.VERIFIED


def test_a_key_as_small_as_that_in_the_text_of_the_standard_is_accepted() -> None:
    assert check(certified(SIGNED, new_signer(1024))) is Signature.VERIFIED


# The payload


@both_versions
def test_the_payload_may_lack_what_the_lrs_sets(signer: Signer, version: Version) -> None:
    sent = SENT | {"stored": "2026-03-01T12:00:01Z", "authority": agent("lms"), "version": "1.0.3"}
    bare = {name: SIGNED[name] for name in ("actor", "verb", "object", "result", "context")}
    assert check(certified(bare, signer), sent, version) is Signature.VERIFIED
    assert check(certified(sent, signer), SENT, version) is Signature.VERIFIED


def test_the_payload_may_be_spelt_in_another_way(signer: Signer) -> None:
    statement = a_statement(actor=agent("ada") | {"name": "Ада Лавлейс 🎓" * 20})
    spelt = json.dumps(dict(reversed(statement.items())), indent=4).encode()
    plain = json.dumps(statement | {"attachments": []}, ensure_ascii=False).encode()
    jws = certified(spelt, signer)
    assert check_signature(jws, plain, UUID(ID), V1, PATH) is Signature.VERIFIED


def test_a_statement_without_id_has_the_one_under_which_it_is_sent(signer: Signer) -> None:
    bare = {name: value for name, value in SENT.items() if name != "id"}
    assert check(certified(SIGNED, signer), bare) is Signature.VERIFIED
    other = SIGNED | {"id": "9f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10"}
    assert '"id"' in refused(certified(other, signer), bare)


def test_ids_are_compared_without_case(signer: Signer) -> None:
    assert check(certified(SIGNED | {"id": ID.upper()}, signer)) is Signature.VERIFIED


@both_versions
@pytest.mark.parametrize(
    "other", ["9f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10", 1, None, [ID], 1e300, {"id": ID}]
)
def test_another_id_is_refused(signer: Signer, version: Version, other: object) -> None:
    message = refused(certified(SIGNED | {"id": other}, signer), version=version)
    assert '"id"' in message


def test_an_id_that_is_no_finite_number_is_refused(signer: Signer) -> None:
    payload = text(SIGNED).replace(text(ID), b"1e99999", 1)
    assert '"id"' in refused(certified(payload, signer))


@both_versions
@pytest.mark.parametrize(
    ("name", "value"),
    [("actor", agent("eve")), ("verb", verb("failed")), ("object", activity("other")),
     ("object", a_substatement()), ("result", {"score": {"raw": 8}, "success": True}),
     ("result", {"score": {"raw": "7"}, "success": True}), ("context", {}),
     ("context", {"registration": ID, "extensions": {"http://example.org/x": 1}})],
)  # fmt: skip
def test_the_property_that_differs_is_named(
    signer: Signer, version: Version, name: str, value: object
) -> None:
    forged = certified(SIGNED | {name: value}, signer)
    assert f'differ in "{name}"' in refused(forged, version=version)
    honest = certified(SIGNED, signer)
    assert f'differ in "{name}"' in refused(honest, SENT | {name: value}, version)


@both_versions
@pytest.mark.parametrize("name", ["actor", "verb", "object", "result", "context"])
def test_a_property_on_one_side_only_differs(signer: Signer, version: Version, name: str) -> None:
    less = {other: value for other, value in SIGNED.items() if other != name}
    assert f'differ in "{name}"' in refused(certified(less, signer), version=version)
    more = certified(SIGNED, signer)
    assert f'differ in "{name}"' in refused(more, less, version)


def test_what_the_payload_has_beside_a_statement_differs(signer: Signer) -> None:
    assert 'differ in "Actor"' in refused(certified(SIGNED | {"Actor": 1}, signer))
    assert "xxx…" in refused(certified(SIGNED | {"x" * 10_000: 1}, signer))
    assert r'differ in "\u001b' in refused(certified(SIGNED | {"\x1b[2J": 1}, signer))


def test_a_batch_is_no_payload(signer: Signer) -> None:
    assert "no JSON object but an array" in refused(certified([SIGNED], signer))


def test_timestamps_are_compared_by_the_version(signer: Signer) -> None:
    elsewhere = certified(SIGNED | {"timestamp": "2026-03-01T13:00:00.000+01:00"}, signer)
    assert check(elsewhere, version=V1) is Signature.VERIFIED
    later = certified(SIGNED | {"timestamp": "2026-03-01T12:00:01Z"}, signer)
    assert 'differ in "timestamp"' in refused(later, version=V1)
    assert check(later, version=V2) is Signature.VERIFIED


@both_versions
def test_durations_may_differ_below_a_hundredth_of_a_second(
    signer: Signer, version: Version
) -> None:
    sent = a_statement(result={"duration": "PT1.239S"})
    same = certified(a_statement(result={"duration": "PT1.23S"}), signer)
    assert check(same, sent, version) is Signature.VERIFIED
    other = certified(a_statement(result={"duration": "PT1.24S"}), signer)
    assert 'differ in "result"' in refused(other, sent, version)


# Forgeries


def test_another_payload_under_the_same_signature_is_refused(signer: Signer) -> None:
    header, _, signature = certified(SIGNED, signer).split(b".")
    better = SIGNED | {"result": {"score": {"raw": 10}, "success": True}}
    forged = b".".join((header, base64url(text(better)), signature))
    assert "x5c[0]" in refused(forged, better | {"attachments": [ATTACHMENT]})


def test_the_same_payload_in_another_spelling_is_another_payload(signer: Signer) -> None:
    header, _, signature = certified(SIGNED, signer).split(b".")
    spaced = b".".join((header, base64url(text(SIGNED) + b" "), signature))
    assert "x5c[0]" in refused(spaced)


def test_another_header_over_the_same_signature_is_refused(signer: Signer) -> None:
    _, payload, signature = certified(SIGNED, signer).split(b".")
    for algorithm in ("RS384", "RS512"):
        header = text({"alg": algorithm} | x5c(signer.certificate))
        assert "x5c[0]" in refused(b".".join((base64url(header), payload, signature)))


@pytest.mark.parametrize("place", [0, 1, 127, 254, 255])
def test_a_changed_signature_is_refused(signer: Signer, place: int) -> None:
    content, _, signature = certified(SIGNED, signer).rpartition(b".")
    changed = bytearray(base64.urlsafe_b64decode(signature + b"=="))
    changed[place] ^= 1
    assert "x5c[0]" in refused(content + b"." + base64url(bytes(changed)))


@pytest.mark.parametrize(
    "change",
    [lambda it: it[:-1], lambda it: it[1:], lambda it: it + b"\0", lambda it: b"\0" + it,
     lambda _: b"\0", lambda _: b"\0" * 256, lambda _: b"\xff" * 256],
    ids=["end cut", "start cut", "longer", "zero in front", "one byte", "zeros", "ones"],
)  # fmt: skip
def test_a_signature_of_another_length_or_value_is_refused(
    signer: Signer, change: Callable[[bytes], bytes]
) -> None:
    content, _, signature = certified(SIGNED, signer).rpartition(b".")
    changed = change(base64.urlsafe_b64decode(signature + b"=="))
    assert "x5c[0]" in refused(content + b"." + base64url(bytes(changed)))


def test_the_certificate_of_another_key_is_refused(signer: Signer, forger: Signer) -> None:
    assert "x5c[0]" in refused(signed(SIGNED, forger, **x5c(signer.certificate)))


def test_a_certificate_that_was_changed_is_still_only_its_key(
    signer: Signer, forger: Signer
) -> None:
    # Anybody can issue a certificate of a key; only its holder can sign.
    borrowed = forger.certify(signer.key.public_key())
    assert check(signed(SIGNED, signer, **x5c(borrowed))) is Signature.VERIFIED
    assert "x5c[0]" in refused(signed(SIGNED, forger, **x5c(borrowed)))


def public_key(signer: Signer, encoding: Encoding) -> bytes:
    return signer.key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_secret_to_sign_with(signer: Signer, algorithm: str) -> None:
    header = base64url(text({"alg": algorithm} | x5c(signer.certificate)))
    content = header + b"." + base64url(text(SIGNED))
    secrets = [public_key(signer, Encoding.PEM), public_key(signer, Encoding.DER)]
    for secret in (*secrets, signer.certificate):
        mac = hmac.digest(secret, content, f"sha{algorithm[2:]}")
        assert f'not "{algorithm}"' in refused(content + b"." + base64url(mac))


@pytest.mark.parametrize("signature", [b"", b"AA"])
def test_no_algorithm_is_no_signature(signer: Signer, signature: bytes) -> None:
    for header in ({"alg": "none"}, {"alg": "none"} | x5c(signer.certificate)):
        jws = b".".join((base64url(text(header)), base64url(text(SIGNED)), signature))
        assert 'not "none"' in refused(jws)


@pytest.mark.parametrize(
    ("algorithm", "shown"),
    [("None", '"None"'), ("rs256", '"rs256"'), ("RS256 ", '"RS256 "'), ("RS1", '"RS1"'),
     ("PS256", '"PS256"'), ("ES256", '"ES256"'), ("EdDSA", '"EdDSA"'), ("", '""'),
     (None, "null"), (256, "256"), (["RS256"], "an array"), ({"RS256": 1}, "an object"),
     ("x" * 10_000, "xxx…")],
    ids=str,
)  # fmt: skip
def test_any_other_algorithm_is_refused_and_named(
    signer: Signer, algorithm: object, shown: str
) -> None:
    message = refused(certified(SIGNED, signer, alg=algorithm))
    assert message.startswith("must have RS256, RS384 or RS512 as its `alg`, not ")
    assert shown in message


def test_a_header_without_algorithm_is_refused(signer: Signer) -> None:
    assert "there is none" in refused(token(b'{"Alg":"RS256"}', text(SIGNED), signer))


@pytest.mark.parametrize(
    ("name", "more"),
    [("crit", {"crit": ["exp"], "exp": 1}), ("crit", {"crit": ["x5c"]}), ("crit", {"crit": []}),
     ("crit", {"crit": 1}), ("crit", {"crit": "b64"}), ("crit", {"crit": ["b64"], "b64": False}),
     ("crit", {"crit": ["b64"], "b64": True}), ("b64", {"b64": False}), ("zip", {"zip": "DEF"})],
    ids=str,
)  # fmt: skip
def test_what_changes_the_reading_of_a_token_is_refused(
    signer: Signer, name: str, more: Json
) -> None:
    assert f"has '{name}' in its header" in refused(certified(SIGNED, signer, **more))
    assert f"has '{name}' in its header" in refused(signed(SIGNED, signer, **more))


def test_a_payload_that_is_not_encoded_is_refused() -> None:
    header = base64url(text({"alg": "RS256", "b64": False, "crit": ["b64"]}))
    assert "has 'crit'" in refused(header + b"." + b"payload" + b".AA")


# Keys come from x5c alone


def jwk(signer: Signer) -> Json:
    numbers = signer.key.public_key().public_numbers()
    modulus = base64url(numbers.n.to_bytes(256, "big")).decode()
    return {"kty": "RSA", "n": modulus, "e": "AQAB"}


def test_no_key_is_taken_from_elsewhere(signer: Signer, forger: Signer) -> None:
    named = {
        "jwk": jwk(forger),
        "jku": "http://lrs.invalid/keys",
        "x5u": "http://lrs.invalid/certificate",
        "kid": "forger",
        "x5t": "AA",
        "x5t#S256": "AA",
    }
    assert check(signed(SIGNED, forger, **named)) is Signature.UNVERIFIED
    assert check(certified(SIGNED, signer, **named)) is Signature.VERIFIED
    assert "x5c[0]" in refused(signed(SIGNED, forger, **x5c(signer.certificate), **named))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "kid", "x5t", "typ", "cty", "unknown"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "x", "file:///etc/passwd"], ids=str)
def test_what_is_not_used_of_a_header_may_be_anything(
    signer: Signer, name: str, value: object
) -> None:
    assert check(signed(SIGNED, signer, **{name: value})) is Signature.UNVERIFIED
    assert check(certified(SIGNED, signer, **{name: value})) is Signature.VERIFIED
