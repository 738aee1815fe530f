"""What a store sets for itself, where it differs from what the service is set to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

import msgspec

from lrs.errors import InvalidRequestError, UnknownMemberError
from lrs.xapi.versions import Version


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of one store; what is None is as the service is set.

    Attributes:
        default_version: said to who asks for a version of xAPI that is not served.
        page_size: statements on a page where no limit is given.
        max_page_size: the most statements on a page.
        max_body_bytes: the largest body.
        max_statement_bytes: the largest statement.
        max_batch: the most statements in a POST.
        max_nesting: levels of the JSON text of a statement, itself being the first.
        body_timeout: seconds that a body may be behind its slowest pace.
        query_timeout: seconds that a list or a sum may take.
        requests_per_second: of one credential.
        statements_per_minute: of one credential.
        requests_at_once: of one credential.
        max_statements: that the store may hold.
        max_bytes: of statements and attachments that the store may hold.
    """

    default_version: Version | None = None
    page_size: int | None = None
    max_page_size: int | None = None
    max_body_bytes: int | None = None
    max_statement_bytes: int | None = None
    max_batch: int | None = None
    max_nesting: int | None = None
    body_timeout: int | None = None
    query_timeout: int | None = None
    requests_per_second: int | None = None
    statements_per_minute: int | None = None
    requests_at_once: int | None = None
    max_statements: int | None = None
    max_bytes: int | None = None


AS_THE_SERVICE = StoreSettings()
_NAMES: Final = tuple(each.name for each in fields(StoreSettings))
# What a store cannot give itself more of: the rates and the quotas that the platform sets for it.
OF_THE_PLATFORM: Final = frozenset(
    (
        "requests_per_second",
        "statements_per_minute",
        "requests_at_once",
        "max_statements",
        "max_bytes",
    )
)
# With less of it no client could work; of what is not named here, one is the least.
_LEAST: Final[Mapping[str, int]] = {
    "max_body_bytes": 1024,
    "max_statement_bytes": 1024,
    "max_nesting": 8,
    # A store that may hold nothing takes nothing, and is read on.
    "max_statements": 0,
    "max_bytes": 0,
}
# More fits into no column.
_MOST: Final = 2**63 - 1


def stricter(of_service: int, own: int | None) -> int:
    """Return the limit that holds where a store has one of its own, or None."""
    return of_service if own is None else min(of_service, own)


def changed(
    settings: StoreSettings, changes: Mapping[str, object], most: StoreSettings = AS_THE_SERVICE
) -> StoreSettings:
    """Return settings after changes.

    Args:
        settings: as they are.
        changes: new values by name; None has the store be as the service again.
        most: what the service is set to, where a store may only be stricter.

    Raises:
        UnknownMemberError: there is no setting of such a name.
        InvalidRequestError: a value is none that the setting can have.
    """
    unknown = sorted(set(changes) - set(_NAMES))
    if unknown:
        raise UnknownMemberError(f"a store has no setting {unknown[0][:80]!r}", _NAMES)
    try:
        result = msgspec.convert({**asdict(settings), **changes}, StoreSettings)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"a setting has a wrong value: {error}") from error
    for name in sorted(changes):
        _check(name, getattr(result, name), getattr(most, name))
    _check("page_size", result.page_size, result.max_page_size)
    return result


def _check(name: str, value: object, most: object) -> None:
    if not isinstance(value, int):
        return
    least, highest = _LEAST.get(name, 1), most if isinstance(most, int) else _MOST
    if not least <= value <= highest:
        raise InvalidRequestError(f"{name} must be from {least} to {highest}, it is {value}")
