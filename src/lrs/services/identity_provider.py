"""Speaks to the identity provider that people sign in by (OpenID Connect Core 3.1)."""

import asyncio
import base64
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode

import httpx
import msgspec

from lrs.auth.bearer_tokens import read_token
from lrs.auth.claim_roles import ClaimRole
from lrs.auth.id_tokens import Claims, IdTokenRules, checked_id_token
from lrs.errors import SignInError, UnauthenticatedError, UnavailableError
from lrs.services.issuers import FetchError, Issuer, fetch

_log = logging.getLogger(__name__)

_SECONDS_OF_A_REQUEST = 10.0
_UNCONFIRMED = "the identity provider did not confirm who you are: begin again"


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """How the provider is reached, and what it decides.

    Attributes:
        issuer: the provider, to the letter.
        client: this service, as the provider calls it.
        client_secret: None for a client that has none.
        scopes: that are asked for, with spaces between them.
        callback: the address that the provider sends browsers back to.
        claim: the one that gives roles; None gives none.
        roles: that its values give.
    """

    issuer: str
    client: str
    client_secret: str | None
    scopes: str
    callback: str
    claim: str | None = None
    roles: tuple[ClaimRole, ...] = ()


class Secrets(msgspec.Struct, frozen=True):
    """What one sign-in is told from all others by.

    Attributes:
        state: comes back with the browser.
        nonce: comes back in the ID token.
        verifier: shows that who redeems the code has asked for it (RFC 7636).
    """

    state: str
    nonce: str
    verifier: str

    @classmethod
    def made(cls) -> Self:
        """Make them at random."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class _Metadata(msgspec.Struct):
    """Of what the provider says of itself (OpenID Connect Discovery 3), what is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(
        default_factory=lambda: ["client_secret_basic"]
    )


class _Tokens(msgspec.Struct):
    """What the provider gives for a code."""

    id_token: str
    access_token: str


class IdentityProvider:
    """The provider, and what is known of it."""

    def __init__(
        self, options: ProviderOptions, issuer: Issuer, clock: Callable[[], float]
    ) -> None:
        self.options = options
        self._issuer = issuer
        self._clock = clock
        self._client = httpx.AsyncClient(headers={"Accept": "application/json"})
        self._metadata: _Metadata | None = None

    async def address(self, begun: Secrets) -> str:
        """Return where a browser signs in.

        Raises:
            UnavailableError: the provider cannot be reached.
        """
        metadata = await self._discovered()
        challenge = hashlib.sha256(begun.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.options.client,
            "redirect_uri": self.options.callback,
            "scope": self.options.scopes,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"

    async def confirmed(self, begun: Secrets, code: str) -> Claims:
        """Return what the provider says of who has signed in.

        Raises:
            SignInError: it does not confirm it, or not so that it can be relied on.
            UnavailableError: it cannot be reached.
        """
        metadata = await self._discovered()
        tokens = await self._redeemed(metadata, begun, code)
        try:
            token = read_token(tokens.id_token)
            keys = await self._issuer.keys_for(token.key)
            rules = IdTokenRules(self.options.issuer, self.options.client)
            claims = checked_id_token(token, keys, rules, begun.nonce, self._clock())
        except UnauthenticatedError as error:
            raise SignInError(error.detail) from error
        more = await self._user_info(metadata, tokens.access_token)
        if more and more.get("sub") != claims.get("sub"):
            raise SignInError("the provider speaks of two people")
        return {**more, **claims}

    async def close(self) -> None:
        """End what is going on."""
        await self._issuer.close()
        await self._client.aclose()

    async def _redeemed(self, metadata: _Metadata, begun: Secrets, code: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.options.callback,
            "code_verifier": begun.verifier,
        }
        client, secret = self.options.client, self.options.client_secret
        basic = None
        if secret is None:
            form["client_id"] = client
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749 2.3.1: both as in a form.
            basic = httpx.BasicAuth(quote(client, safe=""), quote(secret, safe=""))
        else:
            form |= {"client_id": client, "client_secret": secret}
        asked = self._client.build_request("POST", metadata.token_endpoint, data=form)
        try:
            return msgspec.json.decode(await self._answer(asked, basic), type=_Tokens)
        except msgspec.DecodeError as error:
            raise SignInError(_UNCONFIRMED) from error

    async def _user_info(self, metadata: _Metadata, access_token: str) -> Claims:
        """Return what many providers leave out of ID tokens."""
        if metadata.userinfo_endpoint is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        asked = self._client.build_request("GET", metadata.userinfo_endpoint, headers=headers)
        try:
            return msgspec.json.decode(await self._answer(asked), type=dict[str, object])
        except msgspec.DecodeError as error:
            raise SignInError(_UNCONFIRMED) from error

    async def _answer(self, asked: httpx.Request, auth: httpx.BasicAuth | None = None) -> bytes:
        try:
            async with asyncio.timeout(_SECONDS_OF_A_REQUEST):
                answer = await self._client.send(asked, auth=auth, follow_redirects=False)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnavailableError("the identity provider cannot be reached") from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise UnavailableError("the identity provider has failed")
        if answer.status_code != httpx.codes.OK:
            _log.info("the identity provider has answered %d", answer.status_code)
            raise SignInError(_UNCONFIRMED)
        return answer.content

    async def _discovered(self) -> _Metadata:
        if self._metadata is not None:
            return self._metadata
        address = self.options.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        try:
            async with asyncio.timeout(_SECONDS_OF_A_REQUEST):
                text = await fetch(self._client, address)
            metadata = msgspec.json.decode(text, type=_Metadata)
        except (FetchError, TimeoutError, msgspec.DecodeError) as error:
            raise UnavailableError("the identity provider cannot be reached") from error
        if metadata.issuer != self.options.issuer:
            raise UnavailableError("the identity provider says that it is another one")
        self._metadata = metadata
        return metadata
