"""The data of attachments on their way out (Comm. 2.1.3)."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import AttachmentNotFoundError
from lrs.storage.attachments import find_attachment, find_brought, read_piece
from lrs.storage.engines import Database
from lrs.xapi.received_data import HeldAttachment


class AttachmentsService:
    """Finds the data of attachments, and reads them piece by piece."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def brought_by(self, principal: Principal, ids: Sequence[UUID]) -> list[HeldAttachment]:
        """Return what these statements, which were shown, brought: each hash once, in their order.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await find_brought(connection, principal.store, ids)

    async def find(self, principal: Principal, sha2: str) -> HeldAttachment:
        """Return what is known of the data with a hash.

        Raises:
            ForbiddenError: the principal may read no statements.
            AttachmentNotFoundError: no statement that the principal may see brought such data.
            UnavailableError: the database cannot be reached.
        """
        seen = principal.restrict(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE)
        async with self._database.primary() as connection:
            found = await find_attachment(connection, principal.store, sha2.lower(), seen)
        if found is None:
            raise AttachmentNotFoundError(f"there are no data with the SHA-2 {sha2[:128]}")
        return found

    async def content(self, principal: Principal, held: HeldAttachment) -> AsyncIterator[bytes]:
        """Give the bytes of an attachment that was found for the principal.

        No connection is kept while the client takes its time with a piece.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        number = 0
        while True:
            async with self._database.primary() as connection:
                piece = await read_piece(connection, principal.store, held.sha2, number)
            if piece is None:
                return
            yield piece
            number += 1
