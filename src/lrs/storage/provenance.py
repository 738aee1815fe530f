"""What is known of a statement besides what it says: who brought it, what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage.attachments import find_brought
from lrs.storage.restrictions import conditions, restriction_values
from lrs.storage.tables import credentials, statements
from lrs.xapi.received_data import HeldAttachment
from lrs.xapi.signatures import Signature

_columns = (
    statements.c.stored,
    statements.c.voided,
    statements.c.voiding,
    statements.c.signature,
    credentials.c.key,
    credentials.c.label,
    credentials.c.system,
    credentials.c.system_kind,
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a statement comes from, and what became of it.

    Attributes:
        stored: aware, UTC.
        voiding: whether it voids another one.
        signature: None if it brought none.
        key: of the credential that brought it; the next three are the credential's too.
        attachments: whose data came with it.
    """

    id: UUID
    stored: datetime
    voided: bool
    voiding: bool
    signature: Signature | None
    key: str
    label: str
    system: str
    system_kind: SystemKind
    attachments: Sequence[HeldAttachment]


async def find_provenance(
    connection: AsyncConnection,
    store: int,
    identifier: UUID,
    restriction: Restriction = NOTHING_HIDDEN,
) -> Provenance | None:
    """Return what is known of a statement, a voided one too; None if it is not to be seen."""
    query = (
        select(*_columns)
        .join_from(statements, credentials, credentials.c.id == statements.c.credential)
        .where(statements.c.store == store, statements.c.id == identifier, *conditions(restriction))
    )
    result = await connection.execute(query, restriction_values(restriction))
    row = result.one_or_none()
    if row is None:
        return None
    return Provenance(
        id=identifier,
        stored=row.stored,
        voided=row.voided,
        voiding=row.voiding,
        signature=Signature(row.signature) if row.signature else None,
        key=row.key,
        label=row.label,
        system=row.system,
        system_kind=SystemKind(row.system_kind),
        attachments=await find_brought(connection, store, [identifier]),
    )
