"""Pseudonymous stores: who is who is taken away before anything is written.

What is asked for here is asked of the database and of the key's file each time, so that a key that
was thrown away, or is missing, stops every process at once. Whether a store is pseudonymous never
changes, so that of others nothing is asked but once.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from lrs.analytics.filters import Comparison, Filter
from lrs.analytics.queries import Query
from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.authority import Authority, authority_of_agent
from lrs.auth.restrictions import Grant
from lrs.errors import (
    InvalidRequestError,
    InvalidStatementError,
    PseudonymKeyForgottenError,
    PseudonymousStoreError,
    StoreNotFoundError,
    UnavailableError,
    Violation,
)
from lrs.people.pseudonyms import Pseudonyms
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.pseudonym_keys import PseudonymKeys
from lrs.storage.pseudonyms import (
    KeptPseudonymKey,
    find_pseudonym_key,
    forget_pseudonyms,
    keep_sealed,
    lock_pseudonym_key,
)
from lrs.storage.stores import find_store
from lrs.xapi.attachment_data import signed_at
from lrs.xapi.documents import Document, DocumentContext, is_json
from lrs.xapi.json_places import NoJsonError
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.records import StatementRecord
from lrs.xapi.replacing import replace_agents
from lrs.xapi.statements import Statement

# The dimension of sums whose values are identifiers.
_ACTOR = "actor"


class PseudonymsService:
    """Tells the pseudonyms of stores, and keeps and forgets what leads back."""

    def __init__(
        self, database: Database, keys: PseudonymKeys | None = None, home_page: str = ""
    ) -> None:
        """Make it.

        Args:
            database: that holds the stores.
            keys: where the keys lie; without them no pseudonymous store is written to.
            home_page: under which this LRS names accounts, for new stores.
        """
        self._database = database
        self._keys = keys
        self._home_page = home_page
        self._clear: set[int] = set()

    async def of(self, store: int) -> Pseudonyms | None:
        """Return the pseudonyms of a store; None if its actors are kept as they are.

        Raises:
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        if store in self._clear:
            return None
        async with self._database.primary() as connection:
            kept = await find_pseudonym_key(connection, store)
        if kept is None:
            return None
        if kept.fingerprint is None:
            self._clear.add(store)
            return None
        return self._read(kept, kept.fingerprint)

    async def agent(self, store: int, text: str) -> str:
        """Return an Agent or Group as JSON text, as it is known in a store.

        Raises:
            InvalidRequestError: the store is pseudonymous, and it is no Agent or Group.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        pseudonyms = await self.of(store)
        return text if pseudonyms is None else pseudonyms.agent(text)

    async def grant(self, store: int, grant: Grant) -> Grant:
        """Return a grant whose agents are named as they are known in a store.

        Raises:
            InvalidRequestError: the store is pseudonymous, and one is no Agent or Group.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        pseudonyms = await self.of(store) if grant.agents else None
        if pseudonyms is None or grant.agents is None:
            return grant
        return replace(grant, agents=tuple(map(pseudonyms.agent, grant.agents)))

    async def grant_in(self, name: str, grant: Grant) -> Grant:
        """Return a grant as `grant` does, for the store of a name; one that is made yet has none.

        Raises:
            InvalidRequestError: the store is pseudonymous, and one is no Agent or Group.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        if not grant.agents:
            return grant
        try:
            async with self._database.primary() as connection:
                store = await find_store(connection, name)
        except StoreNotFoundError:
            return grant
        return await self.grant(store.id, grant)

    async def query(self, store: int, query: Query) -> Query:
        """Return a query that asks for actors as they are known in a store.

        Raises:
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        pseudonyms = await self.of(store) if any(map(_names_actors, query.filters)) else None
        if pseudonyms is None:
            return query
        filters = [
            replace(
                each, values=[it for text in each.values for it in pseudonyms.values(str(text))]
            )
            if _names_actors(each)
            else each
            for each in query.filters
        ]
        return replace(query, filters=tuple(filters))

    async def document(self, store: int, context: DocumentContext, document: Document) -> Document:
        """Return a document as a store may keep it: JSON names Agents by their pseudonyms.

        Raises:
            PseudonymousStoreError: what it is about is an agent, and no pseudonym.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        pseudonyms = await self.of(store)
        if pseudonyms is None:
            return document
        if context.agent is not None and not pseudonyms.is_one(context.agent):
            raise PseudonymousStoreError("a document is about somebody who is no pseudonym")
        if not is_json(document):
            return document
        with suppress(NoJsonError):
            return document._replace(content=Met(pseudonyms).hidden(document.content))
        return document

    def make(self, store: str) -> Pseudonyms:
        """Make the key of a new store.

        Raises:
            UnavailableError: it cannot be written.
        """
        return self._directory().make(store, self._home_page)

    async def keep(self, store: int, met: "Met", records: Iterable[StatementRecord]) -> None:
        """Keep, sealed, whose pseudonyms came in what was written just now.

        If this process ends before it has, the next statement of the same persons does it.

        Args:
            store: the store of all.
            met: who was hidden.
            records: in which.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        named = {agent for record in records for agent in record.mentions.ifis}
        sealed = {
            agent: met.pseudonyms.seal(ifi)
            for agent, ifi in met.identifiers.items()
            if agent in named
        }
        if sealed:
            async with self._database.primary() as connection:
                await keep_sealed(connection, store, sealed)

    async def forget_key(self, caller: Caller, name: str, confirmed: str) -> int:
        """Throw the key of a store away, for good, and return how many pseudonyms it had sealed.

        Nobody can be found by them any more, and nothing more can be written. Done again, it
        deletes the file if that was left.

        Args:
            caller: who wants it.
            name: of the store.
            confirmed: its name again, typed to be sure.

        Raises:
            InvalidRequestError: the name was confirmed wrongly.
            StoreNotFoundError: there is no such store.
            PseudonymousStoreError: it is no pseudonymous one.
            UnavailableError: the database cannot be reached, or the file cannot be deleted.
        """
        if confirmed != name:
            raise InvalidRequestError("`confirm` must be the name of the store, exactly")
        directory = self._directory()
        async with self._database.writing() as connection:
            kept = await lock_pseudonym_key(connection, name)
            gone = 0
            if kept.forgotten is None:
                gone = await forget_pseudonyms(connection, kept.store, caller.name)
                details = {"fingerprint": kept.fingerprint, "pseudonyms": gone}
                event = AuditEvent(caller, Action.PSEUDONYM_KEY_FORGOTTEN, name, details=details)
                await append_record(connection, kept.store, event)
        directory.remove(kept.fingerprint or "")
        return gone

    def _read(self, kept: KeptPseudonymKey, fingerprint: str) -> Pseudonyms:
        if kept.forgotten is not None:
            raise PseudonymKeyForgottenError(
                f"the key of this store was thrown away on {kept.forgotten:%Y-%m-%d}: nothing can"
                " be written to it any more, and nobody be found in it"
            )
        return self._directory().read(fingerprint)

    def _directory(self) -> PseudonymKeys:
        if self._keys is None:
            raise UnavailableError("no directory for the keys of pseudonymous stores is set")
        return self._keys


def _names_actors(condition: Filter) -> bool:
    is_exact = condition.operator.comparison is Comparison.ANY_OF
    return is_exact and condition.dimension.name == _ACTOR


class Met:
    """Who is named in one request, and is hidden in its texts."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self.pseudonyms = pseudonyms
        self.identifiers: dict[UUID, Ifi] = {}

    def hidden(self, raw: bytes) -> bytes:
        """Return JSON text with all Agents and Groups by their pseudonyms, wherever they stand."""
        return replace_agents(raw, self._replacement)

    def _replacement(self, ifi: Ifi) -> Ifi:
        pseudonym = self.pseudonyms.of(ifi)
        if pseudonym != ifi:
            self.identifiers[ifi_key(pseudonym)] = ifi
        return pseudonym

    def authority(self, authority: Authority) -> Authority:
        """Return the authority of a person without what tells who it is."""
        return authority_of_agent(self.pseudonyms.agent(authority.text.decode()))


def hidden_statement(met: Met, raw: bytes, statement: Statement, path: str = "") -> bytes:
    """Return the text of a valid statement with all whom it names by their pseudonyms.

    Raises:
        InvalidStatementError: it is signed: the signature names the actor, and fits nothing else.
    """
    signed = signed_at(statement, path)
    if signed:
        reason = "is a signature, which a pseudonymous store cannot keep: it names the actor"
        raise InvalidStatementError([Violation(each, reason, "Data 2.6") for each in signed])
    return met.hidden(raw)


def require_hidden(met: Met, record: StatementRecord, authority: Ifi) -> StatementRecord:
    """Return what is to be kept of a statement, if it names nobody any more: the last wall.

    Raises:
        PseudonymousStoreError: an identifier or a name is left.
    """
    left = [ifi for ifi in record.mentions.ifis.values() if not met.pseudonyms.is_one(ifi)]
    if record.mentions.names or any(ifi != authority for ifi in left):
        raise PseudonymousStoreError(
            "a statement names somebody in a way that no pseudonym could be put in the place of;"
            " nothing was stored"
        )
    return record
