"""References to other statements (Data 2.4.4.3)."""

from typing import Literal

from lrs.xapi.properties import StrictModel
from lrs.xapi.uuids import UUIDText


class StatementRef(StrictModel):
    """A pointer to a statement, which need not be there yet (Data 2.4.4.3)."""

    object_type: Literal["StatementRef"]
    id: UUIDText
