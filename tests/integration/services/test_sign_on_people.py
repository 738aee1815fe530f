"""Who signs in by the provider is the person of their account there and of their own address."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from conftest import Tenant
from lrs.auth.audit import AuditFilter, Caller, WhoKind
from lrs.auth.audit_chain import AuditRecord
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role, RoleGrant
from lrs.people.identifiers import read_identifier
from lrs.services.sign_on_people import SignOnPeople
from lrs.storage.audit import find_records
from lrs.storage.engines import Database
from lrs.storage.people import NewPerson, create_person, get_person, lock_people
from lrs.storage.person_identifiers import add_identifiers
from lrs.storage.person_identities import Identity, find_identity, person_of_user
from lrs.storage.users import NewUser, User, insert_user, replace_grants
from lrs.xapi.keys import Ifi, ifi_key

ISSUER = "https://login.example.org"
PROVIDER = Caller(WhoKind.ISSUER, ISSUER)
ADA = "ada@example.org"


def mbox(address: str = ADA) -> Ifi:
    return read_identifier(json.dumps({"mbox": f"mailto:{address}"}))


async def a_user(database: Database, tenant: Tenant, role: Role = Role.LEARNER) -> User:
    """Make somebody who comes by the provider, with a role in the store."""
    new = NewUser(uuid4(), "as kept before", ADA, ISSUER, f"sub-{uuid4().hex}")
    is_limited = role in (Role.LEARNER, Role.TEAM_LEAD)
    grant = Grant.of([json.dumps({"mbox": f"mailto:{ADA}"})] if is_limited else None, None)
    async with database.writing() as connection:
        user = await insert_user(connection, new)
        await replace_grants(connection, user.id, [RoleGrant(tenant.principal.store, role, grant)])
    return user


async def sign_in(database: Database, user: User, **claims: Any) -> None:
    said = {"name": "Ada Lovelace", "email": ADA, "email_verified": True} | claims
    await SignOnPeople(database).keep(user, said, PROVIDER)


async def person_of(database: Database, tenant: Tenant, user: User) -> Identity | None:
    store = tenant.principal.store
    async with database.primary() as connection:
        person = await person_of_user(connection, store, user.id)
        return None if person is None else await find_identity(connection, store, person)


async def a_person(database: Database, tenant: Tenant, *ifis: Ifi, name: str | None = None) -> UUID:
    store = tenant.principal.store
    async with database.writing() as connection:
        await lock_people(connection, store)
        person = await create_person(connection, store, NewPerson(name))
        await add_identifiers(connection, store, person, ifis, "api")
    return person


def account_of(user: User) -> Ifi:
    return Ifi("account", f"{ISSUER} {user.subject}")


async def last_record(connection: AsyncConnection, tenant: Tenant) -> AuditRecord:
    (record,) = await find_records(connection, tenant.principal.store, AuditFilter(), None, 1)
    return record


async def test_a_learner_is_made_a_person_of_account_address_and_its_hash(
    database: Database, tenant: Tenant
) -> None:
    user = await a_user(database, tenant)
    await sign_in(database, user)
    person = await person_of(database, tenant, user)
    assert person is not None
    assert person.name == "Ada Lovelace"
    assert {account_of(user), mbox()} < set(person.identifiers.values())
    assert "mbox_sha1sum" in {ifi.type for ifi in person.identifiers.values()}


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "no address"},
        {"email": None},
    ],
)
async def test_an_address_that_the_provider_does_not_vouch_for_is_not_used(
    database: Database, tenant: Tenant, claims: dict[str, Any]
) -> None:
    user = await a_user(database, tenant)
    await sign_in(database, user, **claims)
    person = await person_of(database, tenant, user)
    assert person is not None
    assert [*person.identifiers.values()] == [account_of(user)]


async def test_who_is_known_by_the_address_gets_the_account_and_keeps_the_name(
    database: Database, tenant: Tenant
) -> None:
    known = await a_person(database, tenant, mbox(), name="Ada King")
    user = await a_user(database, tenant)
    await sign_in(database, user)
    person = await person_of(database, tenant, user)
    assert person is not None
    assert (person.id, person.name) == (known, "Ada King")
    assert ifi_key(account_of(user)) in person.identifiers


async def test_a_contradiction_joins_nothing_and_stands_in_the_audit_log(
    database: Database, tenant: Tenant
) -> None:
    user = await a_user(database, tenant)
    by_account = await a_person(database, tenant, account_of(user))
    by_address = await a_person(database, tenant, mbox())
    await sign_in(database, user)
    assert await person_of(database, tenant, user) is None
    async with database.primary() as connection:
        owner = await find_identity(connection, tenant.principal.store, ifi_key(mbox()))
        told = await last_record(connection, tenant)
    assert owner.id == by_address
    assert (told.action, told.outcome) == ("person.changed", "refused")
    assert sorted(map(str, (by_account, by_address))) == json.loads(told.details or "{}")["persons"]


async def test_the_next_sign_in_changes_nothing_more(database: Database, tenant: Tenant) -> None:
    user = await a_user(database, tenant)
    await sign_in(database, user)
    before = await person_of(database, tenant, user)
    assert before is not None
    await sign_in(database, user, name="Somebody Else")
    assert await person_of(database, tenant, user) == before
    async with database.primary() as connection:
        kept = await get_person(connection, tenant.principal.store, before.id)
        told = await last_record(connection, tenant)
    assert kept.told.name == "Ada Lovelace"
    assert told.action == "person.made"


async def test_who_only_has_sums_is_made_no_person(database: Database, tenant: Tenant) -> None:
    user = await a_user(database, tenant, Role.ANALYST)
    await sign_in(database, user)
    assert await person_of(database, tenant, user) is None
