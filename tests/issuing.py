"""An issuer of tokens for tests: its keys, what it publishes, and the tokens that it gives."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from signing import base64url

AUDIENCE = "https://lrs.example.org"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
Json = dict[str, Any]

_REGISTRY = JWSRegistry(algorithms=list(JWSRegistry.algorithms))


@cache
def key(kind: str, number: int = 0) -> Key:
    """Return a private key; those of other numbers are others."""
    assert number >= 0
    if kind == "RSA":
        return RSAKey.generate_key(2048)
    return OKPKey.generate_key("Ed25519") if kind == "Ed25519" else ECKey.generate_key(kind)


def published(private: Key, name: str | None, **members: Any) -> Json:
    """Return what an issuer publishes of a key."""
    named = {} if name is None else {"kid": name}
    return {**private.as_dict(private=False), **named, "use": "sig", **members}


def jwks(*keys: Json) -> bytes:
    return json.dumps({"keys": keys}).encode()


def signed(header: Json | bytes, payload: Json | bytes, private: Key, method: str) -> str:
    """Return a JWT; texts in place of objects are taken as they are."""
    parts = [
        base64url(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, payload)
    ]
    text = b".".join(parts)
    signature = _REGISTRY.algorithms[method].sign(text, private)
    return (text + b"." + base64url(signature)).decode()


def claims(issuer: str, now: float | None = None, **other: Any) -> Json:
    """Return the claims of a good token; those given as None are left out."""
    issued = int(time.time() if now is None else now)
    usual = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": "service-account-moodle",
        "azp": "moodle",
        "iat": issued,
        "exp": issued + 300,
    }
    return {name: value for name, value in {**usual, **other}.items() if value is not None}


@dataclass
class StandInIssuer:
    """What an issuer answers on a port of this machine, and how often it was asked.

    Attributes:
        answers: bodies by path; what is not there is answered 404.
    """

    address: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def publish(self, *keys: Json) -> None:
        metadata = {"issuer": self.address, "jwks_uri": self.address + KEYS}
        self.answers = {DISCOVERY: json.dumps(metadata).encode(), KEYS: jwks(*keys)}

    def token(self, kind: str = "RSA", method: str = "RS256", **other: Any) -> str:
        header = {"alg": method, "kid": kind, "typ": "at+jwt"}
        return signed(header, claims(self.address, **other), key(kind), method)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        self.asked[path] += 1
        body = self.answers.get(path)
        status = 404 if body is None else self.status
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body or b'')}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def issuing() -> AsyncIterator[StandInIssuer]:
    """An issuer that publishes an RSA, two EC and an Ed25519 key."""
    issuer = StandInIssuer()
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    issuer.publish(*(published(key(kind), kind) for kind in ("RSA", "P-256", "P-384", "Ed25519")))
    async with server:
        yield issuer
