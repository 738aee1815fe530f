"""What a launch token is limited to: one learner's one attempt at one activity."""

from dataclasses import dataclass
from uuid import UUID


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
