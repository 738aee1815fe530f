"""People act in one store and in one role at a time: never by the sum of what they were granted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from lrs.auth.audit import WhoKind
from lrs.auth.authority import authority_of_account
from lrs.auth.principals import Principal, SystemKind
from lrs.auth.restrictions import Restriction
from lrs.auth.roles import ALL_STORES, SCOPES_OF_ROLES, Role, RoleGrant
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.auth.store_settings import AS_THE_SERVICE
from lrs.services.authentication import agent_keys, restriction_of
from lrs.services.writers import NewWriter, ensure_writer
from lrs.storage.engines import Database
from lrs.storage.granted_people import keys_of_people
from lrs.storage.writers import OpenStore
from lrs.xapi.leniencies import Mode

# A person who acts is no tool, but what asks for the name of one gets this.
_SYSTEM = "people"
# Where somebody is who was granted nothing.
_NOWHERE = OpenStore(0, "", Mode.STRICT, AS_THE_SERVICE)
# Numbers of credentials are positive; those of people tell only who has a turn, and who too many.
_NUMBERS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as far as it matters to what they do."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A store and a role that somebody can act in.

    Attributes:
        people: the keys of all identifiers of those whom the role is limited to, as `with_people`
            has found them; None before that.
    """

    store: OpenStore
    granted: RoleGrant
    people: frozenset[UUID] | None = None

    @property
    def role(self) -> Role:
        """The role."""
        return self.granted.role


def choices_of(grants: Iterable[RoleGrant], stores: Sequence[OpenStore]) -> tuple[Choice, ...]:
    """Return all that somebody can act in; the role with most power comes first.

    Where a role was granted in a store and in all stores, the grant in the store holds there.

    Args:
        grants: what they were granted.
        stores: that can be entered, oldest first.
    """
    given = {(grant.role, grant.store): grant for grant in grants}
    found = []
    for role in Role:
        for store in stores:
            grant = given.get((role, store.id)) or given.get((role, ALL_STORES))
            if grant is not None:
                found.append(Choice(store, grant))
    return tuple(found)


def chosen(choices: Sequence[Choice], store: int, role: Role | None) -> Choice | None:
    """Return the choice that was made, or the first if it can be had no more."""
    for choice in choices:
        if choice.store.id == store and choice.role is role:
            return choice
    return choices[0] if choices else None


async def with_people(database: Database, choice: Choice) -> Choice:
    """Find whom a choice is limited to: the members that teams have today, by all identifiers.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    grant = choice.granted.grant
    if not grant.is_of_some:
        return choice
    named = agent_keys(grant.agents or ())
    async with database.primary() as connection:
        found = await keys_of_people(connection, choice.store.id, named, grant.teams or ())
    return replace(choice, people=found)


def principal_of_person(
    person: Person,
    choice: Choice | None,
    home_page: str,
    scopes: Scopes | None = None,
    kind: WhoKind = WhoKind.USER,
) -> Principal:
    """Return somebody as they act.

    Args:
        person: who it is.
        choice: where and as what, with people; None is in no store, with no rights.
        home_page: the IRL under which their id is the name of an account.
        scopes: which of the role's they use; None is all of them.
        kind: by what they were found good.
    """
    authority = authority_of_account(home_page, str(person.id), person.name)
    store, used, restriction = _NOWHERE, Scopes(), Restriction(agents=frozenset())
    if choice is not None:
        store, used = choice.store, SCOPES_OF_ROLES[choice.role]
        used = used if scopes is None else used & with_implied(scopes)
        # Who may write may read all, so nothing is cut to what is "mine".
        mine = Restriction(authority.key, frozenset())
        restriction = restriction_of(choice.granted.grant, used, mine)
        if choice.people is not None:
            restriction = replace(restriction, agents=choice.people)
    return Principal(
        store=store.id,
        store_name=store.name,
        mode=store.mode,
        credential=-1 - person.id.int % _NUMBERS,
        key=str(person.id),
        label=person.name,
        system=_SYSTEM,
        system_kind=SystemKind.OTHER,
        authority=authority,
        scopes=used,
        restriction=restriction,
        settings=store.settings,
        frozen=store.frozen,
        user=person.id,
        role=choice.role if choice else None,
        kind=kind,
    )


async def as_writer(database: Database, principal: Principal) -> Principal:
    """Return somebody with what their statements are kept as brought by, if they may write.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    if not principal.may(Scope.STATEMENTS_WRITE):
        return principal
    new = NewWriter("user", principal.key, principal.label, _SYSTEM, principal.authority)
    writer = await ensure_writer(database, principal.store, new)
    return replace(principal, credential=writer.number)
