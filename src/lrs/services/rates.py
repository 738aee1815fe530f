"""How much one principal or one address may ask for: requests, statements, tries to sign in.

What is counted is what the library `limits` calls a sliding window: of the last second or minute,
the window before counted by the share of it that still belongs to them.
"""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv6Address
from math import floor
from typing import NamedTuple

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from lrs.auth.principals import Principal
from lrs.errors import TooLargeError, TooManyRequestsError
from lrs.services.rate_tables import RateTables
from lrs.services.shared_counts import SharedCounts
from lrs.services.shared_places import SharedPlaces

_LOG = logging.getLogger(__name__)

# Seconds from one line about wrong credentials to the next.
_BETWEEN_LINES = 10
_BITS_OF_A_NETWORK = 64
# What the window before and the current one have counted, each with its seconds to live.
_Window = tuple[int, float, int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What is allowed where a store or a credential says nothing else; None is without limit.

    Attributes:
        requests_per_second: of one principal.
        statements_per_minute: that one principal sends.
        requests_at_once: of one principal.
        requests_per_second_per_address: of all who come from there.
        requests_at_once_per_address: of all who come from there.
        failed_sign_ins_per_minute: of all who come from there.
    """

    requests_per_second: int | None = None
    statements_per_minute: int | None = None
    requests_at_once: int | None = None
    requests_per_second_per_address: int | None = None
    requests_at_once_per_address: int | None = None
    failed_sign_ins_per_minute: int | None = None


class Standing(NamedTuple):
    """A limit, and how much of it is left.

    Attributes:
        name: of the limit.
        unit: what is counted.
        quota: how much there is.
        window: seconds for which it is; None if it is at any moment.
        left: what is left of it.
        reset: seconds after which there is more; None without a window, or if all is left.
    """

    name: str
    unit: str
    quota: int
    window: int | None
    left: int
    reset: int | None


class RatesService:
    """Counts, and refuses what is too much."""

    def __init__(self, limits: RateLimits, tables: RateTables) -> None:
        self._limits = limits
        self._tables = tables
        self._principals = _Counter(tables.counts_of_principals)
        self._addresses = _Counter(tables.counts_of_addresses)
        self._refused = 0

    def admission(self, address: str | None) -> "Admission":
        """Begin a request, which comes from this address if it has one.

        Raises:
            TooManyRequestsError: its address has sent too many, or has too many at once.
        """
        limits = self._limits
        admission = Admission(self, address)
        if address is None:
            return admission
        per_second = limits.requests_per_second_per_address
        if per_second is not None:
            wait = self._addresses.hit(_per_second(per_second), network_of(address))
            if wait:
                detail = f"your address may send {per_second} requests a second"
                raise TooManyRequestsError(detail, wait)
        at_once = limits.requests_at_once_per_address
        if at_once is not None:
            admission.hold(self._tables.places_of_addresses, network_of(address), at_once)
        return admission

    def count_request(self, principal: Principal, admission: "Admission") -> None:
        """Count a request of somebody who is known.

        Raises:
            TooManyRequestsError: it is one too many.
        """
        own = principal.settings
        per_second = own.requests_per_second or self._limits.requests_per_second
        at_once = own.requests_at_once or self._limits.requests_at_once
        if per_second is not None:
            wait = self._principals.hit(_per_second(per_second), _name(principal))
            if wait:
                detail = f"you may send {per_second} requests a second"
                raise TooManyRequestsError(detail, wait)
        if at_once is not None:
            admission.hold(self._tables.places_of_principals, _name(principal), at_once)

    def count_statements(self, principal: Principal, count: int) -> None:
        """Count statements that somebody sends, all of them or, beyond the limit, none.

        Raises:
            TooManyRequestsError: they are too many for now.
            TooLargeError: they are more than is ever allowed at once.
        """
        limit = principal.settings.statements_per_minute or self._limits.statements_per_minute
        if limit is None or not count:
            return
        if count > limit:
            raise TooLargeError(
                f"you may send {limit} statements a minute, and these are {count} in one request:"
                " send smaller batches"
            )
        wait = self._principals.hit(_statements(limit), _name(principal), count)
        if wait:
            detail = f"you may send {limit} statements a minute, and these {count} go beyond that"
            raise TooManyRequestsError(detail, wait)

    def count_failure(self, address: str | None) -> None:
        """Count that somebody at an address has shown wrong credentials.

        Raises:
            TooManyRequestsError: it happens too often.
        """
        limit = self._limits.failed_sign_ins_per_minute
        if limit is None or address is None:
            return
        wait = self._addresses.hit(_failures(limit), network_of(address))
        if wait:
            self._count_refused()
            detail = f"wrong credentials came from your address more than {limit} times a minute"
            raise TooManyRequestsError(detail, wait)

    def standings(self, principal: Principal) -> Iterator[Standing]:
        """Return the limits of a principal, and how much of each is left."""
        own, usual = principal.settings, self._limits
        if per_second := own.requests_per_second or usual.requests_per_second:
            yield self._principals.standing(_per_second(per_second), _name(principal))
        if per_minute := own.statements_per_minute or usual.statements_per_minute:
            yield self._principals.standing(_statements(per_minute), _name(principal))
        if at_once := own.requests_at_once or usual.requests_at_once:
            taken = self._tables.places_of_principals.taken(_name(principal))
            left = max(0, at_once - taken)
            yield Standing("requests-at-once", "concurrent-requests", at_once, None, left, None)

    def close(self) -> None:
        """Let go of the tables."""
        self._tables.close()

    def _count_refused(self) -> None:
        # Told after a while, all together: each by itself, they would fill the log.
        if not self._refused:
            asyncio.get_running_loop().call_later(_BETWEEN_LINES, self._tell)
        self._refused += 1

    def _tell(self) -> None:
        _LOG.warning("Wrong credentials, from addresses that show too many: %d", self._refused)
        self._refused = 0


class Admission:
    """A request, as far as limits are concerned, from its beginning to its end."""

    __slots__ = ("_address", "_held", "_principal", "_rates")

    def __init__(self, rates: RatesService, address: str | None) -> None:
        self._rates = rates
        self._address = address
        self._principal: Principal | None = None
        self._held: list[partial[None]] = []

    def admit(self, principal: Principal) -> None:
        """Let it in, now that it is known who asks.

        Raises:
            TooManyRequestsError: it is one too many of theirs.
        """
        if self._principal is None:
            self._principal = principal
            self._rates.count_request(principal, self)

    def fail(self) -> None:
        """Note that it shows wrong credentials.

        Raises:
            TooManyRequestsError: this happens too often at its address.
        """
        self._rates.count_failure(self._address)

    def hold(self, places: SharedPlaces, key: str, limit: int) -> None:
        """Take a place for it, up to its end.

        Raises:
            TooManyRequestsError: there is none.
        """
        place = places.take(key, limit)
        if place is None:
            raise TooManyRequestsError(f"you may have {limit} requests going on at once")
        self._held.append(partial(places.give_back, place))

    def standings(self) -> list[Standing]:
        """Return the limits of who asks; none, if that is not known."""
        return [] if self._principal is None else [*self._rates.standings(self._principal)]

    def end(self) -> None:
        """Give back all places that it has."""
        while self._held:
            self._held.pop()()


class _Counter:
    """Counts in a table, by windows that slide."""

    def __init__(self, counts: SharedCounts) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(counts)
        self._counts = counts

    def hit(self, item: RateLimitItem, key: str, cost: int = 1) -> int:
        """Count, if that stays within a limit; else return after how many seconds it would."""
        if self._limiter.hit(item, key, cost=cost):
            return 0
        return _whole(seconds_until(item.amount, cost, item.get_expiry(), self._window(item, key)))

    def standing(self, item: RateLimitItem, key: str) -> Standing:
        """Return a limit and what is left of it."""
        quota, length, window = item.amount, item.get_expiry(), self._window(item, key)
        left = max(0, quota - _counted(length, window))
        reset = _whole(seconds_until(quota, left + 1, length, window)) if left < quota else None
        return Standing(item.namespace, item.namespace, quota, length, left, reset)

    def _window(self, item: RateLimitItem, key: str) -> _Window:
        return self._counts.get_sliding_window(item.key_for(key), item.get_expiry())


def seconds_until(limit: int, cost: int, length: int, window: _Window) -> float:
    """Return after how many seconds a window has room, if nothing more is counted meanwhile.

    Args:
        limit: of the window.
        cost: the room that is wanted.
        length: of the window, in seconds.
        window: as `SharedCounts.get_sliding_window` tells it.
    """
    if _counted(length, window) + cost <= limit:
        return 0.0
    previous, _, current, to_live = window
    left = to_live - length  # of the current window
    most = limit - cost + 1  # as much and more of it is too much
    if current < most:
        return left - length * (most - current) / previous
    return left + length * max(0.0, 1 - most / current)


def _counted(length: int, window: _Window) -> int:
    """Return what counts of a window; a part of one does not."""
    previous, _, current, to_live = window
    return floor(previous * (to_live - length) / length + current)


def _whole(seconds: float) -> int:
    """Return the whole seconds after which a moment is past."""
    return floor(seconds) + 1


def network_of(address: str) -> str:
    """Return what an address is counted by: of IPv6, one client has 2^64 of them at least."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address.partition("%")[0])
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> _BITS_OF_A_NETWORK:x}::"


def _name(principal: Principal) -> str:
    return f"{principal.kind}/{principal.key}"


@lru_cache(maxsize=1024)
def _per_second(amount: int) -> RateLimitItem:
    return RateLimitItemPerSecond(amount, namespace="requests")


@lru_cache(maxsize=1024)
def _statements(amount: int) -> RateLimitItem:
    return RateLimitItemPerMinute(amount, namespace="statements")


@lru_cache(maxsize=1)
def _failures(amount: int) -> RateLimitItem:
    return RateLimitItemPerMinute(amount, namespace="failures")
