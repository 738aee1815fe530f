"""What a sum knows of one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement that counts: of the asker's store, not voided, under the watermark.

    Attributes:
        timestamp: when it happened, aware.
        stored: when the LRS took it, aware.
        verb: id of the verb.
        actor: canonical identifier of the actor; None for an anonymous Group.
        person: id of the person whose identifier that is, or the key of one that nobody has joined.
        attributes: what was known of that person on the local day of `timestamp`, in the time zone
            of the query.
        teams: names of all teams that they were in on that day, each once.
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
    person: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    teams: Sequence[str] = ()
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
