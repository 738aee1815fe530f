"""Fetches what an issuer of tokens publishes: where its keys are, and the keys.

Keys are fetched when they are first needed, and again after some minutes. A token that names a key
that is not known has them fetched at once, but not more often than every `BETWEEN_FETCHES` seconds,
however many such tokens come. While the issuer is away, its keys go on to be good for a while.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from lrs.auth.signing_keys import InvalidKeysError, SigningKeys, read_keys
from lrs.errors import UnavailableError

_log = logging.getLogger(__name__)

# Seconds after which keys are fetched again, between two fetches, and after which keys that could
# not be fetched again are good no longer.
FRESH_FOR: Final = 300.0
BETWEEN_FETCHES: Final = 30.0
TRUSTED_FOR: Final = 3_600.0
_SECONDS_OF_A_FETCH: Final = 10.0
_MOST_BYTES: Final = 1024 * 1024
_DISCOVERY: Final = "/.well-known/openid-configuration"
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
# Packed answers could be much larger than they look.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class FetchError(Exception):
    """An issuer did not answer as it should."""


class _Metadata(msgspec.Struct):
    """Of what an issuer says of itself (OpenID Connect Discovery 3), what is needed."""

    issuer: str
    jwks_uri: str


class Issuer:
    """An issuer of tokens, and its keys as far as they are known."""

    def __init__(
        self,
        address: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._client = httpx.AsyncClient(transport=transport, headers=_HEADERS)
        self._clock = clock
        self._keys = SigningKeys()
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def keys_for(self, name: str | None) -> SigningKeys:
        """Return the keys of the issuer, fetched anew if none has this name.

        Raises:
            UnavailableError: they are needed, and cannot be had.
        """
        if self._age() > TRUSTED_FOR or not self._keys.has(name):
            await self._fetched()
            if self._age() > TRUSTED_FOR or self._has_failed():
                raise UnavailableError("the keys of the issuer of tokens cannot be fetched")
        elif self._age() > FRESH_FOR:
            self._begin()
        return self._keys

    async def close(self) -> None:
        """End what is going on."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._client.aclose()

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _has_failed(self) -> bool:
        """Tell whether the last fetch has: then a key may be there that is not known."""
        return self._tried_at > self._fetched_at and not self._is_fetching()

    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    def _begin(self) -> None:
        if not self._is_fetching() and self._clock() - self._tried_at >= BETWEEN_FETCHES:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())

    async def _fetched(self) -> None:
        self._begin()
        if self._fetching is not None:
            # Who goes away does not take the keys from those who wait too.
            await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        began = self._clock()
        try:
            async with asyncio.timeout(_SECONDS_OF_A_FETCH):
                self._keys = await self._published()
        except (FetchError, InvalidKeysError, TimeoutError) as error:
            _log.warning("the keys of %s cannot be fetched: %s", self._address, error)
        else:
            self._fetched_at = began

    async def _published(self) -> SigningKeys:
        text = await fetch(self._client, self._address.removesuffix("/") + _DISCOVERY)
        try:
            metadata = msgspec.json.decode(text, type=_Metadata)
        except (msgspec.DecodeError, RecursionError) as error:
            raise FetchError("what it says of itself cannot be read") from error
        if metadata.issuer != self._address:
            raise FetchError("it says that it is another issuer")
        return read_keys(await fetch(self._client, metadata.jwks_uri))


async def fetch(client: httpx.AsyncClient, address: str) -> bytes:
    """Return what is at an address of an issuer; redirects are not followed.

    Raises:
        FetchError: it cannot be had, is too large, or its address is neither https nor loopback.
    """
    if not _is_safe(address):
        raise FetchError("an address of the issuer is neither https nor on this machine")
    text = bytearray()
    try:
        async with client.stream("GET", address, follow_redirects=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise FetchError(f"{urlsplit(address).path} is answered {answer.status_code}")
            async for part in answer.aiter_raw():
                text += part
                if len(text) > _MOST_BYTES:
                    raise FetchError(f"an answer is larger than {_MOST_BYTES} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"it cannot be reached ({type(error).__name__})") from error
    return bytes(text)


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if parts.username is not None or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
