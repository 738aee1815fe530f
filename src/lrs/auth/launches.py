"""What a launch token is limited to: one learner's one attempt at one activity."""

from dataclasses import dataclass
from uuid import UUID

from lrs.auth.scopes import Scope, Scopes
from lrs.errors import ForbiddenError
from lrs.xapi.actors import Agent
from lrs.xapi.descriptions import Descriptions
from lrs.xapi.statements import Statement, sub_statement_of
from lrs.xapi.uuids import uuid_of
from lrs.xapi.verbs import VOIDED

# What a launch token may do at most: what content needs that plays, by cmi5 too.
LAUNCH_SCOPES = Scopes({Scope.STATEMENTS_WRITE, Scope.STATE, Scope.PROFILE})
# What may follow the IRI of an activity in that of a part of it; in a URN a colon may too.
_SEPARATORS = ("/", "#", "?")
_URN = "urn:"


@dataclass(frozen=True, slots=True)
class Launch:
    """One attempt.

    Attributes:
        id: of the token.
        actor: the key of the Agent that learns.
        registration: of the attempt.
        activity: the IRI of what was launched.
    """

    id: UUID
    actor: UUID
    registration: UUID
    activity: str

    def check_statement(
        self, statement: Statement, descriptions: Descriptions, path: str = ""
    ) -> None:
        """Refuse a statement that is not about this attempt.

        Args:
            statement: a valid one.
            descriptions: the activities that it names.
            path: where it lies in the request, such as `statements[3]`.

        Raises:
            ForbiddenError: it is of another actor, registration or activity, or voids another.
        """
        objection = self._objection(statement, descriptions)
        if objection is not None:
            where = f"{path}: " if path else ""
            raise ForbiddenError(f"{where}{objection}; nothing was stored")

    def check_activity(self, iri: str) -> None:
        """Refuse an activity that is neither the one of this attempt nor a part of it.

        Raises:
            ForbiddenError: it is another one.
        """
        if iri != self.activity and not self._is_part(iri):
            raise ForbiddenError("the launch token is not for this activity")

    def _objection(self, statement: Statement, descriptions: Descriptions) -> str | None:
        actor, context = statement.actor, statement.context
        # A Group could bring members, who are others.
        if not isinstance(actor, Agent) or actor.key != self.actor:
            return "the actor is not the Agent that the launch token is for"
        sent = context.registration if context else None
        if sent is None or uuid_of(sent) != self.registration:
            return "context.registration is not the one that the launch token is for"
        if statement.verb.id == VOIDED:
            return "a launch token voids no statements"
        if not self._plans_for_the_learner(statement):
            return "the SubStatement has another actor or registration than the launch token"
        if not self._is_concerned(statement, descriptions):
            return (
                "the object is neither the activity that the launch token is for nor a part of it,"
                " and context.contextActivities do not name that activity"
            )
        return None

    def _plans_for_the_learner(self, statement: Statement) -> bool:
        plan = sub_statement_of(statement)
        if plan is None:
            return True
        sent = plan.context.registration if plan.context else None
        is_own = isinstance(plan.actor, Agent) and plan.actor.key == self.actor
        return is_own and (sent is None or uuid_of(sent) == self.registration)

    def _is_concerned(self, statement: Statement, descriptions: Descriptions) -> bool:
        named = [each.iri for each in descriptions.activities]
        if self.activity in named:
            return True
        # If the object is an Activity, it is the first that is named.
        return statement.object.object_type in {None, "Activity"} and self._is_part(named[0])

    def _is_part(self, iri: str) -> bool:
        whole = self.activity
        if not iri.startswith(whole):
            return False
        separators = (*_SEPARATORS, ":") if whole.startswith(_URN) else _SEPARATORS
        return whole.endswith(separators) or iri.startswith(separators, len(whole))
