"""Makes, once, what statements are kept as brought by when nobody shows a credential.

A statement carries the number of a credential. Who comes by a token of an issuer, or is a person,
has none; so a row stands for each, made when it is first needed, with a secret that nobody knows.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass

from lrs.auth.authority import Authority
from lrs.auth.principals import SystemKind
from lrs.auth.scopes import Scopes
from lrs.errors import CredentialConflictError
from lrs.storage.credentials import NewCredential, insert_credential
from lrs.storage.engines import Database
from lrs.storage.writers import Writer, find_writer


@dataclass(frozen=True, slots=True)
class NewWriter:
    """Who writes without a credential.

    Attributes:
        kind: `issuer` or `user`.
        name: what tells it from all others of its kind in the store; it is not kept as it is.
        label: what people call it.
        system: the tool, such as "Moodle".
    """

    kind: str
    name: str
    label: str
    system: str
    authority: Authority


def key_of(store: int, writer: NewWriter) -> str:
    """Return the key of the row, which no credential can have: theirs hold no colon."""
    digest = hashlib.sha256(f"{store} {writer.name}".encode()).hexdigest()
    return f"{writer.kind}:{digest}"


async def ensure_writer(database: Database, store: int, writer: NewWriter) -> Writer:
    """Return the row of a writer, which is made if it is not there.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    key = key_of(store, writer)
    async with database.primary() as connection:
        found = await find_writer(connection, key)
    if found is not None:
        return found
    with suppress(CredentialConflictError):  # another process has made it meanwhile
        await _make(database, store, key, writer)
    async with database.primary() as connection:
        made = await find_writer(connection, key)
    if made is None:
        raise RuntimeError(f"the row {key} was made and is not there")
    return made


async def _make(database: Database, store: int, key: str, writer: NewWriter) -> None:
    new = NewCredential(
        key=key,
        secret_mac=secrets.token_bytes(32),
        label=writer.label,
        system=writer.system,
        system_kind=SystemKind.OTHER,
        scopes=Scopes(),
        authority=writer.authority.text.decode(),
        authority_key=writer.authority.key,
        kind=writer.kind,
    )
    async with database.writing() as connection:
        await insert_credential(connection, store, new)
