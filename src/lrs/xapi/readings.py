"""Statements as they are read to be kept, most of them put together from parts that came before.

The decoder of `usual_json` splits a statement. Its actor, verb, object, instructor and
contextActivities come from `known_parts`, models included. The model of the whole takes them as
they are and judges the rest; so do the rules, which are done with the known parts.

What is unusual or refused on this way is read again by `tolerant_statements`, which alone tells
what is wrong and what a tolerant store forgives. This way accepts nothing that the other refuses:
it has no decoder, model or rule of its own but for the names of properties below, and where one
is missing there, the statement is only read the long way.
"""

from collections.abc import Container
from typing import Final, NamedTuple, TypeAlias, TypedDict
from uuid import UUID

from msgspec import Raw
from pydantic import ValidationError

from lrs.xapi.completion import REPLACED, Completed, complete, extend
from lrs.xapi.descriptions import Description, Descriptions, described
from lrs.xapi.known_parts import (
    known_actor,
    known_context_activities,
    known_object,
    known_verb,
)
from lrs.xapi.leniencies import Leniency, Mode
from lrs.xapi.rules import statement_rules
from lrs.xapi.statements import Statement
from lrs.xapi.tolerant_statements import read_statement_as
from lrs.xapi.usual_json import UnusualError, check_usual, reader
from lrs.xapi.versions import Version

# What is longer seldom comes, and would take long to read twice.
_LONGEST: Final = 32 * 1024
_NO_LENIENCY: frozenset[Leniency] = frozenset()

# What the model and the rules judge.
_Value: TypeAlias = object


class _Context(TypedDict, total=False):
    registration: _Value
    instructor: Raw
    team: _Value
    contextActivities: Raw
    contextAgents: _Value
    contextGroups: _Value
    revision: _Value
    platform: _Value
    language: _Value
    statement: _Value
    extensions: _Value


class _Statement(TypedDict, total=False):
    id: _Value
    actor: Raw
    verb: Raw
    object: Raw
    result: _Value
    context: _Context
    timestamp: _Value
    stored: _Value
    authority: _Value
    version: _Value
    attachments: _Value


_split = reader(_Statement)


class Reading(NamedTuple):
    """A valid statement.

    Attributes:
        raw: its text as it came in, or a view of it.
        statement: its model.
        descriptions: the verbs and Activities that it names.
        leniencies: those without which it would have been refused.
        kept: the names of its properties, if all of them are kept as they came; otherwise None.
    """

    raw: bytes | Raw
    statement: Statement
    descriptions: Descriptions
    leniencies: frozenset[Leniency] = _NO_LENIENCY
    kept: Container[str] | None = None

    def completed(self, identifier: UUID, authority: bytes, version: Version) -> Completed:
        """Return the text with what the LRS adds; see `completion.complete`."""
        if self.kept is None:
            return complete(bytes(self.raw), identifier, authority, version)
        return extend(self.raw, self.kept, identifier, authority, version)


def read_statement_to_keep(mode: Mode, raw: bytes, version: Version, path: str = "") -> Reading:
    """Read one statement to be kept, as strictly as a store wants it, by the rules of a version.

    Args:
        mode: that of the store.
        raw: its JSON text, one of those that `json_text.split` returns.
        version: the version that the request asked for.
        path: where it lies in the request, such as `statements[3]`.

    Raises:
        InvalidRequestError: the text is no JSON.
        InvalidStatementError: rules are broken that the mode does not forgive; it names each.
    """
    usual = read_usual_statement(raw, version)
    if usual is not None:
        return usual
    statement, leniencies = read_statement_as(mode, raw, version, path)
    return Reading(raw, statement, described(raw), leniencies)


def read_usual_statement(raw: bytes, version: Version) -> Reading | None:
    """Read a statement that breaks no rule; None if it has to be read the long way."""
    if len(raw) > _LONGEST:
        return None
    try:
        check_usual(raw)
        return _put_together(raw, _split(raw), version)
    except (UnusualError, ValidationError, KeyError):
        return None


def _put_together(raw: bytes, texts: _Statement, version: Version) -> Reading:
    actor = known_actor(texts["actor"])
    verb = known_verb(texts["verb"])
    target = known_object(texts["object"])
    shaped = {**texts, "actor": actor.model, "verb": verb.model, "object": target.model}
    activities, is_kept = target.described, REPLACED.isdisjoint(texts)
    if "context" in texts:
        context = _context(texts["context"])
        shaped["context"] = context.shaped
        activities += context.activities
        is_kept = is_kept and context.is_kept
    statement = Statement.model_validate(shaped)
    # The rules look at values only: what is left as a text was judged by itself.
    left = {**texts, "verb": verb.parsed, "object": target.parsed}
    if next(statement_rules(left, version), None) is not None:
        raise UnusualError
    descriptions = Descriptions(verb.described, activities)
    return Reading(raw, statement, descriptions, kept=texts if is_kept else None)


class _ShapedContext(NamedTuple):
    """A context that the model can take."""

    shaped: dict[str, object]
    activities: tuple[Description, ...]
    is_kept: bool


def _context(texts: _Context) -> _ShapedContext:
    shaped: dict[str, object] = {**texts}
    if "instructor" in texts:
        shaped["instructor"] = known_actor(texts["instructor"]).model
    if "contextActivities" not in texts:
        return _ShapedContext(shaped, (), is_kept=True)
    known = known_context_activities(texts["contextActivities"])
    shaped["contextActivities"] = known.model
    return _ShapedContext(shaped, known.described, known.is_kept)
