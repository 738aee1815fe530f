"""The six systems of the company: who sends statements to the LRS."""

from dataclasses import dataclass

from lrs.auth.principals import SystemKind


@dataclass(frozen=True, slots=True)
class System:
    """One system of the ecosystem, with a credential of its own.

    Attributes:
        name: what people call it; also the system name of its credential.
        kind: what it is, such as `LMS`.
        platform: what it writes into `context.platform` (Data 2.4.6).
        home: the address that its activity ids begin with.
        local_time: whether it writes the time of the office rather than UTC.
    """

    name: str
    kind: SystemKind
    platform: str
    home: str
    local_time: bool = False


LMS = System(
    "Moodle", SystemKind.LMS, "Moodle 4.5", "https://moodle.quellbach.example", local_time=True
)
LXP = System("Lernkompass", SystemKind.LXP, "Lernkompass", "https://lernkompass.quellbach.example")
AUTHORING = System(
    "Kurswerkstatt",
    SystemKind.AUTHORING,
    "Kurswerkstatt Player 3",
    "https://inhalte.quellbach.example",
)
VIDEO = System(
    "Mediathek", SystemKind.VIDEO, "Mediathek Web", "https://mediathek.quellbach.example"
)
COLLABORATION = System(
    "Teamraum",
    SystemKind.COLLABORATION,
    "Teamraum",
    "https://teamraum.quellbach.example",
    local_time=True,
)
TALENT = System("Talentakte", SystemKind.HR, "Talentakte", "https://talentakte.quellbach.example")

SYSTEMS = (LMS, LXP, AUTHORING, VIDEO, COLLABORATION, TALENT)

# Not part of the story: the office that knows who is who.
PERSONNEL = System("Personalabteilung", SystemKind.HR, "", "")
# Not part of the story: what reads the sums at its end.
REPORTING = System("Report", SystemKind.ANALYTICS, "", "")
