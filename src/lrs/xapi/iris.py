"""IRIs, IRLs and URIs: a scheme, a colon, and no character that none of them holds (Data 4.3).

The check is a best effort, as the standard allows: it tells identifiers from other text, it does
not parse authorities, ports or percent-encodings.
"""

from typing import Annotated, Final

from pydantic import StringConstraints, TypeAdapter, WithJsonSchema

_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*:"
IRI_PATTERN = rf'^{_SCHEME}[^\x00-\x20\x7f-\x9f<>"{{}}|\\^`]+$'
URI_PATTERN = rf"^{_SCHEME}[!#-;=?-\[\]_a-z~]+$"
# Longer than any address that browsers and servers take.
MAX_LENGTH: Final = 16_384
IRI_EXPECTED = "must be an IRI: a scheme such as `https:`, then no spaces"
URI_EXPECTED = "must be a URI: a scheme such as `https:`, then ASCII characters without spaces"

Iri = Annotated[
    str,
    StringConstraints(pattern=IRI_PATTERN, max_length=MAX_LENGTH, strict=True),
    WithJsonSchema({"type": "string", "format": "iri"}),
]
Uri = Annotated[
    str,
    StringConstraints(pattern=URI_PATTERN, max_length=MAX_LENGTH, strict=True),
    WithJsonSchema({"type": "string", "format": "uri"}),
]

_validator = TypeAdapter(Iri).validator


def is_iri(text: str) -> bool:
    """Tell whether a text is an IRI (Data 4.3)."""
    return _validator.isinstance_python(text)
