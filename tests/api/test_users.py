"""People over HTTP: who may let whom in, and give what to whom."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.roles import ALL_STORES, Role, RoleGrant
from lrs.auth.scopes import Scope, Scopes
from lrs.errors import SignInError
from lrs.storage.engines import Database
from lrs.storage.users import lock_user, replace_grants
from people import ADA, COURSE, Someone, a_browser, as_role, make_someone, sign_in, signed_in

USERS = "http://lrs.test/api/v1/users"
MANAGING = Scopes({Scope.ADMIN, Scope.ANALYTICS_READ, Scope.AUDIT_READ})


@pytest.fixture
async def admin(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Who manages one store, and may see its sums and its audit log, and no more."""
    tenant = await make_tenant(database, scopes=MANAGING)
    async with client_of(app, tenant) as client:
        client.headers["X-Store"] = tenant.principal.store_name
        yield client
    await revoke(database, tenant)


def store_of(client: httpx.AsyncClient) -> str:
    return client.headers["X-Store"]


def a_user(*grants: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "name": "Grace",
        "email": f"{uuid4().hex}@example.org",
        "grants": list(grants),
        **members,
    }


async def made(client: httpx.AsyncClient, *grants: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(USERS, json=a_user(*grants))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def audited(database: Database, target: str) -> list[tuple[int, str, str]]:
    sql = "SELECT store, action, outcome FROM audit_records WHERE target = $1 ORDER BY at, number"
    async with database.primary() as connection:
        rows = await connection.exec_driver_sql(sql, (target,))
        return [(row.store, row.action, row.outcome) for row in rows]


class TestWithPlatform:
    async def test_somebody_is_let_in(self, client: httpx.AsyncClient, tenant: Tenant) -> None:
        store = tenant.principal.store_name
        lead = {"role": "team_lead", "store": store, "agents": [json.loads(ADA)]}
        user = await made(client, lead, {"role": "auditor"})
        assert (user["name"], user["issuer"], user["has_password"]) == ("Grace", None, False)
        given = {(each["role"], each["store"]) for each in user["grants"]}
        assert given == {("team_lead", store), ("auditor", None)}
        assert (await client.get(f"{USERS}/{user['id']}")).json() == user

    async def test_everybody_is_listed_page_by_page(
        self, client: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        grant = {"role": "analyst", "store": tenant.principal.store_name}
        known = [(await made(client, grant))["id"] for _ in range(3)]
        query: dict[str, str | int] = {"store": tenant.principal.store_name, "limit": 2}
        found: list[str] = []
        while page := (await client.get(USERS, params=query)).json()["users"]:
            assert len(page) <= 2
            found += [each["id"] for each in page]
            query["after"] = found[-1]
        # Who has a role in all stores is among them.
        assert [each for each in found if each in known] == known
        assert found == sorted(set(found))

    async def test_an_address_is_taken_once_however_it_is_written(
        self, client: httpx.AsyncClient
    ) -> None:
        user = await made(client)
        again = a_user(email=user["email"].upper())
        answer = await client.post(USERS, json=again)
        assert answer.status_code == 409, answer.text
        elsewhere = a_user(email=user["email"], issuer="https://id.example.org", subject=user["id"])
        assert (await client.post(USERS, json=elsewhere)).status_code == 201
        assert (await client.post(USERS, json=elsewhere)).status_code == 409

    @pytest.mark.parametrize(
        "members",
        [
            {"email": "nobody"},
            {"email": "a b@example.org"},
            {"name": ""},
            {"name": "a\0b"},
            {"issuer": "https://id.example.org"},
            {"subject": "1"},
            {"grants": [{"role": "emperor"}]},
            {"grants": [{"role": "learner"}]},
            {"grants": [{"role": "analyst", "agents": [json.loads(ADA)]}]},
            {"grants": [{"role": "learner", "agents": [{"name": "no identifier"}]}]},
            {"unknown": 1},
        ],
        ids=str,
    )
    async def test_what_makes_no_sense_is_refused(
        self, client: httpx.AsyncClient, members: dict[str, Any]
    ) -> None:
        assert (await client.post(USERS, json=a_user(**members))).status_code == 400

    async def test_a_store_that_is_not_there_gives_nothing(self, client: httpx.AsyncClient) -> None:
        user = a_user({"role": "analyst", "store": "no such store"})
        assert (await client.post(USERS, json=user)).status_code == 404

    async def test_grants_are_replaced(self, client: httpx.AsyncClient, tenant: Tenant) -> None:
        store = tenant.principal.store_name
        user = await made(client, {"role": "analyst", "store": store}, {"role": "auditor"})
        owner = {"role": "content_owner", "store": store, "activities": [COURSE]}
        body = {"grants": [owner]}
        changed = (await client.put(f"{USERS}/{user['id']}/grants", json=body)).json()
        assert [each["role"] for each in changed["grants"]] == ["content_owner"]

    async def test_a_set_up_link_is_good_for_a_password(
        self, app: FastAPI, client: httpx.AsyncClient
    ) -> None:
        user = await made(client)
        answer = await client.post(f"{USERS}/{user['id']}/set-up-link")
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        origin, _, token = answer.json()["url"].rpartition("/set-up/")
        assert origin == "http://lrs.test"
        assert await app.state.services.local_accounts.email_of_link(token) == user["email"]

    async def test_who_comes_by_a_provider_has_no_password(self, client: httpx.AsyncClient) -> None:
        other = a_user(issuer="https://id.example.org", subject=uuid4().hex)
        user = (await client.post(USERS, json=other)).json()
        answer = await client.post(f"{USERS}/{user['id']}/set-up-link")
        assert answer.status_code == 400

    async def test_each_change_is_recorded(
        self, client: httpx.AsyncClient, database: Database, tenant: Tenant
    ) -> None:
        store = tenant.principal.store
        user = await made(client, {"role": "analyst", "store": tenant.principal.store_name})
        one = f"{USERS}/{user['id']}"
        await client.post(f"{one}/set-up-link")
        await client.patch(one, json={"disabled": True})
        await client.put(f"{one}/grants", json={"grants": []})
        assert await audited(database, user["id"]) == [
            (store, "user.made", "done"),
            (store, "set-up-link.made", "done"),
            (store, "user.changed", "done"),
            (store, "user.grants-changed", "done"),
        ]

    async def test_what_is_recorded_of_roles_says_which(
        self, client: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        analyst = {"role": "analyst", "store": tenant.principal.store_name}
        user = await made(client, analyst)
        mightier = {"grants": [analyst, {"role": "platform_owner"}]}
        await client.put(f"{USERS}/{user['id']}/grants", json=mightier)
        assert await _details(client, user, None) == [
            {"before": [], "after": ["analyst"]},
            {"before": ["analyst"], "after": ["analyst"]},
        ]
        assert await _details(client, user, "-") == [{"before": [], "after": ["platform_owner"]}]


async def _details(client: httpx.AsyncClient, user: dict[str, Any], store: str | None) -> list[Any]:
    wanted = {"target": user["id"]} | ({"store": store} if store else {})
    found = await client.get("http://lrs.test/api/v1/audit", params=wanted)
    return [each["details"] for each in reversed(found.json()["records"])]


class TestWithAdmin:
    """Who manages one store."""

    async def test_somebody_is_let_into_the_own_store(self, admin: httpx.AsyncClient) -> None:
        grant = {"role": "analyst", "store": store_of(admin)}
        user = await made(admin, grant)
        found = (await admin.get(USERS, params={"limit": 500})).json()["users"]
        assert user["id"] in [each["id"] for each in found]
        answer = await admin.post(f"{USERS}/{user['id']}/set-up-link")
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        "grants",
        [
            [],
            [{"role": "analyst"}],
            [{"role": "platform_owner"}],
            [{"role": "analyst", "store": "of another"}],
            [{"role": "learner", "store": "own", "agents": [json.loads(ADA)]}],
        ],
        ids=["nothing", "all stores", "platform", "another store", "more than they have"],
    )
    async def test_nobody_gives_more_than_they_have(
        self, admin: httpx.AsyncClient, stranger: Tenant, grants: list[dict[str, Any]]
    ) -> None:
        names = {"own": store_of(admin), "of another": stranger.principal.store_name}
        named = [
            {**grant, **({"store": names[grant["store"]]} if "store" in grant else {})}
            for grant in grants
        ]
        answer = await admin.post(USERS, json=a_user(*named))
        assert answer.status_code == 403, answer.text

    async def test_people_of_other_stores_are_not_there(
        self, admin: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        user = await made(client, {"role": "analyst", "store": tenant.principal.store_name})
        for answer in await _all_changes(admin, user["id"]):
            assert answer.status_code == 404, answer.text
        found = (await admin.get(USERS, params={"limit": 500})).json()["users"]
        assert user["id"] not in [each["id"] for each in found]
        other = {"store": tenant.principal.store_name}
        assert (await admin.get(USERS, params=other)).status_code == 403

    async def test_who_has_more_elsewhere_cannot_be_taken_over(
        self, admin: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        own = {"role": "analyst", "store": store_of(admin)}
        user = await made(client, own, {"role": "platform_owner"})
        shown = (await admin.get(f"{USERS}/{user['id']}")).json()
        assert shown["email"] == user["email"]
        patched, link = (await _all_changes(admin, user["id"]))[1:3]
        assert (patched.status_code, link.status_code) == (403, 403)

    async def test_a_link_made_before_somebody_got_more_is_good_no_more(
        self, app: FastAPI, admin: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        user = await made(admin, {"role": "analyst", "store": store_of(admin)})
        one, accounts = f"{USERS}/{user['id']}", app.state.services.local_accounts
        token = (await admin.post(f"{one}/set-up-link")).json()["url"].rpartition("/")[2]
        assert await accounts.email_of_link(token) == user["email"]
        mighty = {"grants": [{"role": "platform_owner"}]}
        assert (await client.put(f"{one}/grants", json=mighty)).status_code == 200
        with pytest.raises(SignInError):
            await accounts.email_of_link(token)

    async def test_a_link_waits_for_whoever_gives_more_just_now(
        self, admin: httpx.AsyncClient, database: Database
    ) -> None:
        user = await made(admin, {"role": "analyst", "store": store_of(admin)})
        one = UUID(user["id"])
        async with database.writing() as connection:
            await lock_user(connection, one)
            link = asyncio.create_task(admin.post(f"{USERS}/{one}/set-up-link"))
            await asyncio.sleep(0.2)
            assert not link.done()
            await replace_grants(connection, one, [RoleGrant(ALL_STORES, Role.PLATFORM_OWNER)])
        assert (await link).status_code == 403

    async def test_grants_in_other_stores_are_neither_shown_nor_touched(
        self, admin: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        elsewhere = {"role": "auditor", "store": tenant.principal.store_name}
        user = await made(client, {"role": "analyst", "store": store_of(admin)}, elsewhere)
        one = f"{USERS}/{user['id']}"
        shown = (await admin.get(one)).json()["grants"]
        assert [each["role"] for each in shown] == ["analyst"]
        other = {"role": "auditor", "store": store_of(admin)}
        changed = await admin.put(f"{one}/grants", json={"grants": [other]})
        assert [each["store"] for each in changed.json()["grants"]] == [store_of(admin)]
        left = (await client.get(one)).json()["grants"]
        assert sorted((each["role"], each["store"]) for each in left) == sorted(
            [("auditor", store_of(admin)), ("auditor", tenant.principal.store_name)]
        )


async def _all_changes(client: httpx.AsyncClient, user: str) -> Sequence[httpx.Response]:
    one = f"{USERS}/{user}"
    return [
        await client.get(one),
        await client.patch(one, json={"name": "Mallory"}),
        await client.post(f"{one}/set-up-link"),
        await client.put(f"{one}/grants", json={"grants": []}),
    ]


async def test_without_a_right_to_manage_nobody_is_seen(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    analyst = await make_someone(database, as_role(Role.ANALYST, tenant.principal.store_name))
    async with signed_in(app, analyst) as browser:
        assert (await browser.get(USERS)).status_code == 403


class TestWhatRolesSee:
    """The restriction of a role holds on the resources of the standard too."""

    OTHER = "http://example.org/courses/2"

    async def _written(self, client: httpx.AsyncClient) -> None:
        statements = [
            {
                "actor": {"mbox": f"mailto:{name}@example.org"},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": course},
            }
            for name in ("ada", "grace")
            for course in (COURSE, self.OTHER)
        ]
        answer = await client.post("statements", json=statements)
        assert answer.status_code == 200, answer.text

    async def _seen(self, app: FastAPI, someone: Someone) -> httpx.Response:
        headers = {"X-Experience-API-Version": "1.0.3"}
        async with a_browser(app) as browser:
            await sign_in(browser, someone)
            return await browser.get("/xapi/statements", headers=headers)

    @pytest.mark.parametrize(
        ("role", "expected"),
        [(Role.LEARNER, 2), (Role.TEAM_LEAD, 2), (Role.CONTENT_OWNER, 2), (Role.PLATFORM_OWNER, 4)],
    )
    async def test_statements_are_those_of_the_grant(
        self,
        app: FastAPI,
        client: httpx.AsyncClient,
        database: Database,
        tenant: Tenant,
        role: Role,
        expected: int,
    ) -> None:
        await self._written(client)
        store = tenant.principal.store_name
        if role is Role.PLATFORM_OWNER:
            someone = await make_someone(database, as_role(role))
            async with signed_in(app, someone) as browser:
                chosen = await browser.patch("/api/v1/session", json={"store": store})
                assert chosen.status_code == 200, chosen.text
                headers = {"X-Experience-API-Version": "1.0.3"}
                answer = await browser.get("/xapi/statements", headers=headers)
        else:
            answer = await self._seen(app, await make_someone(database, as_role(role, store)))
        found = answer.json()["statements"]
        assert len(found) == expected
        if role in (Role.LEARNER, Role.TEAM_LEAD):
            assert {each["actor"]["mbox"] for each in found} == {"mailto:ada@example.org"}
        if role is Role.CONTENT_OWNER:
            assert {each["object"]["id"] for each in found} == {COURSE}

    @pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR])
    async def test_who_has_no_right_to_statements_sees_none(
        self, app: FastAPI, database: Database, tenant: Tenant, role: Role
    ) -> None:
        someone = await make_someone(database, as_role(role, tenant.principal.store_name))
        answer = await self._seen(app, someone)
        assert (answer.status_code, answer.json()["missing"]) == (
            403,
            ["statements/read", "statements/read/mine"],
        )

    async def test_a_platform_owner_may_write_and_is_named_as_who_has_written(
        self, app: FastAPI, client: httpx.AsyncClient, database: Database, tenant: Tenant
    ) -> None:
        someone = await make_someone(database, as_role(Role.PLATFORM_OWNER))
        statement = {
            "actor": {"mbox": "mailto:ada@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": COURSE},
        }
        headers = {"X-Experience-API-Version": "1.0.3"}
        async with signed_in(app, someone) as browser:
            await browser.patch("/api/v1/session", json={"store": tenant.principal.store_name})
            answer = await browser.post("/xapi/statements", json=statement, headers=headers)
        assert answer.status_code == 200, answer.text
        kept = await client.get("statements", params={"statementId": answer.json()[0]})
        assert kept.json()["authority"]["account"]["name"] == str(someone.id)
