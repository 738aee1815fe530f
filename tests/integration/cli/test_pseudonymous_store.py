"""A pseudonymous store on the command line: made, and its key thrown away."""

from pathlib import Path
from uuid import uuid4

from lrs.storage.engines import Database
from lrs.storage.pseudonyms import KeptPseudonymKey, lock_pseudonym_key
from running_service import lrs


async def key_of(database: Database, store: str) -> KeptPseudonymKey:
    async with database.writing() as connection:
        return await lock_pseudonym_key(connection, store)


async def test_its_key_is_made_and_thrown_away(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    store, keys = f"hidden-{uuid4().hex}", tmp_path / "keys"
    where = {"LRS_DATABASE_URL": database_url, "LRS_PRIVACY_DIR": keys}
    made = lrs("store", "create", store, "--pseudonymous", **where)
    assert made.stdout == f"{store} is strict and pseudonymous\n", made.stderr
    assert keys.stat().st_mode & 0o777 == 0o700
    assert len([*keys.iterdir()]) == 1
    assert (await key_of(database, store)).forgotten is None

    gone = lrs("privacy", "forget-key", store, "--confirm", store, **where)
    assert gone.returncode == 0, gone.stderr
    assert [*keys.iterdir()] == []
    assert (await key_of(database, store)).forgotten is not None
