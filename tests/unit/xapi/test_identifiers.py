"""UUIDs and IRIs as parameters carry them."""

import pytest

from cases.formats import BAD_IRIS, BAD_UUIDS, GOOD_IRIS, GOOD_UUID
from lrs.xapi.iris import is_iri
from lrs.xapi.uuids import is_uuid


@pytest.mark.parametrize("text", GOOD_IRIS)
def test_iri_is_known(text: str) -> None:
    assert is_iri(text)


@pytest.mark.parametrize("text", [*BAD_IRIS, ""])
def test_other_text_is_no_iri(text: str) -> None:
    assert not is_iri(text)


@pytest.mark.parametrize("text", [GOOD_UUID, GOOD_UUID.upper()])
def test_uuid_is_known_in_both_cases(text: str) -> None:
    assert is_uuid(text)


@pytest.mark.parametrize("text", [*BAD_UUIDS, ""])
def test_other_text_is_no_uuid(text: str) -> None:
    assert not is_uuid(text)
