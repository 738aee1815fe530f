"""Pseudonyms: an account in the place of an identifier, which nobody can make without the key.

The name of the account is an HMAC of the identifier, so the same person always gets the same one,
and who knows all mail addresses of a company still cannot tell whose it is. What leads back is
sealed with another key, derived from the same one.
"""

import base64
import hmac
import json
import os
import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lrs.people.erasures import anonymous_home_page
from lrs.people.identifiers import account, account_parts, identifier_members
from lrs.xapi.actors import Group
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.uuids import is_uuid

# Bytes of a key, and of the nonce that stands before what is sealed (NIST SP 800-38D, 5.2.1.1).
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TYPES: Final = ("mbox", "mbox_sha1sum", "openid", "account")
# 256 bits in the alphabet of RFC 4648, section 6, in small letters.
_NAME: Final = re.compile(r"[a-z2-7]{52}")


class Pseudonyms:
    """Those of one store.

    Attributes:
        home_page: of the accounts.
        fingerprint: tells one key from another, and nothing of it.
    """

    def __init__(self, key: bytes, home_page: str) -> None:
        """Make them; `home_page` is the one under which this LRS names accounts."""
        self._naming = _derived(key, "names")
        self._sealing = AESGCM(_derived(key, "seals"))
        self.home_page = f"{home_page.rstrip('/')}/pseudonyms"
        self._of_nobody = anonymous_home_page(home_page)
        self.fingerprint = _derived(key, "fingerprint").hex()[:32]

    def of(self, ifi: Ifi) -> Ifi:
        """Return the pseudonym of an identifier; that of a pseudonym is itself."""
        if self.is_one(ifi):
            return ifi
        digest = hmac.digest(self._naming, ifi_key(ifi).bytes, "sha256")
        return account(self.home_page, base64.b32encode(digest).decode().rstrip("=").lower())

    def is_one(self, ifi: Ifi) -> bool:
        """Tell whether an identifier names nobody: a pseudonym, or an anonymous Agent's."""
        if ifi.type != "account":
            return False
        home_page, name = account_parts(ifi)
        if home_page == self._of_nobody:
            return is_uuid(name)
        return home_page == self.home_page and _NAME.fullmatch(name) is not None

    def named(self, name: str) -> Ifi:
        """Return the pseudonym whose account has this name."""
        return account(self.home_page, name)

    def values(self, text: str) -> tuple[str, ...]:
        """Return what the pseudonyms are whose identifier is written so, of whatever type it is."""
        found = [self.of(Ifi(kind, text)).value for kind in _TYPES]
        return tuple(dict.fromkeys(found))

    def agent(self, text: str) -> str:
        """Return an Agent or Group, as JSON text, with its pseudonym and nothing else.

        Raises:
            InvalidRequestError: it is none, or an anonymous Group.
        """
        agent = read_agent(text)
        if agent.ifi is None:
            return text
        kind = "Group" if isinstance(agent, Group) else "Agent"
        said = {"objectType": kind, **identifier_members(self.of(agent.ifi))}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    def seal(self, ifi: Ifi, random: Callable[[int], bytes] = os.urandom) -> bytes:
        """Return an identifier, closed up for the one pseudonym that is its own."""
        nonce = random(_NONCE_BYTES)
        said = f"{ifi.type}\n{ifi.value}".encode()
        return nonce + self._sealing.encrypt(nonce, said, ifi_key(self.of(ifi)).bytes)

    def unseal(self, pseudonym: UUID, sealed: bytes) -> Ifi | None:
        """Return what was sealed for the pseudonym of this key; None if this was not."""
        nonce, closed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            said = self._sealing.decrypt(nonce, closed, pseudonym.bytes).decode()
        except InvalidTag:
            return None
        kind, _, value = said.partition("\n")
        return Ifi(kind, value)


def _derived(key: bytes, purpose: str) -> bytes:
    """Return a key for one purpose (RFC 5869)."""
    info = f"lrs pseudonyms {purpose}".encode()
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key)
