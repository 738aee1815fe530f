"""What is said of each known verb, in German and in English.

`{acc}` and `{dat}` are the object in German, in the two cases that verbs ask for; `{it}` is the
object in English. `{how}` is the score and the time that it took, `{rightly}` whether an answer
was right, `{passed}` whether the result was a success, and `{outcome}` also whether it was the end.
`{score}`, `{share}`, `{stars}` and `{said}` stand only where there is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Phrase:
    """What follows the name of a person.

    Attributes:
        needs: the slot without whose value another phrase is taken, `otherwise`.
        is_told: whether what somebody answered or wrote is told at the end.
    """

    de: str
    en: str
    needs: str | None = None
    otherwise: "Phrase | None" = None
    is_told: bool = False


def _judged(de: str, en: str) -> Phrase:
    return Phrase(f"{de} {{outcome}}", f"{en} {{outcome}}")


def _told(de: str, en: str) -> Phrase:
    return Phrase(de, en, is_told=True)


# What happens in courses, lessons and tests.
_LEARNING = {
    "launched": Phrase("hat {acc} gestartet", "launched {it}"),
    "initialized": Phrase("hat {acc} begonnen", "started {it}"),
    "attempted": _judged("hat {acc} {how} versucht", "attempted {it} {how}"),
    "resumed": Phrase("hat {acc} fortgesetzt", "resumed {it}"),
    "progressed": Phrase(
        "hat bei {dat} {share} erreicht",
        "reached {share} of {it}",
        "share",
        Phrase("ist bei {dat} vorangekommen", "made progress in {it}"),
    ),
    "completed": Phrase("hat {acc} {how} abgeschlossen {passed}", "completed {it} {how} {passed}"),
    "satisfied": Phrase(
        "hat die Anforderungen von {dat} {how} erfüllt", "met the requirements of {it} {how}"
    ),
    "waived": Phrase("hat {acc} {how} anerkannt bekommen", "was credited with {it} {how}"),
    "passed": Phrase("hat {acc} {how} bestanden", "passed {it} {how}"),
    "failed": Phrase("hat {acc} {how} nicht bestanden", "failed {it} {how}"),
    "scored": Phrase(
        "hat bei {dat} ein Ergebnis von {score} erreicht",
        "scored {score} on {it}",
        "score",
        _judged("hat für {acc} ein Ergebnis erhalten", "got a result for {it}"),
    ),
    "mastered": Phrase("hat {acc} {how} gemeistert", "mastered {it} {how}"),
    "earned": Phrase("hat {acc} {how} erworben", "earned {it} {how}"),
    "answered": _told("hat {acc} {rightly} {how} beantwortet", "answered {it} {rightly} {how}"),
    "terminated": _judged("hat {acc} {how} beendet", "ended {it} {how}"),
    "exited": _judged("hat {acc} {how} verlassen", "left {it} {how}"),
    "suspended": _judged("hat {acc} {how} unterbrochen", "suspended {it} {how}"),
    "abandoned": _judged("hat {acc} {how} abgebrochen", "abandoned {it} {how}"),
    "interacted": _judged("hat mit {dat} gearbeitet", "interacted with {it}"),
    "selected": _told("hat {acc} ausgewählt", "selected {it}"),
    "evaluated": _judged("hat {acc} {how} beurteilt", "evaluated {it} {how}"),
}
# What somebody reads, sees and hears.
_MEDIA = {
    "experienced": _judged("hat sich {acc} {how} angesehen", "experienced {it} {how}"),
    "viewed": _judged("hat sich {acc} {how} angesehen", "viewed {it} {how}"),
    "read": _judged("hat {acc} {how} gelesen", "read {it} {how}"),
    "listened": _judged("hat sich {acc} {how} angehört", "listened to {it} {how}"),
    "watched": _judged("hat sich {acc} {how} angeschaut", "watched {it} {how}"),
    "played": Phrase("hat {acc} abgespielt", "played {it}"),
    "paused": Phrase("hat {acc} angehalten", "paused {it}"),
    "seeked": Phrase(
        "ist in {dat} an eine andere Stelle gesprungen", "jumped to another part of {it}"
    ),
    "skipped": Phrase("hat {acc} übersprungen", "skipped {it}"),
    "opened": Phrase("hat {acc} geöffnet", "opened {it}"),
    "previewed": Phrase("hat eine Vorschau von {dat} angesehen", "previewed {it}"),
    "downloaded": Phrase("hat {acc} heruntergeladen", "downloaded {it}"),
}
# What somebody thinks of something, and tells others.
_OPINIONS = {
    "rated": Phrase(
        "hat {acc} mit {stars} bewertet",
        "rated {it} {stars}",
        "stars",
        Phrase("hat {acc} {how} bewertet", "rated {it} {how}", is_told=True),
        is_told=True,
    ),
    "liked": Phrase("hat {acc} mit »Gefällt mir« markiert", "liked {it}"),
    "disliked": Phrase("hat {acc} mit »Gefällt mir nicht« markiert", "disliked {it}"),
    "preferred": Phrase("hat {acc} als Favorit markiert", "marked {it} as a favourite"),
    "bookmarked": Phrase("hat {acc} vorgemerkt", "bookmarked {it}"),
    "saved": Phrase("hat {acc} gespeichert", "saved {it}"),
    "followed": Phrase("folgt {dat}", "followed {it}"),
    "voted-up": Phrase("hat für {acc} gestimmt", "voted for {it}"),
    "voted-down": Phrase("hat gegen {acc} gestimmt", "voted against {it}"),
    "commented": _told("hat {acc} kommentiert", "commented on {it}"),
    "shared": _told("hat {acc} geteilt", "shared {it}"),
    "posted": _told("hat {acc} veröffentlicht", "posted {it}"),
    "replied": _told("hat auf {acc} geantwortet", "replied to {it}"),
    "responded": _told("hat auf {acc} geantwortet", "responded to {it}"),
    "asked": _told("hat zu {dat} eine Frage gestellt", "asked a question about {it}"),
    "mentored": Phrase("hat {acc} begleitet", "mentored {it}"),
    "reviewed": _told("hat {acc} geprüft", "reviewed {it}"),
    "approved": Phrase("hat {acc} bestätigt", "approved {it}"),
}
# What somebody comes to, goes from and works on.
_OTHERS = {
    "attended": _judged("hat {how} an {dat} teilgenommen", "attended {it} {how}"),
    "joined": Phrase("ist {dat} beigetreten", "joined {it}"),
    "left": Phrase("hat {acc} verlassen", "left {it}"),
    "registered": Phrase("hat sich für {acc} angemeldet", "registered for {it}"),
    "was-assigned": Phrase("hat {acc} zugewiesen bekommen", "was assigned {it}"),
    "searched": Phrase(
        "hat in {dat} nach {said} gesucht",
        "searched {it} for {said}",
        "said",
        Phrase("hat in {dat} gesucht", "searched {it}"),
    ),
    "logged-in": Phrase("hat sich bei {dat} angemeldet", "signed in to {it}"),
    "logged-out": Phrase("hat sich bei {dat} abgemeldet", "signed out of {it}"),
    "created": Phrase("hat {acc} angelegt", "created {it}"),
    "edited": Phrase("hat {acc} bearbeitet", "edited {it}"),
    "deleted": Phrase("hat {acc} gelöscht", "deleted {it}"),
    "discarded": Phrase("hat {acc} verworfen", "discarded {it}"),
    "imported": Phrase("hat {acc} importiert", "imported {it}"),
    "uploaded": Phrase("hat {acc} hochgeladen", "uploaded {it}"),
    "voided": Phrase("hat {acc} für ungültig erklärt", "voided {it}"),
}
# By the words of `lrs.xapi.known_verbs`.
PHRASES: Mapping[str, Phrase] = MappingProxyType(_LEARNING | _MEDIA | _OPINIONS | _OTHERS)
