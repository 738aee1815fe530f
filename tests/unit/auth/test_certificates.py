"""A certificate is checked by who has the key, and by nobody else."""

import json

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from lrs.auth.certificates import CertificateKey
from lrs.errors import InvalidRequestError

SAID = {"erasure": "1", "counts": {"statements_deleted": 7}}


def test_what_was_signed_is_what_is_read() -> None:
    key = CertificateKey(b"a server key that is long enough")
    certificate = key.sign(SAID)
    assert key.verify(certificate) == SAID
    assert CertificateKey(b"a server key that is long enough").verify(f"{certificate}\n") == SAID
    outside = OKPKey.import_key(dict(key.public))
    assert json.loads(jws.deserialize_compact(certificate, outside, ["Ed25519"]).payload) == SAID
    assert not outside.is_private


@pytest.mark.parametrize("change", ["", "x", "a.b.c", "header", "payload", "signature"])
def test_what_was_not_signed_here_is_refused(change: str) -> None:
    key = CertificateKey(b"a server key that is long enough")
    other = CertificateKey(b"another server key, long enough").sign(SAID)
    parts = dict(zip(("header", "payload", "signature"), key.sign(SAID).split("."), strict=True))
    if change in parts:
        parts[change] = parts[change][:-4] + "AAAA"
        change = ".".join(parts.values())
    for wrong in (change, other):
        with pytest.raises(InvalidRequestError):
            key.verify(wrong)
