"""What a sum knows of one statement."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement that counts: of the asker's store, not voided, under the watermark.

    Attributes:
        timestamp: when it happened, aware.
        stored: when the LRS took it, aware.
        verb: id of the verb.
        actor: canonical identifier of the actor; None for an anonymous Group.
        activity: id of the object, where the object is an Activity.
        activity_type: the newest type that came in for that Activity.
        system: the tool whose credential brought the statement.
        platform: `context.platform`.
        score_scaled: `result.score.scaled`.
        score_raw: `result.score.raw`.
        score_min: `result.score.min`.
        score_max: `result.score.max`.
        success: `result.success`.
        completion: `result.completion`.
        duration: `result.duration` in seconds.
    """

    timestamp: datetime
    stored: datetime
    verb: str
    actor: str | None = None
    activity: str | None = None
    activity_type: str | None = None
    system: str | None = None
    platform: str | None = None
    score_scaled: float | None = None
    score_raw: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    success: bool | None = None
    completion: bool | None = None
    duration: float | None = None
