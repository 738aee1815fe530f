"""Tokens that people make for their scripts: with an end, and with no more rights than they have.

Each request looks its token up, so one that is revoked is good no more with the next request.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.api_tokens import PREFIX, ApiToken
from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.principals import Principal
from lrs.auth.roles import SCOPES_OF_ROLES
from lrs.auth.scopes import Scopes
from lrs.auth.secrets import is_same, mac, new_secret
from lrs.errors import ForbiddenError, UnauthenticatedError
from lrs.services.acting import (
    Choice,
    Person,
    as_writer,
    choices_of,
    principal_of_person,
    with_people,
)
from lrs.storage.api_tokens import (
    NewApiToken,
    find_valid_api_token,
    get_api_token,
    insert_api_token,
    list_api_tokens,
    revoke_api_token,
)
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.sessions import list_open_stores
from lrs.storage.users import grants_of

_TOKEN = re.compile(rf"{PREFIX}([0-9a-f]{{32}})_([A-Za-z0-9_-]{{43}})")
_REFUSED = "the token is wrong, revoked or over"


@dataclass(frozen=True, slots=True)
class WantedToken:
    """What a token is to be.

    Attributes:
        scopes: some of its role's; None is all of them.
    """

    label: str
    scopes: Scopes | None
    valid: timedelta


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; its text is never shown again."""

    text: str
    token: ApiToken


class ApiTokensService:
    """Makes, finds, lists and revokes the tokens of people."""

    def __init__(self, database: Database, server_key: bytes, home_page: str) -> None:
        self._database = database
        self._server_key = server_key
        self._home_page = home_page

    async def create(
        self, caller: Caller, user: UUID, choice: Choice, wanted: WantedToken
    ) -> MadeToken:
        """Make a token of somebody that acts in one store and one role.

        Raises:
            ForbiddenError: it would have a scope that the role does not have.
            UnavailableError: the database cannot be reached.
        """
        held = SCOPES_OF_ROLES[choice.role]
        scopes = held if wanted.scopes is None else wanted.scopes
        if lacking := sorted(scopes - held):
            raise ForbiddenError(f"the role has no scope {', '.join(lacking)}", lacking)
        token, secret = uuid7(), new_secret()
        new = NewApiToken(
            id=token,
            user=user,
            store=choice.store.id,
            role=choice.role,
            label=wanted.label,
            secret_mac=mac(self._server_key, secret),
            scopes=scopes,
            valid=wanted.valid,
        )
        async with self._database.writing() as connection:
            await insert_api_token(connection, new)
            made = await get_api_token(connection, user, token)
            details = {"scopes": sorted(scopes), "role": choice.role.value}
            event = AuditEvent(caller, Action.API_TOKEN_MADE, str(token), details=details)
            await append_record(connection, choice.store.id, event)
        return MadeToken(f"{PREFIX}{token.hex}_{secret}", made)

    async def authenticate(self, text: str) -> Principal:
        """Return who shows a token, as they act with it.

        Raises:
            UnauthenticatedError: it is not good, or what it was made for is not granted any more.
            UnavailableError: the database cannot be reached.
        """
        token, secret = _parts(text)
        async with self._database.primary() as connection:
            found = await find_valid_api_token(connection, token)
            shown = mac(self._server_key, secret)
            # An unknown one takes as long as a wrong secret.
            is_right = is_same(shown, found.secret_mac if found else b"")
            if found is None or not is_right:
                raise UnauthenticatedError(_REFUSED)
            granted = (await grants_of(connection, [found.user]))[found.user]
            stores = await list_open_stores(connection)
        for choice in choices_of(granted, stores):
            if (choice.store.id, choice.role) == (found.store, found.role):
                acting = self._principal(found, await with_people(self._database, choice))
                return await as_writer(self._database, acting)
        raise UnauthenticatedError("the role that the token was made for was taken back")

    def _principal(self, token: ApiToken, choice: Choice) -> Principal:
        person = Person(token.user, token.user_name)
        return principal_of_person(person, choice, self._home_page, token.scopes, WhoKind.TOKEN)

    async def list(self, user: UUID) -> Sequence[ApiToken]:
        """Return the tokens of somebody, revoked ones too, oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_api_tokens(connection, user)

    async def get(self, user: UUID, token: UUID) -> ApiToken:
        """Return a token of somebody.

        Raises:
            ApiTokenNotFoundError: they have none with this id.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await get_api_token(connection, user, token)

    async def revoke(self, caller: Caller, user: UUID, token: UUID) -> None:
        """Revoke a token of somebody, for good.

        Raises:
            ApiTokenNotFoundError: they have none with this id that is not revoked yet.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            revoked = await revoke_api_token(connection, user, token)
            event = AuditEvent(caller, Action.API_TOKEN_REVOKED, str(token))
            await append_record(connection, revoked.store, event)


def _parts(text: str) -> tuple[UUID, str]:
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise UnauthenticatedError(_REFUSED)
    return UUID(hex=match[1]), match[2]
