"""Users of SCIM: persons whom an identity provider or an HR system makes, changes and gives up."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from lrs.auth.audit import Action
from lrs.people.scim_bodies import scim_errors
from lrs.people.scim_patches import UserPatch, patch_user, read_id
from lrs.people.scim_resources import ScimUser
from lrs.people.scim_searches import Selection
from lrs.people.scim_users import KeptUser, Said, said_by, user_of
from lrs.services.erased_people import ErasedPeople
from lrs.services.scim_requests import Asking, check_match, require_unlimited, sight_of
from lrs.services.scim_writes import Writing, told_by, write_user
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.erasures import refuse_being_erased
from lrs.storage.people import NewPerson, create_person
from lrs.storage.person_writing import delete_person, writing_people
from lrs.storage.scim_users import (
    find_adoptable,
    find_scim_users,
    get_scim_user,
    give_up_user,
    root_of,
)
from lrs.storage.transactions import Transaction
from lrs.xapi.keys import ifi_key

# Makes of a User, in place, what is wanted; tells whether it is another one then.
_Edit = Callable[[ScimUser], tuple[ScimUser, bool]]


class FoundUsers(NamedTuple):
    """How many there are, and those on the page."""

    total: int
    users: Sequence[ScimUser]


class ScimUsersService:
    """Makes, finds, changes and gives up Users of a principal's store."""

    def __init__(self, database: Database, erased: ErasedPeople) -> None:
        self._database = database
        self._erased = erased

    async def get(self, asking: Asking, user: str) -> ScimUser:
        """Return a User.

        Raises:
            ForbiddenError: the principal may see some people only.
            PersonNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with self._database.primary() as connection:
            return user_of(await _get(connection, asking, user), asking.base)

    async def find(self, asking: Asking, selection: Selection) -> FoundUsers:
        """Return the Users that are selected.

        Raises:
            ForbiddenError: the principal may see some people only.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with self._database.primary() as connection:
            sight = await sight_of(connection, asking.principal)
            total, kept = await find_scim_users(connection, sight, selection)
        return FoundUsers(total, [user_of(each, asking.base) for each in kept])

    async def create(self, asking: Asking, user: ScimUser) -> ScimUser:
        """Make a User: of the person whom the mail addresses lead to, or of a new one.

        Raises:
            ForbiddenError: the principal may see some people only.
            ErasedPersonError: a mail address is of somebody who was erased.
            InvalidScimError: a value is none of its attribute.
            PersonConflictError: the user name or a mail address is another's; both are named.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        said = said_by(user)
        async with writing_people(self._database, asking.store) as connection:
            await self._erased.require_no_person(connection, asking.store, said.mailboxes)
            keys = [ifi_key(each) for each in said.mailboxes]
            adopted = await find_adoptable(connection, asking.store, keys)
            new = told_by(said)
            person = adopted or await create_person(connection, asking.store, new)
            writing = await _writing(connection, asking, person)
            before = None if adopted else _as_made(new, said)
            await write_user(writing, before, said)
            action = Action.PERSON_CHANGED if adopted else Action.PERSON_MADE
            kept = await _get(connection, asking, str(person))
            await append_record(connection, asking.store, asking.event(action, person))
        return user_of(kept, asking.base)

    async def replace(self, asking: Asking, user: str, wanted: ScimUser) -> ScimUser:
        """Have a User be what is said now, and nothing else.

        Raises:
            ForbiddenError: the principal may see some people only.
            InvalidScimError: a value is none of its attribute.
            PersonNotFoundError: there is no such User.
            PersonConflictError: the user name or a mail address is another's; both are named.
            PreconditionFailedError: somebody else has changed the User.
            UnavailableError: the database cannot be reached.
        """

        def edit(before: ScimUser) -> tuple[ScimUser, bool]:
            with scim_errors():
                return wanted, wanted.replace(before)

        return await self._change(asking, user, edit)

    async def patch(self, asking: Asking, user: str, patch: UserPatch) -> ScimUser:
        """Change a User by operations; see `replace` for what is raised."""

        def edit(before: ScimUser) -> tuple[ScimUser, bool]:
            after = before.model_copy(deep=True)
            return after, patch_user(patch, after)

        return await self._change(asking, user, edit)

    async def delete(self, asking: Asking, user: str) -> None:
        """Give up a User and all that is kept of the person, but for their statements.

        A User who was merged into another is only no User any more: the person stays.

        Raises:
            ForbiddenError: the principal may see some people only.
            PersonNotFoundError: there is no such User.
            PreconditionFailedError: somebody else has changed the User.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with writing_people(self._database, asking.store) as connection:
            kept = await _get(connection, asking, user)
            check_match(asking, kept.version)
            if await root_of(connection, asking.store, kept.id) == kept.id:
                await delete_person(connection, asking.store, kept.id)
            else:
                await give_up_user(connection, asking.store, kept.id)
            event = asking.event(Action.PERSON_DELETED, kept.id)
            await append_record(connection, asking.store, event)

    async def _change(self, asking: Asking, user: str, edit: _Edit) -> ScimUser:
        require_unlimited(asking.principal)
        async with writing_people(self._database, asking.store) as connection:
            kept = await _get(connection, asking, user)
            check_match(asking, kept.version)
            before = user_of(kept, asking.base)
            # Many operations take a while, in which other requests go on.
            after, is_other = await asyncio.to_thread(edit, before)
            if not is_other:
                return before
            writing = await _writing(connection, asking, kept.id)
            said = said_by(after)
            await self._erased.require_no_person(connection, asking.store, said.mailboxes)
            changed = await write_user(writing, said_by(before), said)
            changed_user = await _get(connection, asking, user)
            event = asking.event(Action.PERSON_CHANGED, kept.id, changed=changed)
            await append_record(connection, asking.store, event)
        return user_of(changed_user, asking.base)


async def _get(connection: Transaction, asking: Asking, user: str) -> KeptUser:
    sight = await sight_of(connection, asking.principal)
    return await get_scim_user(connection, sight, read_id(user))


async def _writing(connection: Transaction, asking: Asking, user: UUID) -> Writing:
    sight = await sight_of(connection, asking.principal)
    root = await root_of(connection, asking.store, user)
    await refuse_being_erased(connection, asking.store, [user, root])
    return Writing(connection, asking.store, user, root, sight.today, asking.caller.name)


def _as_made(new: NewPerson, said: Said) -> Said:
    """Return what a User has said of a person as far as it is kept: that is the row."""
    return Said(new.user_name or "", said.name, said.external_id, said.language, said.active)
