"""Networks let in the addresses in them, however they are written, and nobody else."""

import pytest

from lrs.auth.networks import is_within, read_network
from lrs.errors import InvalidRequestError

NETWORKS = [read_network(text) for text in ("192.0.2.0/24", "198.51.100.7", "2001:db8::/32")]


@pytest.mark.parametrize(
    "address",
    ["192.0.2.0", "192.0.2.255", "198.51.100.7", "2001:db8::1", "2001:0DB8:0:0::1",
     "::ffff:192.0.2.9", "2001:db8::1%eth0"],
)  # fmt: skip
def test_an_address_within_is_let_in(address: str) -> None:
    assert is_within(address, NETWORKS)


@pytest.mark.parametrize(
    "address",
    ["192.0.3.0", "192.0.1.255", "198.51.100.8", "2001:db9::1", "::ffff:192.0.3.9", "::192.0.2.9",
     "192.0.2", "192.0.2.9.evil.example", "0300.0.2.9", "192.0.2.9 ", "unknown", "", None],
)  # fmt: skip
def test_any_other_address_is_not(address: str | None) -> None:
    assert not is_within(address, NETWORKS)


def test_no_network_lets_nobody_in() -> None:
    assert not is_within("192.0.2.1", [])


@pytest.mark.parametrize(
    "text",
    ["", "lms.example.org", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.*", "10/8",
     "192.0.2.0/24,10.0.0.0/8", "2001:db8::/129", "192.0.2.0/24\0"],
)  # fmt: skip
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="neither an address nor a network"):
        read_network(text)
