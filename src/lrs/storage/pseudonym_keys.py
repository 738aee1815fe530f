"""The keys of pseudonymous stores: each a file of its own, apart from the database.

A file is called by the fingerprint of its key, which the database knows. So a wrong key is never
taken for the right one, and databases that share a directory do not disturb each other.
"""

import json
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

from lrs.errors import UnavailableError
from lrs.people.pseudonyms import KEY_BYTES, Pseudonyms

_ONLY_MINE: Final = 0o700


class PseudonymKeys:
    """A directory of keys, which every process that serves such a store must reach."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.expanduser().absolute()

    def make(self, store: str, home_page: str) -> Pseudonyms:
        """Make a key for a new store, readable by its owner alone, and on the disk.

        Args:
            store: its name, for people who look at the file.
            home_page: of the accounts; it is kept with the key, so that a change of the setting
                does not make two of one person.

        Raises:
            UnavailableError: it cannot be written.
        """
        key = secrets.token_bytes(KEY_BYTES)
        made = Pseudonyms(key, home_page)
        text = json.dumps({"store": store, "home_page": home_page, "key": key.hex()})
        place = self.place_of(made.fingerprint)
        try:
            self._directory.mkdir(mode=_ONLY_MINE, parents=True, exist_ok=True)
            _write(place, text)
        except OSError as error:
            raise UnavailableError(
                f"the key {place} cannot be written: {error.strerror}"
            ) from error
        return made

    def read(self, fingerprint: str) -> Pseudonyms:
        """Return the pseudonyms of a key; the file is read anew each time, since it may be gone.

        Raises:
            UnavailableError: it is not there, or not the right one.
        """
        place = self.place_of(fingerprint)
        try:
            found = _read(place.read_text())
        except (OSError, ValueError, KeyError) as error:
            raise UnavailableError(
                f"the key of this pseudonymous store cannot be read: {place} (LRS_PRIVACY_DIR);"
                " nothing is written without it"
            ) from error
        if found.fingerprint != fingerprint:
            raise UnavailableError(f"{place} holds another key than that of the store")
        return found

    def remove(self, fingerprint: str) -> None:
        """Throw a key away; it is no failure that it is gone already.

        Raises:
            UnavailableError: it cannot be deleted.
        """
        place = self.place_of(fingerprint)
        try:
            place.unlink()
            _flush(self._directory)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise UnavailableError(
                f"the key {place} cannot be deleted: {error.strerror}"
            ) from error

    def place_of(self, fingerprint: str) -> Path:
        """Return where the key with a fingerprint lies, or would."""
        return self._directory / f"pseudonyms-{fingerprint}.key"


def _write(place: Path, text: str) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)
    _flush(place.parent)


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@lru_cache(maxsize=64)
def _read(text: str) -> Pseudonyms:
    kept = json.loads(text)
    return Pseudonyms(bytes.fromhex(kept["key"]), kept["home_page"])
