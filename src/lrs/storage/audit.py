"""The audit log: records are added to the chain of a store, and never changed."""

import json
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.audit import BEGINNING, AuditEvent, AuditRecord, hash_of
from lrs.storage.access_tables import audit_heads, audit_records

# The chain of what belongs to no store.
NO_STORE = 0


async def append_record(connection: AsyncConnection, store: int, event: AuditEvent) -> None:
    """Add an event to the log of a store; who else adds one waits for the end of the transaction.

    Args:
        connection: within a writing transaction: that of the change which is recorded.
        store: its number, or `NO_STORE`.
        event: what was done.
    """
    beginning = postgresql.insert(audit_heads).values(store=store, number=0, hash=BEGINNING)
    await connection.execute(beginning.on_conflict_do_nothing())
    locked = select(audit_heads, func.clock_timestamp().label("at"))
    locked = locked.where(audit_heads.c.store == store).with_for_update()
    head = (await connection.execute(locked)).one()
    record = _record(event, head.number + 1, head.at)
    record = replace(record, hash=hash_of(store, record, head.hash))
    values = {name: getattr(record, name) for name in AuditRecord.__slots__}
    await connection.execute(insert(audit_records).values(store=store, **values))
    await connection.execute(
        update(audit_heads)
        .where(audit_heads.c.store == store)
        .values(number=record.number, hash=record.hash)
    )


def _record(event: AuditEvent, number: int, at: datetime) -> AuditRecord:
    caller = event.caller
    return AuditRecord(
        number=number,
        at=at,
        who_kind=caller.kind.value,
        who=caller.name,
        address=caller.address,
        action=event.action.value,
        target=event.target,
        outcome=event.outcome.value,
        request_id=caller.request_id,
        details=json.dumps(event.details, sort_keys=True),
        hash=b"",
    )
