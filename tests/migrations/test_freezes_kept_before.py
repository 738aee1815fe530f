"""Whoever is frozen, or seen by a team only, is shown to nobody by a version that does not know."""

import pytest

from lrs.storage.migrations import downgrade, upgrade
from migrations.test_credentials_kept_before import connected

BEFORE = "0012"
_FREEZE = """
    INSERT INTO person_freezes (store, id, person, by, reason)
    VALUES (1, gen_random_uuid(), gen_random_uuid(), 'a test', 'a reason')
"""
_GRANT = """
    INSERT INTO user_grants ("user", store, role, agents, teams)
    VALUES (gen_random_uuid(), 1, 'team_lead', NULL, '{North}'),
           (gen_random_uuid(), 1, 'learner', '{ada}', NULL)
"""


async def test_a_downgrade_shows_nobody_who_was_hidden(empty_database: str) -> None:
    await upgrade(empty_database)
    async with connected(empty_database) as connection:
        await connection.execute(_FREEZE)
        await connection.execute(_GRANT)
    with pytest.raises(Exception, match="lift all restrictions"):
        await downgrade(empty_database, BEFORE)
    async with connected(empty_database) as connection:
        await connection.execute("UPDATE person_freezes SET lifted = now(), lifted_by = 'a test'")
    await downgrade(empty_database, BEFORE)
    async with connected(empty_database) as connection:
        assert [*await connection.fetch("SELECT role FROM user_grants")] == [("learner",)]
