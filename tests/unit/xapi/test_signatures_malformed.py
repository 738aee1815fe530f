"""Tokens, headers and certificates that are none are refused with a reason, whatever they are."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import Json, a_statement
from lrs.errors import InvalidStatementError
from lrs.xapi.signatures import Signature
from signing import (
    SENT,
    SIGNED,
    Signer,
    base64url,
    certified,
    check,
    refused,
    signed,
    text,
    token,
    x5c,
)

# What is no JWS


@pytest.mark.parametrize(
    ("jws", "reason"),
    [(b"", "parts here are 1"), (b"hello", "parts here are 1"), (b"a.b", "parts here are 2"),
     (b"a.b.c.d", "parts here are 4"), (b"a.b.c.d.e", "parts here are 5"),
     (b"%PDF-1.7...", "parts here are 5"), (b"." * 10_000_000, "parts here are 10000001"),
     (b"..", "empty header"), (b".e30.AA", "empty header"),
     (b"\xff.\xfe.\xfd", "no Base64"), (b"\0.\0.\0", "no Base64"),
     (b"\xc3\xa9.e30.AA", "no Base64"),
     (b"\xef\xbb\xbfe30.e30.AA", "no Base64"), (b"e30=.e30.AA", "no Base64"),
     (b"e3 0.e30.AA", "no Base64"), (b"e3\n0.e30.AA", "no Base64"), (b"e+0.e30.AA", "no Base64"),
     (b"e.e30.AA", "no Base64"), (b"\n", "white space"), (b" e30.e30.AA", "white space"),
     (b"e30.e30.AA\n", "white space"), (b"e30.e30.AA\r\n", "white space")],
)  # fmt: skip
def test_what_is_no_token_is_refused_with_the_reason(jws: bytes, reason: str) -> None:
    assert reason in refused(jws)


def test_white_space_around_a_good_token_is_refused(signer: Signer) -> None:
    assert "white space" in refused(certified(SIGNED, signer) + b"\n")


@pytest.mark.parametrize("space", ["", "\n "])
def test_json_serialisation_is_refused(signer: Signer, space: str) -> None:
    header, payload, signature = (part.decode() for part in certified(SIGNED, signer).split(b"."))
    flat = {"protected": header, "payload": payload, "signature": signature}
    several = {"payload": payload, "signatures": [{"protected": header, "signature": signature}]}
    for serialised in (flat, several):
        assert "compact serialisation" in refused(
            space.encode() + text(serialised) + space.encode()
        )


@pytest.mark.parametrize(("place", "name"), list(enumerate(("header", "payload", "signature"))))
def test_every_part_must_be_there_and_be_base64(signer: Signer, place: int, name: str) -> None:
    parts = certified(SIGNED, signer).split(b".")
    for bad, reason in ((b"", "an empty"), (b"!", "no Base64"), (parts[place] + b"=", "no Base64")):
        with_bad = [*parts[:place], bad, *parts[place + 1 :]]
        message = refused(b".".join(with_bad))
        assert reason in message
        assert name in message


NO_OBJECT: dict[str, tuple[bytes, str]] = {
    "an array": (b"[]", "is no JSON object but an empty array"),
    "a text": (b'"RS256"', 'is no JSON object but "RS256"'),
    "null": (b"null", "is no JSON object but null"),
    "a number": (b"1e5", "is no JSON object but 1E+5"),
    "no JSON": (b"alg: RS256", "is not valid JSON"),
    "cut off": (b'{"alg":', "is not valid JSON"),
    "rubbish behind": (b"{}{}", "is not valid JSON"),
    "NaN": (b'{"alg":NaN}', "is not valid JSON: NaN at line 1 column 8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "no UTF-8": (b'{"alg":"\xff"}', "is not valid UTF-8"),
    "UTF-16": ('{"alg":"RS256"}'.encode("utf-16"), "is not valid UTF-8"),
    "a name twice": (b'{"alg":"none","alg":"RS256"}', '.alg: the property "alg" comes twice'),
    "NUL": (b'{"alg":"\\u0000"}', ".alg: contains a NUL character"),
    "a huge number": (b'{"a":1' + b"0" * 5_000 + b"}", ".a: is a number of more than"),
    "deep": (b'{"a":' * 8_000 + b"1" + b"}" * 8_000, "is nested deeper than 64 levels"),
    "deep without end": (b"[" * 50_000, "is nested deeper than 64 levels"),
    "many flaws": (b'{"a":[' + b'{"a":1,"a":1},' * 3_000 + b"1]}", ".a[0].a: the property"),
}


@pytest.mark.requirement("XAPI-00116")
@pytest.mark.parametrize(("content", "reason"), NO_OBJECT.values(), ids=NO_OBJECT.keys())
def test_header_and_payload_must_be_json_objects(
    signer: Signer, content: bytes, reason: str
) -> None:
    for jws, name in (
        (token(content, text(SIGNED), signer), "header"),
        (certified(content, signer), "payload"),
    ):
        message = refused(jws)
        assert reason in message
        assert name in message


# What is no certificate


def in_header(chain: object, signer: Signer) -> bytes:
    return signed(SIGNED, signer, x5c=chain)


@pytest.mark.parametrize(
    "chain", [None, [], "", "MII", {}, {"0": "MII"}, 1, True, ["MII"] * 11, ["MII"] * 10_000],
    ids=lambda it: str(it)[:20],
)  # fmt: skip
def test_x5c_must_be_an_array_of_one_to_ten(signer: Signer, chain: object) -> None:
    assert "must have 1 to 10 certificates in an array" in refused(in_header(chain, signer))


BAD_TEXTS: dict[str, Callable[[bytes], object]] = {
    "nothing": lambda _: "",
    "null": lambda _: None,
    "a number": lambda _: 1,
    "an array": lambda it: [base64.b64encode(it).decode()],
    "no Base64": lambda _: "!!!!",
    "no certificate": lambda _: "aGVsbG8=",
    "not ASCII": lambda _: "é" * 4,
    "Base64 for URLs": lambda it: base64.urlsafe_b64encode(it[:-2] + b"\xff\xff").decode(),
    "no padding": lambda it: base64.b64encode(it + b"\0" * (3 - len(it) % 3 + 1)).decode()[:-1],
    "lines": lambda it: base64.encodebytes(it).decode(),
    "PEM": lambda it: f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(it).decode()}",
    "cut off": lambda it: base64.b64encode(it[:-1]).decode(),
    "something behind": lambda it: base64.b64encode(it + b"\0").decode(),
    "twice": lambda it: base64.b64encode(it + it).decode(),
    "an unknown version": lambda it: base64.b64encode(
        it.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07")
    ).decode(),
}


@pytest.mark.parametrize("bad", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_what_is_no_certificate_is_refused_with_its_place(
    signer: Signer, bad: Callable[[bytes], object]
) -> None:
    good = base64.b64encode(signer.certificate).decode()
    wrong = bad(signer.certificate)
    for place, chain in enumerate(([wrong, good], [good, wrong], [good, good, wrong])):
        assert refused(in_header(chain, signer)).endswith(f"x5c[{place}]")


def key_of(modulus: int, exponent: int = 65_537) -> RSAPublicKey:
    return RSAPublicNumbers(exponent, modulus).public_key()


def test_a_key_that_is_not_of_rsa_is_refused(signer: Signer) -> None:
    for key in (new_ec_key(SECP256R1()).public_key(), Ed25519PrivateKey.generate().public_key()):
        jws = signed(SIGNED, signer, **x5c(signer.certify(key)))
        assert "has a key that is not of RSA" in refused(jws)


def test_a_key_of_an_unknown_kind_is_refused(signer: Signer) -> None:
    # The key's own algorithm, rsaEncryption, stands before the key; that of the issuer is another.
    rsa = bytes.fromhex("06092a864886f70d010101")
    assert signer.certificate.count(rsa) == 1
    for other in ("06092a864886f70d01014f", "06092a864886f70d010107"):
        changed = signer.certificate.replace(rsa, bytes.fromhex(other))
        jws = signed(SIGNED, signer, **x5c(changed))
        assert "has a key that cannot be read" in refused(jws)


@pytest.mark.parametrize("bits", [256, 512, 1_016, 1_023, 16_385, 65_536])
def test_a_key_that_is_too_small_or_too_large_is_refused(signer: Signer, bits: int) -> None:
    certificate = signer.certify(key_of(1 << bits - 1 | 1))
    message = refused(signed(SIGNED, signer, **x5c(certificate)))
    assert f"has a key of {bits} bits" in message
    assert "1024 to 16384" in message


def test_a_large_exponent_is_refused(signer: Signer) -> None:
    modulus = 1 << 3_071 | 1
    largest = signer.certify(key_of(modulus, (1 << 64) - 1))
    assert "was not made with the key" in refused(signed(SIGNED, signer, **x5c(largest)))
    larger = signer.certify(key_of(modulus, (1 << 64) + 1))
    assert "exponent has more than 64 bits" in refused(signed(SIGNED, signer, **x5c(larger)))


# What is too much


def test_ten_certificates_of_the_largest_keys_fit(signer: Signer) -> None:
    large = signer.certify(key_of(1 << 16_383 | 1))
    jws = signed(SIGNED, signer, **x5c(signer.certificate, *[large] * 9))
    assert check(jws) is Signature.VERIFIED


def test_parts_that_are_too_large_are_refused_unread(signer: Signer) -> None:
    header, payload, signature = certified(SIGNED, signer).split(b".")
    large = b"A" * 10_000_000
    for parts, name in (
        ((large, payload, signature), "header"),
        ((header, large, signature), "payload"),
        ((header, payload, large), "signature"),
        ((header, payload, b"A" * 2_732), "signature"),
    ):
        assert f"has a {name} of {max(map(len, parts))} bytes" in refused(b".".join(parts))


def test_a_payload_may_be_as_large_as_its_statement(signer: Signer) -> None:
    large = a_statement(result={"response": "x" * 4_194_000})
    jws = certified(large, signer)
    assert check(jws, large) is Signature.VERIFIED
    assert "has a payload of" in refused(jws, SENT)


def test_a_payload_of_more_than_six_mebibytes_is_refused(signer: Signer) -> None:
    large = a_statement(result={"response": "x" * 5_000_000})
    assert "it may have 6291456" in refused(certified(large, signer), large)


# Whatever comes


def outcome(jws: bytes) -> Signature | None:
    """Return what becomes of a signature; None if it is refused."""
    try:
        return check(jws)
    except InvalidStatementError:
        return None


@given(st.binary(max_size=400) | st.lists(st.binary(max_size=40), min_size=3).map(b".".join))
@example(b"e30.e30.AA")
def test_any_bytes_are_refused(jws: bytes) -> None:
    refused(jws)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_NAMES = st.sampled_from(["alg", "x5c", "crit", "b64", "zip", "jwk", "jku", "kid", "x5t"])
_PROPERTIES = st.sampled_from([*SENT, "stored", "Actor"])


@settings(max_examples=40)
@given(header=st.dictionaries(_NAMES, _JSON), payload=st.dictionaries(_PROPERTIES, _JSON))
def test_any_header_and_payload_are_never_verified(header: Json, payload: Json) -> None:
    parts = (text({"alg": "RS256"} | header), text(SIGNED | payload), b"signature")
    assert outcome(b".".join(map(base64url, parts))) is not Signature.VERIFIED


@st.composite
def changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw some bytes to be written over others, put in, or taken out."""
    places = st.floats(0, 1, exclude_max=True)
    change = st.tuples(places, st.integers(0, 2), st.binary(max_size=3))
    several = draw(st.lists(change, min_size=1, max_size=4))

    def changed(content: bytes) -> bytes:
        for share, taken, put in several:
            place = int(share * len(content))
            content = content[:place] + put + content[place + taken :]
        return content

    return changed


@given(change=changes())
def test_a_token_that_was_changed_anywhere_is_never_verified(
    signer: Signer, change: Callable[[bytes], bytes]
) -> None:
    good = certified(SIGNED, signer)
    changed = change(good)
    assert (outcome(changed) is Signature.VERIFIED) is (changed == good)


@given(change=changes())
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_certificate_that_was_changed_anywhere_is_no_failure(
    signer: Signer, change: Callable[[bytes], bytes]
) -> None:
    # It is verified where the change is not in the key.
    jws = signed(SIGNED, signer, **x5c(change(signer.certificate)))
    assert outcome(jws) is not Signature.UNVERIFIED
