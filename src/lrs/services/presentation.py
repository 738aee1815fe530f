"""How the statements of an answer are presented: exact, ids or canonical (Comm. 2.1.3)."""

from collections.abc import Sequence

from lrs.auth.principals import Principal
from lrs.storage.dictionary import find_descriptions
from lrs.storage.engines import Database
from lrs.xapi.accept_language import parse_accept_language
from lrs.xapi.formats import Canon, canonical, ids, mentioned
from lrs.xapi.json_text import separated
from lrs.xapi.older_readers import reduced
from lrs.xapi.queries import Format
from lrs.xapi.versions import Version


class PresentationService:
    """Puts statements into the format that was asked for."""

    def __init__(self, database: Database, *, reduces_newer: bool) -> None:
        """Make it.

        Args:
            database: where the canonical definitions are.
            reduces_newer: whether readers of 1.0.x get statements of 2.0 without what is new.
        """
        self._database = database
        self._reduces_newer = reduces_newer

    async def present(
        self,
        principal: Principal,
        texts: bytes,
        form: Format,
        accept_language: str | None,
        version: Version,
    ) -> bytes:
        """Return statements in a format, in their order; they come and go joined by commas.

        Args:
            principal: whose store knows the canonical definitions.
            texts: the JSON texts as they were stored.
            form: what the reader wants.
            accept_language: the header of that name, which only `canonical` follows.
            version: by whose rules the reader asks.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        is_reduced = self._reduces_newer and version is Version.V1_0_3
        if form is Format.EXACT and not is_reduced:
            return texts
        payloads = separated(texts)
        if is_reduced:
            payloads = [reduced(payload) for payload in payloads]
        if form is Format.IDS:
            payloads = [ids(payload) for payload in payloads]
        if form is Format.CANONICAL:
            canon = await self._canon(principal, payloads, accept_language)
            payloads = [canonical(payload, canon) for payload in payloads]
        return b",".join(payloads)

    async def _canon(
        self, principal: Principal, payloads: Sequence[bytes], accept_language: str | None
    ) -> Canon:
        named = [mentioned(payload) for payload in payloads]
        verbs = {iri for each in named for iri in each.verbs}
        activities = {iri for each in named for iri in each.activities}
        async with self._database.reading() as connection:
            displays, definitions = await find_descriptions(
                connection, principal.store, verbs, activities
            )
        return Canon(definitions, displays, parse_accept_language(accept_language))
