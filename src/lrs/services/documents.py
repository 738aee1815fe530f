"""The document resources: one request is one method is one transaction (Comm. 2.2, 3.1)."""

from collections.abc import Sequence

from lrs.auth.documents import is_hidden, require_documents
from lrs.auth.principals import Principal
from lrs.auth.store_settings import stricter
from lrs.errors import DocumentNotFoundError, TooLargeError
from lrs.services.erased_people import ErasedPeople
from lrs.services.pseudonyms import PseudonymsService
from lrs.storage.documents import (
    DocumentList,
    delete_document,
    delete_documents,
    find_document,
    insert_document,
    list_documents,
    lock_document,
    replace_document,
    update_document,
)
from lrs.storage.engines import Connection, Database
from lrs.xapi.documents import (
    Document,
    DocumentContext,
    DocumentFilter,
    DocumentKey,
    KeptDocument,
    check_mergeable,
    merged,
)
from lrs.xapi.preconditions import Preconditions, check, check_none, check_put, may_replace
from lrs.xapi.versions import Version


class DocumentsService:
    """Stores, gets and deletes documents for a principal, in the principal's store only."""

    def __init__(
        self,
        database: Database,
        max_bytes: int,
        pseudonyms: PseudonymsService | None = None,
        erased: ErasedPeople | None = None,
    ) -> None:
        self._database = database
        self._erased = erased or ErasedPeople()
        self._max_bytes = max_bytes
        self._pseudonyms = pseudonyms or PseudonymsService(database)

    async def put(
        self,
        principal: Principal,
        key: DocumentKey,
        document: Document,
        preconditions: Preconditions,
        version: Version,
    ) -> None:
        """Store a document in the place of the one that may be there (PUT, Comm. 2.2).

        Raises:
            DocumentConflictError: it would replace one, and the request does not say which.
            ErasedPersonError: it is about somebody who was erased.
            ForbiddenError: the principal may not touch it.
            InvalidRequestError: the version asks for a precondition, and there is none.
            PreconditionFailedError: a precondition is not met.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, key.context, writes=True)
        document = await self._pseudonyms.document(principal.store, key.context, document)
        store = principal.store
        etags = may_replace(key.context.kind, version, preconditions)
        if etags and await self._replaced(store, key, document, etags):
            return
        async with self._database.writing() as connection:
            etag = await lock_document(connection, store, key)
            check_put(key.context.kind, version, preconditions, etag)
            if etag is None:
                await self._insert(connection, store, key, document)
            else:
                await update_document(connection, store, key, document)

    async def _replaced(
        self, store: int, key: DocumentKey, document: Document, etags: Sequence[str]
    ) -> bool:
        """Replace a document by one statement, as nearly every PUT does; tell whether it was."""
        async with self._database.primary() as connection:
            return await replace_document(connection, store, key, document, etags)

    async def post(
        self,
        principal: Principal,
        key: DocumentKey,
        document: Document,
        preconditions: Preconditions,
    ) -> None:
        """Merge a document into the one that is there, or store it (POST, Comm. 2.2).

        Raises:
            ErasedPersonError: it is about somebody who was erased.
            ForbiddenError: the principal may not touch it.
            InvalidRequestError: it cannot be merged.
            PreconditionFailedError: a precondition is not met.
            TooLargeError: both together are over the limit.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, key.context, writes=True)
        document = await self._pseudonyms.document(principal.store, key.context, document)
        store = principal.store
        async with self._database.writing() as connection:
            etag = await lock_document(connection, store, key)
            check(preconditions, etag)
            kept = await find_document(connection, store, key)
            if kept is None:
                check_mergeable(document)
                await self._insert(connection, store, key, document)
            else:
                result = merged(kept.document, document)
                self._check_size(principal, result)
                await update_document(connection, store, key, result)

    async def _insert(
        self, connection: Connection, store: int, key: DocumentKey, document: Document
    ) -> None:
        """Keep a document that is not there; one that is there is about nobody who was erased."""
        await self._erased.require_nobody(connection, store, key.context.agent)
        await insert_document(connection, store, key, document)

    async def get(self, principal: Principal, key: DocumentKey) -> KeptDocument:
        """Return a document.

        Raises:
            DocumentNotFoundError: there is none under this key.
            ForbiddenError: the principal may not touch it.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, key.context, writes=False)
        async with self._database.primary() as connection:
            found = await find_document(connection, principal.store, key)
        if found is None or is_hidden(principal, key.context):
            raise DocumentNotFoundError(f"there is no document {key.id[:80]!r} here")
        return found

    async def list(self, principal: Principal, wanted: DocumentFilter) -> DocumentList:
        """Return the ids of the documents of a context.

        Raises:
            ForbiddenError: the principal may not touch them.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, wanted.context, writes=False)
        if is_hidden(principal, wanted.context):
            return DocumentList([], None)
        async with self._database.primary() as connection:
            return await list_documents(connection, principal.store, wanted)

    async def delete(
        self, principal: Principal, key: DocumentKey, preconditions: Preconditions
    ) -> None:
        """Delete a document; that there is none is no failure (DELETE, Comm. 2.2).

        Raises:
            ForbiddenError: the principal may not touch it.
            PreconditionFailedError: a precondition is not met.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, key.context, writes=True)
        async with self._database.writing() as connection:
            check(preconditions, await lock_document(connection, principal.store, key))
            await delete_document(connection, principal.store, key)

    async def delete_all(
        self, principal: Principal, context: DocumentContext, preconditions: Preconditions
    ) -> None:
        """Delete all documents of a context (DELETE of states, Comm. 2.3).

        Raises:
            ForbiddenError: the principal may not touch them.
            PreconditionFailedError: there is a precondition, which many documents cannot meet.
            UnavailableError: the database cannot be reached.
        """
        require_documents(principal, context, writes=True)
        check_none(preconditions)
        async with self._database.writing() as connection:
            await delete_documents(connection, principal.store, context)

    def _check_size(self, principal: Principal, document: Document) -> None:
        most = stricter(self._max_bytes, principal.settings.max_body_bytes)
        if len(document.content) > most:
            raise TooLargeError(
                f"the merged document would have {len(document.content)} bytes,"
                f" {most} are allowed; nothing was changed"
            )
