"""Passwords: the delays after wrong ones, and the links that set them."""

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from conftest import SERVER_KEY
from lrs.auth.audit import Caller, WhoKind
from lrs.auth.passwords import hash_password
from lrs.auth.roles import Role
from lrs.errors import InvalidRequestError, SignInError, TooManyRequestsError
from lrs.services.audit import AuditService
from lrs.services.local_accounts import Addresses, LocalAccountsService
from lrs.storage.engines import Database
from lrs.storage.local_accounts import begin_attempt, set_password_hash
from people import ASKING, PASSWORD, Someone, a_browser, as_role, make_someone, signed_in

SOMEBODY = Caller(WhoKind.NOBODY, "-", "192.0.2.7")
NEW = "another four words in a row"


@pytest.fixture
async def someone(database: Database) -> Someone:
    return await make_someone(database, as_role(Role.ANALYST))


@pytest.fixture
def accounts(database: Database) -> LocalAccountsService:
    return service(database)


def service(database: Database) -> LocalAccountsService:
    """The service of a process of its own."""
    return LocalAccountsService(database, SERVER_KEY.encode(), AuditService(database))


async def failures_of(database: Database, someone: Someone) -> int:
    async with database.primary() as connection:
        sql = "SELECT failures FROM users WHERE id = $1"
        return int((await connection.exec_driver_sql(sql, (someone.id,))).scalar_one())


async def set_failures(database: Database, someone: Someone, failures: int) -> None:
    async with database.primary() as connection:
        sql = "UPDATE users SET failures = $2 WHERE id = $1"
        await connection.exec_driver_sql(sql, (someone.id, failures))


async def let_time_pass(database: Database, someone: Someone) -> None:
    sql = "UPDATE users SET locked_until = now() WHERE id = $1"
    async with database.primary() as connection:
        await connection.exec_driver_sql(sql, (someone.id,))


async def fail(accounts: LocalAccountsService, someone: Someone) -> None:
    with pytest.raises(SignInError):
        await accounts.check(someone.email, "wrong, and of no use", SOMEBODY)


async def test_after_five_wrong_ones_each_further_one_waits_twice_as_long(
    database: Database, someone: Someone
) -> None:
    sql = (
        "UPDATE users SET locked_until = now() WHERE id = $1"
        " RETURNING (SELECT extract(epoch FROM before.locked_until - now())"
        " FROM users before WHERE before.id = users.id)"
    )
    waits = []
    # Within one transaction no time passes.
    async with database.writing() as connection:
        for _ in range(15):
            assert await begin_attempt(connection, someone.email)
            seconds = (await connection.exec_driver_sql(sql, (someone.id,))).scalar_one()
            waits.append(None if seconds is None else int(seconds))
    assert waits == [None] * 4 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_while_it_waits_the_right_password_is_not_looked_at(
    database: Database, accounts: LocalAccountsService, someone: Someone
) -> None:
    await set_failures(database, someone, 10)
    await fail(accounts, someone)
    with pytest.raises(SignInError):
        await accounts.check(someone.email, PASSWORD, SOMEBODY)
    assert await failures_of(database, someone) == 11
    await let_time_pass(database, someone)
    assert (await accounts.check(someone.email, PASSWORD, SOMEBODY)).id == someone.id
    assert await failures_of(database, someone) == 0


async def test_of_many_tries_at_once_no_more_are_looked_at_than_one_after_another(
    database: Database, someone: Someone
) -> None:
    await set_failures(database, someone, 10)
    processes = [service(database) for _ in range(4)]
    tries = [
        each.check(someone.email, f"guess number {number}", SOMEBODY)
        for number in range(4)
        for each in processes
    ]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(answer, SignInError) for answer in answers)
    assert await failures_of(database, someone) == 11


async def test_a_password_that_is_replaced_while_it_is_looked_at_is_good_no_more(
    accounts: LocalAccountsService, database: Database, someone: Someone
) -> None:
    await accounts._dummy_hash()
    newer = hash_password(NEW)
    async with accounts._hashing._place(), accounts._hashing._place():
        signing_in = asyncio.create_task(accounts.check(someone.email, PASSWORD, SOMEBODY))
        while not await failures_of(database, someone):  # noqa: ASYNC110 - the database tells
            await asyncio.sleep(0.01)
        async with database.writing() as connection:
            await set_password_hash(connection, someone.id, newer)
    with pytest.raises(SignInError):
        await signing_in
    assert (await accounts.check(someone.email, NEW, SOMEBODY)).id == someone.id


async def test_an_unknown_address_takes_the_same_steps_as_a_wrong_password(
    database: Database, someone: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    _watch(monkeypatch, taken, database, "writing", "primary")

    async def steps(email: str) -> list[str]:
        accounts = service(database)
        await accounts._dummy_hash()
        _watch(monkeypatch, taken, accounts._hashing, "is_right", "hash")
        taken.clear()
        with pytest.raises(SignInError):
            await accounts.check(email, "wrong, and of no use", SOMEBODY)
        return [*taken]

    known, unknown = await steps(someone.email), await steps("nobody@example.org")
    assert known == unknown == ["writing", "is_right"]


def _watch(monkeypatch: pytest.MonkeyPatch, taken: list[str], watched: object, *names: str) -> None:
    """Note each call of these methods, which go on to do what they do."""
    for name in names:
        original: Any = getattr(watched, name)

        def noting(*values: Any, name: str = name, original: Any = original) -> Any:
            taken.append(name)
            return original(*values)

        monkeypatch.setattr(watched, name, noting)


async def test_an_address_of_a_client_that_guesses_must_wait_whoever_it_guesses_at() -> None:
    now = 0.0
    addresses = Addresses(clock=lambda: now)
    for _ in range(20):
        addresses.check("192.0.2.7")
        addresses.add_failure("192.0.2.7")
    with pytest.raises(TooManyRequestsError) as refused:
        addresses.check("192.0.2.7")
    assert refused.value.retry_after == 3
    addresses.check("192.0.2.8")
    now = 2.0
    addresses.check("192.0.2.7")
    now = 2_000.0
    addresses.add_failure("192.0.2.7")
    addresses.check("192.0.2.7")


async def test_over_http_a_client_that_guesses_is_told_to_wait(app: FastAPI) -> None:
    for _ in range(40):
        app.state.services.local_accounts._addresses.add_failure("192.0.2.99")
    body = {"email": "nobody@example.org", "password": "a guess"}
    async with a_browser(app, "192.0.2.99") as browser, a_browser(app, "192.0.2.98") as other:
        refused = await browser.post("/api/v1/session", json=body)
        assert (await other.post("/api/v1/session", json=body)).status_code == 401
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900


async def test_a_password_of_older_parameters_is_hashed_anew(
    database: Database, accounts: LocalAccountsService, someone: Someone
) -> None:
    older = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    async with database.writing() as connection:
        await set_password_hash(connection, someone.id, older)
    await accounts.check(someone.email, PASSWORD, SOMEBODY)
    sql = "SELECT password_hash FROM users WHERE id = $1"
    async with database.primary() as connection:
        kept = (await connection.exec_driver_sql(sql, (someone.id,))).scalar_one()
    assert kept.split("$")[:4] == hash_password(PASSWORD).split("$")[:4]
    await accounts.check(someone.email, PASSWORD, SOMEBODY)


class TestLinks:
    async def _link(self, app: FastAPI, someone: Someone) -> str:
        return str((await app.state.services.users.make_set_up_link(ASKING, someone.id)).token)

    async def test_a_link_sets_a_password_once(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        assert await accounts.email_of_link(token) == someone.email
        await accounts.set_password(token, NEW, SOMEBODY)
        assert (await accounts.check(someone.email, NEW, SOMEBODY)).id == someone.id
        with pytest.raises(SignInError):
            await accounts.set_password(token, PASSWORD, SOMEBODY)
        with pytest.raises(SignInError):
            await accounts.check(someone.email, PASSWORD, SOMEBODY)

    async def test_of_two_who_use_it_at_once_one_is_refused(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        tries = [accounts.set_password(token, f"{NEW} {n}", SOMEBODY) for n in range(2)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "SignInError"]

    async def test_a_newer_link_takes_the_place_of_an_older_one(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        older, newer = await self._link(app, someone), await self._link(app, someone)
        with pytest.raises(SignInError):
            await accounts.email_of_link(older)
        assert await accounts.email_of_link(newer) == someone.email

    async def test_a_link_ends_after_a_day(
        self, app: FastAPI, database: Database, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        async with database.primary() as connection:
            sql = (
                "UPDATE set_up_links SET expires = expires - interval '24 hours'"
                ' WHERE "user" = $1 RETURNING expires <= now()'
            )
            ended = (await connection.exec_driver_sql(sql, (someone.id,))).scalar_one()
        assert ended
        with pytest.raises(SignInError):
            await accounts.email_of_link(token)

    async def test_a_weak_password_leaves_the_link_good(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        with pytest.raises(InvalidRequestError):
            await accounts.set_password(token, someone.email, SOMEBODY)
        await accounts.set_password(token, NEW, SOMEBODY)

    async def test_a_new_password_signs_out_whoever_is_in(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        async with signed_in(app, someone) as browser:
            await accounts.set_password(token, NEW, SOMEBODY)
            assert (await browser.get("/api/v1/session")).status_code == 401

    async def test_who_is_kept_out_cannot_use_one(
        self, app: FastAPI, accounts: LocalAccountsService, someone: Someone
    ) -> None:
        token = await self._link(app, someone)
        await app.state.services.users.change(ASKING, someone.id, disabled=True)
        with pytest.raises(SignInError):
            await accounts.set_password(token, NEW, SOMEBODY)
