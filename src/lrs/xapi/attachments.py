"""What a statement says of its attachments; their bytes travel beside it (Data 2.4.11)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from lrs.xapi.iris import Iri
from lrs.xapi.languages import LanguageMap
from lrs.xapi.properties import Maybe, StrictModel

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
MEDIA_TYPE_PATTERN = rf"^{_NAME}/{_NAME}(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?$"
MEDIA_TYPE_EXPECTED = "must be a media type such as application/pdf"
# SHA-224, -256, -384 and -512.
SHA2_PATTERN = r"^(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$"
SHA2_EXPECTED = "must be a SHA-2 hash: 56, 64, 96 or 128 hexadecimal digits"
MAX_LENGTH = 2**63 - 1

MediaType = Annotated[str, StringConstraints(pattern=MEDIA_TYPE_PATTERN, strict=True)]
Sha2 = Annotated[str, StringConstraints(pattern=SHA2_PATTERN, strict=True)]


class Attachment(StrictModel):
    """A file that goes with a statement (Data 2.4.11)."""

    usage_type: Iri
    display: LanguageMap
    description: Maybe[LanguageMap] = None
    content_type: MediaType
    length: Annotated[int, Field(ge=0, le=MAX_LENGTH)]
    sha2: Sha2
    file_url: Maybe[Iri] = None
