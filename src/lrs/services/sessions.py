"""Who is signed in: by a cookie whose hash is looked up for each request.

So who signs out, or is kept out, is out everywhere with the next request, whatever process serves
it. Nothing is held in memory that could be too old.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.principals import Principal
from lrs.auth.roles import Role
from lrs.auth.secrets import is_same, mac, new_secret
from lrs.errors import ForbiddenError, ForgedRequestError, UnauthenticatedError
from lrs.services.acting import (
    Choice,
    Person,
    as_writer,
    choices_of,
    chosen,
    principal_of_person,
    with_people,
)
from lrs.storage.audit import NO_STORE, append_record
from lrs.storage.engines import Database
from lrs.storage.sessions import (
    NewSession,
    Session,
    choose,
    end_session,
    find_session,
    insert_session,
    list_open_stores,
)
from lrs.storage.users import User, grants_of

# Cookies of ours are shorter; nobody's time goes into hashing others.
_LONGEST_COOKIE = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who is signed in, as they act now.

    Attributes:
        choice: the store and the role that they act in; None if nothing was granted to them.
        choices: all that they can choose from.
    """

    session: Session
    principal: Principal
    choice: Choice | None
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class BegunSession:
    """A new session; its cookie is never shown again."""

    cookie: str
    expires: datetime


class SessionsService:
    """Begins, finds, changes and ends sessions."""

    def __init__(
        self, database: Database, server_key: bytes, home_page: str, valid: timedelta
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._home_page = home_page
        self._valid = valid

    async def begin(self, user: User, caller: Caller, replaced: str | None) -> BegunSession:
        """Sign somebody in, whoever they have shown themselves to be good by.

        Args:
            user: who it is.
            caller: from where.
            replaced: the cookie that the browser has shown, whose session ends.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        cookie = new_secret()
        async with self._database.writing() as connection:
            if replaced is not None:
                await end_session(connection, self._digest(replaced))
            granted = (await grants_of(connection, [user.id]))[user.id]
            choices = choices_of(granted, await list_open_stores(connection))
            store, role = (choices[0].store.id, choices[0].role) if choices else (NO_STORE, None)
            new = NewSession(self._digest(cookie), user.id, store, role, self._valid)
            expires = await insert_session(connection, new)
            who = replace(caller, kind=WhoKind.USER, name=str(user.id))
            await append_record(connection, store, AuditEvent(who, Action.SIGN_IN))
        return BegunSession(cookie, expires)

    async def find(self, cookie: str) -> SignedIn:
        """Return whose cookie it is, and as what they act.

        Raises:
            UnauthenticatedError: the session is over, or there never was one.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            session = await find_session(connection, self._digest(cookie))
            if session is None:
                raise UnauthenticatedError("you are not signed in, or not any more")
            granted = (await grants_of(connection, [session.user]))[session.user]
            choices = choices_of(granted, await list_open_stores(connection))
        choice = chosen(choices, session.store, session.role)
        if choice is not None:
            choice = await with_people(self._database, choice)
        person = Person(session.user, session.name)
        principal = principal_of_person(person, choice, self._home_page)
        principal = await as_writer(self._database, principal)
        return SignedIn(session, principal, choice, choices)

    async def choose(self, cookie: str, store: str | None, role: Role | None) -> SignedIn:
        """Have somebody act in another store or role; what is None stays if it can.

        Raises:
            ForbiddenError: it was not granted to them.
            UnauthenticatedError: the session is over.
            UnavailableError: the database cannot be reached.
        """
        now = await self.find(cookie)
        current = now.choice.store.name if now.choice else ""
        wanted = [
            each
            for each in now.choices
            if each.store.name == (store or current) and role in (None, each.role)
        ]
        kept = [each for each in wanted if now.choice and each.role is now.choice.role]
        if not wanted:
            raise ForbiddenError("you have not been granted this role in this store")
        choice = (kept or wanted)[0]
        async with self._database.writing() as connection:
            await choose(connection, self._digest(cookie), choice.store.id, choice.role)
        return await self.find(cookie)

    async def end(self, cookie: str, caller: Caller) -> None:
        """Sign somebody out; it is no error if they are out already.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            ended = await end_session(connection, self._digest(cookie))
            if ended is not None:
                who = replace(caller, kind=WhoKind.USER, name=str(ended.user))
                await append_record(connection, ended.store, AuditEvent(who, Action.SIGN_OUT))

    def csrf_token(self, cookie: str) -> str:
        """Return what a page of ours must send with each request that changes something."""
        return mac(self._server_key, f"csrf {cookie}").hex()

    def check_csrf_token(self, cookie: str, shown: str) -> None:
        """Refuse a request that a page of somebody else may have made.

        Raises:
            ForgedRequestError: the token is not the one of the session.
        """
        if not is_same(self.csrf_token(cookie).encode(), shown.encode(errors="replace")):
            raise ForgedRequestError(
                "send X-CSRF-Token with the `csrf_token` that GET /api/v1/session tells"
            )

    def _digest(self, cookie: str) -> bytes:
        return mac(self._server_key, f"session {cookie[:_LONGEST_COOKIE]}")
