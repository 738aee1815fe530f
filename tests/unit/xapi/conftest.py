"""Who signs statements, and who forges them."""

import pytest

from signing import Signer, new_signer


@pytest.fixture(scope="session")
def signer() -> Signer:
    return new_signer()


@pytest.fixture(scope="session")
def forger() -> Signer:
    return new_signer()
