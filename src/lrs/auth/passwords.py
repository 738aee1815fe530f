"""Passwords of people: how they are kept, which are taken, and how long wrong ones must wait.

Argon2id with the first parameters that OWASP names: 46 MiB, one pass, one lane.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lrs.errors import InvalidRequestError

SHORTEST = 12
LONGEST = 1_000
# Wrong ones in a row that nobody is held up for, and the longest wait, in seconds.
FREE_FAILURES = 5
LONGEST_WAIT = 900

_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
# Of those that lists of stolen passwords begin with, the ones that are long enough.
_COMMON = frozenset(
    (
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456789123",
        "1234567891011",
        "0123456789012",
        "password1234",
        "password12345",
        "password123456",
        "passwort1234",
        "passwort12345",
        "administrator",
        "administrator1",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "qwertyuiopasdf",
        "qwertzuiopasdf",
        "qwerty123456",
        "qwertz123456",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6z",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "abcdefghijkl",
        "abcdefghijklm",
        "abcdefgh1234",
        "abc123456789",
        "iloveyou1234",
        "welcome12345",
        "willkommen123",
        "changeme1234",
        "changemenow1",
        "letmein12345",
        "p@ssw0rd1234",
        "p@ssword1234",
        "passw0rd1234",
        "adminadmin123",
        "learningrecordstore",
        "correcthorsebatterystaple",
        "football1234",
        "superman1234",
        "1111222233334444",
        "987654321098",
        "9876543210123",
        "unknownpassword",
        "zaq12wsxcde3",
        "sommer2026!!",
    )
)


def hash_password(password: str) -> str:
    """Return what is kept of a password, in Argon2's own notation; it takes a while."""
    return _hasher.hash(_normal(password))


def is_password(kept: str, password: str) -> bool:
    """Tell whether this is the password of which that was kept; it takes as long as hashing."""
    try:
        return _hasher.verify(kept, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether it was hashed with other parameters than those of today."""
    return _hasher.check_needs_rehash(kept)


def check_password(password: str, email: str) -> None:
    """Refuse a new password that is easily guessed.

    Raises:
        InvalidRequestError: it is too short or too long, common, or made of the own address.
    """
    normal = _normal(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise InvalidRequestError(f"a password has {SHORTEST} to {LONGEST} characters")
    plain = normal.casefold()
    if plain in _COMMON or _is_one_piece_repeated(plain):
        raise InvalidRequestError("this password is one of those that are tried first")
    if email and (plain == email.casefold() or plain == email.casefold().partition("@")[0]):
        raise InvalidRequestError("the password must not be your address")


def wait_after(failures: int) -> int:
    """Return the seconds that the next try must wait after so many wrong ones in a row."""
    beyond = failures - FREE_FAILURES
    return 0 if beyond < 0 else min(2 ** min(beyond + 1, 20), LONGEST_WAIT)


def _normal(password: str) -> str:
    # Keyboards differ in how they write the same character.
    return unicodedata.normalize("NFKC", password)


def _is_one_piece_repeated(text: str) -> bool:
    return text in (text + text)[1:-1]
