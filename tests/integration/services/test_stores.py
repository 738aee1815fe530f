"""Stores: made, set and listed, and every process hears of it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from conftest import HOME_PAGE
from lrs.auth.audit import Action, Caller, WhoKind
from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings
from lrs.auth.terms import Terms
from lrs.errors import (
    InvalidRequestError,
    StoreConflictError,
    StoreNotFoundError,
    UnknownMemberError,
)
from lrs.services.administrators import Administrator
from lrs.services.authentication import AuthenticationService
from lrs.services.credentials import (
    FIRST_STORE,
    CredentialsService,
    MadeCredential,
    WantedCredential,
)
from lrs.services.stores import StoresService
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.xapi.leniencies import Mode

SERVER_KEY = b"a key that only this installation knows"
CALLER = Caller(WhoKind.SYSTEM, "a test")


@pytest.fixture
async def own_database(empty_database: str) -> AsyncIterator[Database]:
    await upgrade(empty_database)
    opened = await open_database(DatabaseOptions(empty_database, workers=8))
    yield opened
    await opened.close()


@pytest.fixture
def service(own_database: Database) -> StoresService:
    return StoresService(own_database, StoreSettings(max_batch=500))


@pytest.fixture
def credentials(own_database: Database) -> CredentialsService:
    return CredentialsService(own_database, SERVER_KEY)


async def make_credential(
    credentials: CredentialsService, store: str = FIRST_STORE
) -> MadeCredential:
    wanted = WantedCredential(Terms(label="One", system="Moodle"))
    return await credentials.create(Administrator(CALLER, named_store=store), wanted)


async def modes(service: StoresService) -> list[tuple[str, Mode]]:
    return [(store.name, store.mode) for store in await service.list_all()]


async def audited(database: Database, action: Action) -> list[tuple[str, str]]:
    """Return the targets of an action, each with the name of its store."""
    query = text(
        "SELECT stores.name, target FROM audit_records JOIN stores ON stores.id = store"
        " WHERE action = :action ORDER BY store, number"
    )
    async with database.primary() as connection:
        return [tuple(row) for row in await connection.execute(query, {"action": action})]


async def test_stores_are_made_with_their_first_credential_and_strict(
    service: StoresService, credentials: CredentialsService
) -> None:
    assert await modes(service) == []
    for store in (FIRST_STORE, "courses", "courses"):
        await make_credential(credentials, store)
    assert await modes(service) == [(FIRST_STORE, Mode.STRICT), ("courses", Mode.STRICT)]


async def test_a_store_is_made_with_mode_and_settings(
    service: StoresService, own_database: Database
) -> None:
    await service.create(CALLER, "courses", Mode.TOLERANT, {"max_batch": 10})
    found = (await service.get("courses")).store
    assert (found.mode, found.settings) == (Mode.TOLERANT, StoreSettings(max_batch=10))
    assert found.deleting is None
    assert await audited(own_database, Action.STORE_MADE) == [("courses", "courses")]


async def test_a_name_is_taken_once(service: StoresService) -> None:
    await service.create(CALLER, "courses", Mode.STRICT, {})
    with pytest.raises(StoreConflictError, match="there is a store with the name 'courses'"):
        await service.create(CALLER, "courses", Mode.TOLERANT, {})
    assert await modes(service) == [("courses", Mode.STRICT)]


async def test_one_store_is_set_and_the_others_stay(
    service: StoresService, own_database: Database
) -> None:
    for store in ("courses", "exams"):
        await service.create(CALLER, store, Mode.STRICT, {})
    await service.change(CALLER, "courses", Mode.TOLERANT)
    assert await modes(service) == [("courses", Mode.TOLERANT), ("exams", Mode.STRICT)]
    await service.change(CALLER, "courses", Mode.STRICT)
    assert await modes(service) == [("courses", Mode.STRICT), ("exams", Mode.STRICT)]
    assert await audited(own_database, Action.STORE_CHANGED) == [("courses", "courses")] * 2


async def test_settings_change_one_by_one_and_null_clears_one(service: StoresService) -> None:
    await service.create(CALLER, "courses", Mode.TOLERANT, {"max_batch": 10, "page_size": 5})
    await service.change(CALLER, "courses", settings={"max_batch": 20})
    found = (await service.get("courses")).store
    assert (found.mode, found.settings) == (
        Mode.TOLERANT,
        StoreSettings(max_batch=20, page_size=5),
    )
    await service.change(CALLER, "courses", settings={"max_batch": None, "page_size": None})
    assert (await service.get("courses")).store.settings == AS_THE_SERVICE


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"max_batch": 501}, InvalidRequestError), ({"colour": "red"}, UnknownMemberError)],
)
async def test_a_wrong_setting_changes_nothing(
    service: StoresService,
    own_database: Database,
    changes: dict[str, object],
    error: type[Exception],
) -> None:
    await service.create(CALLER, "courses", Mode.STRICT, {"page_size": 5})
    with pytest.raises(error):
        await service.change(CALLER, "courses", Mode.TOLERANT, changes)
    found = (await service.get("courses")).store
    assert (found.mode, found.settings) == (Mode.STRICT, StoreSettings(page_size=5))
    assert await audited(own_database, Action.STORE_CHANGED) == []


async def test_who_authenticates_afterwards_has_the_new_mode_and_settings(
    service: StoresService, credentials: CredentialsService, own_database: Database
) -> None:
    made = await make_credential(credentials)
    await service.change(CALLER, FIRST_STORE, Mode.TOLERANT, {"max_batch": 7})
    authentication = AuthenticationService(own_database, SERVER_KEY, HOME_PAGE)
    principal = await authentication.authenticate(made.key, made.secret)
    assert (principal.store_name, principal.mode) == (FIRST_STORE, Mode.TOLERANT)
    assert principal.settings.max_batch == 7


async def test_an_unknown_store_cannot_be_had(service: StoresService) -> None:
    for asking in (
        service.change(CALLER, "courses", Mode.TOLERANT),
        service.get("courses"),
        service.delete(CALLER, "courses", "courses"),
    ):
        with pytest.raises(StoreNotFoundError, match="no store with the name 'courses'"):
            await asking
    with pytest.raises(StoreNotFoundError, match="no store with the name 'courses' is or was"):
        await service.deletion("courses")
    assert await modes(service) == []
