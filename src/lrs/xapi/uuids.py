"""UUIDs in their standard string form (Data 4.4)."""

from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import StringConstraints, TypeAdapter, WithJsonSchema

PATTERN = r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
EXPECTED = "must be a UUID such as fd41c918-b88b-4b20-a0a5-a4c32391aaa0"

# Any version, upper case included: it is compared without regard to case, and kept as it came.
UUIDText = Annotated[
    str,
    StringConstraints(pattern=PATTERN, strict=True),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]

_validator = TypeAdapter(UUIDText).validator


def uuid_of(text: str) -> UUID:
    """Return the UUID that a text stands for which is one; twice as fast as `UUID` does."""
    return msgspec.convert(text, UUID)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID of 36 characters: no braces, no `urn:`."""
    return _validator.isinstance_python(text)
