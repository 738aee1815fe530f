"""Networks of addresses that a credential may be used from."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lrs.errors import InvalidRequestError

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


def read_network(text: str) -> Network:
    """Read an address, such as `192.0.2.7`, or a network, such as `192.0.2.0/24`.

    Raises:
        InvalidRequestError: it is neither.
    """
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise InvalidRequestError(
            f"{text[:100]!r} is neither an address nor a network such as 192.0.2.0/24: {error}"
        ) from error


@lru_cache(maxsize=4096)
def read_address(text: str) -> _Address | None:
    """Read the address of a client; None if it is none, as with a socket in the file system.

    One of IPv4 that comes by a socket of IPv6 (`::ffff:192.0.2.7`) is the one of IPv4.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(address: str | None, networks: Sequence[Network]) -> bool:
    """Tell whether a client is in one of these networks; one without address is in none."""
    found = read_address(address) if address else None
    return found is not None and any(found in network for network in networks)
