"""What a store wants to know of its people, and the rules by which it joins identifiers."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from lrs.auth.audit import Action, Caller
from lrs.errors import InvalidRequestError
from lrs.people.attributes import AttributeDefinition
from lrs.people.joining import JoiningRule, RuleKind
from lrs.services.shown_people import event_of
from lrs.storage.attribute_definitions import definitions_of, delete_definition, put_definition
from lrs.storage.audit import append_record
from lrs.storage.checked_values import definition_of
from lrs.storage.engines import Database
from lrs.storage.joining_rules import create_rule, delete_rule, list_rules
from lrs.storage.person_writing import writing_people
from lrs.xapi.iris import is_iri


class PeopleSchemaService:
    """Keeps definitions of attributes and joining rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def definitions(self, store: int) -> Sequence[AttributeDefinition]:
        """Return the attributes of a store, by their names.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return [*(await definitions_of(connection, store)).values()]

    async def define(self, caller: Caller, store: int, definition: AttributeDefinition) -> None:
        """Keep an attribute, in the place of the one that has its name.

        Raises:
            PersonConflictError: there are values of another type.
            InvalidRequestError: there are too many.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            await put_definition(connection, store, definition)
            event = event_of(
                caller,
                Action.ATTRIBUTE_DEFINED,
                definition.name,
                type=definition.type.value,
                is_sensitive=definition.is_sensitive,
            )
            await append_record(connection, store, event)

    async def remove_definition(self, caller: Caller, store: int, name: str) -> None:
        """Give up an attribute that nobody has a value of.

        Raises:
            PersonNotFoundError: there is none of this name.
            PersonConflictError: there are values, or a rule joins by it.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            await delete_definition(connection, store, name)
            await append_record(connection, store, event_of(caller, Action.ATTRIBUTE_REMOVED, name))

    async def rules(self, store: int) -> Mapping[UUID, JoiningRule]:
        """Return the rules of a store by their ids, the oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_rules(connection, store)

    async def create_rule(self, caller: Caller, store: int, rule: JoiningRule) -> UUID:
        """Keep a rule, and return its id; it is applied to all that is known in the background.

        Raises:
            InvalidRequestError: it lacks what its kind asks for, or there are too many.
            UnknownMemberError: the store knows no such attribute.
            PersonConflictError: the store has the rule already.
            UnavailableError: the database cannot be reached.
        """
        _check_rule(rule)
        async with writing_people(self._database, store) as connection:
            if rule.attribute is not None:
                definition_of(await definitions_of(connection, store), rule.attribute)
            made = await create_rule(connection, store, rule)
            event = event_of(caller, Action.JOINING_RULE_MADE, made, kind=rule.kind.value)
            await append_record(connection, store, event)
        return made

    async def delete_rule(self, caller: Caller, store: int, rule: UUID) -> None:
        """Give up a rule; what it has brought is given up in the background.

        Raises:
            PersonNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            gone = await delete_rule(connection, store, rule)
            event = event_of(caller, Action.JOINING_RULE_REMOVED, rule, kind=gone.kind.value)
            await append_record(connection, store, event)


def _check_rule(rule: JoiningRule) -> None:
    """Refuse a rule that lacks what its kind asks for, or has more.

    Raises:
        InvalidRequestError: it does.
    """
    if rule.kind is RuleKind.MBOX_SHA1SUM:
        raise InvalidRequestError("that an mbox_sha1sum is the SHA-1 of an mbox holds in any store")
    if rule.home_page is None or not is_iri(rule.home_page) or " " in rule.home_page:
        raise InvalidRequestError("`home_page` must be the IRI that the accounts have as theirs")
    if (rule.attribute is not None) != (rule.kind is RuleKind.ACCOUNT_IS_ATTRIBUTE):
        raise InvalidRequestError("`attribute` goes with `account_is_attribute`, and only with it")
