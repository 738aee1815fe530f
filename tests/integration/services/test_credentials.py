"""Credentials are made once, shown once, and taken back for good."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from conftest import HOME_PAGE
from lrs.auth.audit import Caller, WhoKind
from lrs.auth.principals import SystemKind
from lrs.auth.secrets import mac
from lrs.auth.terms import Terms
from lrs.errors import (
    CredentialConflictError,
    CredentialNotFoundError,
    QuotaExceededError,
    UnauthenticatedError,
)
from lrs.services.administrators import Administrator
from lrs.services.authentication import AuthenticationService
from lrs.services.credentials import MOST_OF_A_STORE, CredentialsService, WantedCredential
from lrs.storage.credentials import list_valid_credentials
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade

SERVER_KEY = b"a key that only this installation knows"
OPERATOR = Administrator(Caller(WhoKind.SYSTEM, "a test"))


def wanted(
    label: str = "One", key: str | None = None, secret: str | None = None
) -> WantedCredential:
    return WantedCredential(
        Terms(label=label, system="Moodle", system_kind=SystemKind.LMS), key=key, secret=secret
    )


@pytest.fixture
async def own_database(empty_database: str) -> AsyncIterator[Database]:
    await upgrade(empty_database)
    opened = await open_database(DatabaseOptions(empty_database, workers=8))
    yield opened
    await opened.close()


@pytest.fixture
def service(own_database: Database) -> CredentialsService:
    return CredentialsService(own_database, SERVER_KEY)


async def test_a_made_credential_lets_its_system_in(
    service: CredentialsService, own_database: Database
) -> None:
    made = await service.create(OPERATOR, wanted("Nightly sync"))

    principal = await AuthenticationService(own_database, SERVER_KEY, HOME_PAGE).authenticate(
        made.key, made.secret
    )

    assert (principal.label, principal.system) == ("Nightly sync", "Moodle")
    assert principal.system_kind is SystemKind.LMS


async def test_the_secret_is_kept_as_a_keyed_hash_only(service: CredentialsService) -> None:
    made = await service.create(OPERATOR, wanted(secret="open sesame"))
    (kept,) = await service.list_all(OPERATOR)
    assert kept.secret_mac == mac(SERVER_KEY, made.secret)
    assert made.secret.encode() not in kept.secret_mac


async def test_a_key_that_is_taken_is_refused(service: CredentialsService) -> None:
    await service.create(OPERATOR, wanted(key="moodle"))
    with pytest.raises(CredentialConflictError, match="'moodle' is taken"):
        await service.create(OPERATOR, wanted("Other", key="moodle"))
    assert [each.label for each in await service.list_all(OPERATOR)] == ["One"]


async def test_a_store_has_so_many_good_credentials_at_most(
    service: CredentialsService, own_database: Database
) -> None:
    first = await service.create(OPERATOR, wanted())
    others = """
        INSERT INTO credentials (store, key, secret_mac, label, system, system_kind, scopes)
        SELECT store, 'key ' || number, secret_mac, label, system, system_kind, scopes
        FROM credentials, generate_series(2, $1::int) AS number
    """
    async with own_database.writing() as connection:
        await connection.exec_driver_sql(others, (MOST_OF_A_STORE,))
    with pytest.raises(QuotaExceededError):
        await service.create(OPERATOR, wanted())
    await service.create(replace(OPERATOR, named_store="other"), wanted())
    await service.revoke(OPERATOR, first.key)
    await service.create(OPERATOR, wanted())


async def test_what_credentials_share_is_held_once(
    service: CredentialsService, own_database: Database
) -> None:
    shared = replace(wanted(), authority='{"mbox": "mailto:lms@example.org"}')
    for _ in range(3):
        await service.create(OPERATOR, shared)
    alone = await service.create(OPERATOR, wanted())
    async with own_database.primary() as connection:
        *sharing, other = await list_valid_credentials(connection)
    assert len({id(each.same_authority) for each in sharing}) == 1
    assert sharing[0].same_authority == {each.id for each in sharing}
    assert other.same_authority == {alone.kept.id}


async def test_a_revoked_credential_stays_in_the_list_and_lets_nobody_in(
    service: CredentialsService, own_database: Database
) -> None:
    made = await service.create(OPERATOR, wanted())
    await service.revoke(OPERATOR, made.key)

    (kept,) = await service.list_all(OPERATOR)
    assert kept.revoked is not None
    with pytest.raises(UnauthenticatedError):
        await AuthenticationService(own_database, SERVER_KEY, HOME_PAGE).authenticate(
            made.key, made.secret
        )
    with pytest.raises(CredentialNotFoundError):
        await service.revoke(OPERATOR, made.key)


async def test_of_many_who_start_at_once_one_makes_the_first_credential(
    service: CredentialsService,
) -> None:
    made = await asyncio.gather(*(service.ensure_first() for _ in range(6)))
    assert len([each for each in made if each is not None]) == 1
    assert len(await service.list_all(OPERATOR)) == 1


async def test_a_given_first_credential_is_made_beside_others_and_once(
    service: CredentialsService,
) -> None:
    await service.create(OPERATOR, wanted("Other"))
    made = [await service.ensure_first("ada", "open sesame") for _ in range(2)]
    assert made[0] is not None
    assert made[1] is None
