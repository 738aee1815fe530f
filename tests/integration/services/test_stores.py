"""Stores are strict until somebody says otherwise, and every process hears of it."""

from collections.abc import AsyncIterator

import pytest

from conftest import HOME_PAGE
from lrs.errors import StoreNotFoundError
from lrs.services.authentication import AuthenticationService
from lrs.services.credentials import FIRST_STORE, CredentialsService
from lrs.services.stores import StoresService
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.xapi.leniencies import Mode

SERVER_KEY = b"a key that only this installation knows"


@pytest.fixture
async def own_database(empty_database: str) -> AsyncIterator[Database]:
    await upgrade(empty_database)
    opened = await open_database(DatabaseOptions(empty_database, workers=8))
    yield opened
    await opened.close()


@pytest.fixture
def service(own_database: Database) -> StoresService:
    return StoresService(own_database)


@pytest.fixture
def credentials(own_database: Database) -> CredentialsService:
    return CredentialsService(own_database, SERVER_KEY)


async def modes(service: StoresService) -> list[tuple[str, Mode]]:
    return [(store.name, store.mode) for store in await service.list_all()]


async def test_stores_are_made_with_their_first_credential_and_strict(
    service: StoresService, credentials: CredentialsService
) -> None:
    assert await modes(service) == []
    for store in (FIRST_STORE, "courses", "courses"):
        await credentials.create("One", "Moodle", store=store)
    assert await modes(service) == [(FIRST_STORE, Mode.STRICT), ("courses", Mode.STRICT)]


async def test_a_credential_is_of_the_first_store_unless_it_names_another(
    credentials: CredentialsService,
) -> None:
    await credentials.create("One", "Moodle")
    await credentials.create("Two", "Moodle", store="courses")
    names = [each.store_name for each in await credentials.list_all()]
    assert names == [FIRST_STORE, "courses"]


async def test_one_store_is_set_and_the_others_stay(
    service: StoresService, credentials: CredentialsService
) -> None:
    for store in ("courses", "exams"):
        await credentials.create("One", "Moodle", store=store)
    await service.set_mode("courses", Mode.TOLERANT)
    assert await modes(service) == [("courses", Mode.TOLERANT), ("exams", Mode.STRICT)]
    await service.set_mode("courses", Mode.STRICT)
    assert await modes(service) == [("courses", Mode.STRICT), ("exams", Mode.STRICT)]


async def test_who_authenticates_afterwards_has_the_new_mode(
    service: StoresService, credentials: CredentialsService, own_database: Database
) -> None:
    made = await credentials.create("One", "Moodle")
    await service.set_mode(FIRST_STORE, Mode.TOLERANT)
    authentication = AuthenticationService(own_database, SERVER_KEY, HOME_PAGE)
    principal = await authentication.authenticate(made.key, made.secret)
    assert (principal.store_name, principal.mode) == (FIRST_STORE, Mode.TOLERANT)


async def test_an_unknown_store_cannot_be_set(service: StoresService) -> None:
    with pytest.raises(StoreNotFoundError, match="no store with the name 'courses'"):
        await service.set_mode("courses", Mode.TOLERANT)
    assert await modes(service) == []
