"""The thirty verbs, the most used first, and the kinds of activities of the made-up company."""

from typing import NamedTuple

_ADL = "http://adlnet.gov/expapi/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"


class VerbWords(NamedTuple):
    """A verb as it is written into statements.

    Attributes:
        has_result: whether its statements bring a score.
    """

    iri: str
    english: str
    german: str
    has_result: bool = False


VERBS = (
    VerbWords(_ADL + "experienced", "experienced", "hat erlebt"),
    VerbWords(_ADL + "answered", "answered", "hat beantwortet", has_result=True),
    VerbWords(_VIDEO + "played", "played", "hat abgespielt"),
    VerbWords(_VIDEO + "paused", "paused", "hat angehalten"),
    VerbWords(_ADL + "launched", "launched", "hat gestartet"),
    VerbWords(_ADL + "initialized", "initialized", "hat begonnen"),
    VerbWords(_ADL + "terminated", "terminated", "hat beendet"),
    VerbWords(_ADL + "completed", "completed", "hat abgeschlossen", has_result=True),
    VerbWords(_ADL + "attempted", "attempted", "hat versucht"),
    VerbWords(_ADL + "progressed", "progressed", "ist vorangekommen"),
    VerbWords(_ADL + "passed", "passed", "hat bestanden", has_result=True),
    VerbWords(_ADL + "scored", "scored", "hat Punkte erreicht", has_result=True),
    VerbWords(_ADL + "interacted", "interacted with", "hat benutzt"),
    VerbWords(_VIDEO + "seeked", "sought", "ist gesprungen"),
    VerbWords(_ADL + "failed", "failed", "hat nicht bestanden", has_result=True),
    VerbWords(_ADL + "commented", "commented", "hat kommentiert"),
    VerbWords(_TINCAN + "viewed", "viewed", "hat angesehen"),
    VerbWords(_ADL + "registered", "registered for", "hat sich angemeldet"),
    VerbWords(_TINCAN + "rated", "rated", "hat bewertet", has_result=True),
    VerbWords(_ADL + "resumed", "resumed", "hat fortgesetzt"),
    VerbWords(_ADL + "suspended", "suspended", "hat unterbrochen"),
    VerbWords(_ADL + "mastered", "mastered", "beherrscht", has_result=True),
    VerbWords(_STREAMS + "share", "shared", "hat geteilt"),
    VerbWords(_STREAMS + "like", "liked", "mag"),
    VerbWords(_TINCAN + "downloaded", "downloaded", "hat heruntergeladen"),
    VerbWords(_TINCAN + "earned", "earned", "hat erworben"),
    VerbWords(_ADL + "asked", "asked", "hat gefragt"),
    VerbWords(_ADL + "preferred", "preferred", "hat vorgezogen"),
    VerbWords(_TINCAN + "bookmarked", "bookmarked", "hat vorgemerkt"),
    # Only in the few statements that are planted to be looked for.
    VerbWords(_ADL + "exited", "exited", "hat verlassen"),
)
COMMENTED = 15
VOIDED = VerbWords(_ADL + "voided", "voided", "hat widerrufen")

_TYPES = "http://adlnet.gov/expapi/activities/"
PROGRAMME, COURSE = _TYPES + "profile", _TYPES + "course"
PARTS = tuple(_TYPES + name for name in ("lesson", "module", "assessment", "media", "interaction"))
SUBJECTS = (
    "Safety at the machine", "Data protection", "Leading a team", "First aid", "Spreadsheets",
    "Negotiating", "Onboarding", "Fire drill", "Public speaking", "Project planning",
)  # fmt: skip
