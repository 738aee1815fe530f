"""What goes into the archive of a person, in which order, and how far that has come."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stage(StrEnum):
    """What is put into it; the last two are ends."""

    WAITING = "waiting"
    STATEMENTS = "statements"
    ATTACHMENTS = "attachments"
    DOCUMENTS = "documents"
    RECIPIENTS = "recipients"
    REPORT = "report"
    READY = "ready"
    FAILED = "failed"


FOLLOWING: Final[Mapping[Stage, Stage]] = MappingProxyType(
    {
        Stage.WAITING: Stage.STATEMENTS,
        Stage.STATEMENTS: Stage.ATTACHMENTS,
        Stage.ATTACHMENTS: Stage.DOCUMENTS,
        Stage.DOCUMENTS: Stage.RECIPIENTS,
        Stage.RECIPIENTS: Stage.REPORT,
        Stage.REPORT: Stage.READY,
    }
)
# How many per cent are done when a stage begins; what is still to come is never nothing.
_BEGINS: Final[Mapping[Stage, int]] = MappingProxyType(
    {
        Stage.WAITING: 0,
        Stage.STATEMENTS: 1,
        Stage.ATTACHMENTS: 75,
        Stage.DOCUMENTS: 88,
        Stage.RECIPIENTS: 94,
        Stage.REPORT: 97,
        Stage.READY: 100,
    }
)


def percent(stage: Stage, done: int, total: int) -> int:
    """Return how much is done of an archive; of one that has failed, nothing.

    Args:
        stage: that it is in.
        done: how many things of this stage are in it.
        total: how many there were when the stage began; 0 if they were not counted.
    """
    if stage is Stage.FAILED:
        return 0
    begin = _BEGINS[stage]
    if stage is Stage.READY or not total:
        return begin
    share = (_BEGINS[FOLLOWING[stage]] - begin) * min(done, total) // total
    return min(begin + share, 99)
