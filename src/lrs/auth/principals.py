"""Who is asking."""

from dataclasses import dataclass
from enum import StrEnum

from lrs.xapi.leniencies import Mode


class SystemKind(StrEnum):
    """The kinds of tools that a learning ecosystem has."""

    LMS = "LMS"
    LXP = "LXP"
    AUTHORING = "authoring"
    VIDEO = "video"
    HR = "HR"
    TALENT = "talent"
    COLLABORATION = "collaboration"
    ANALYTICS = "analytics"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Principal:
    """A credential that was shown and found good.

    Attributes:
        store: the store that it belongs to; nothing else can be seen with it.
        store_name: what people call that store.
        mode: how strictly the store judges statements.
        credential: its number.
        key: the public half, the user name of HTTP Basic.
        system: the tool that holds it, such as "Moodle".
    """

    store: int
    store_name: str
    mode: Mode
    credential: int
    key: str
    label: str
    system: str
    system_kind: SystemKind
