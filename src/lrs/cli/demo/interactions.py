"""The questions of the interactive lessons: all ten interaction types of the standard."""

from random import Random
from typing import NamedTuple

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens
from lrs.cli.demo.statements import activity
from lrs.cli.demo.vocabulary import Json, Text

_Options = tuple[tuple[str, Text], ...]


class Question(NamedTuple):
    """One interaction (Data 2.4.4.1, Interaction Activities).

    Attributes:
        slug: its name within the lesson.
        kind: the interaction type.
        text: what is asked.
        right: the correct response; None where no answer is wrong.
        others: responses that people give instead.
        options: choices, scale, source or steps, as the type wants them.
        targets: for matching, what the options belong to.
    """

    slug: str
    kind: str
    text: Text
    right: str | None
    others: tuple[str, ...]
    options: _Options = ()
    targets: _Options = ()

    def activity(self, lesson_iri: str) -> Json:
        """Return the question as an Activity of its lesson."""
        name = Text(f"Frage: {self.slug}", f"Question: {self.slug}")
        definition: Json = {"interactionType": self.kind, **self._components()}
        if self.right is not None:
            definition["correctResponsesPattern"] = [self.right]
        iri = f"{lesson_iri}/{self.slug}"
        return activity(iri, vocabulary.INTERACTION, name, self.text, **definition)

    def answer(self, rng: Random, likelihood: float) -> tuple[str, bool | None]:
        """Return a response and whether it is right."""
        if self.right is None:
            return rng.choice(self.others), None
        is_right = happens(rng, likelihood)
        return (_literal(self.right) if is_right else rng.choice(self.others)), is_right

    def _components(self) -> Json:
        if not self.options:
            return {}
        if self.kind == "matching":
            return {"source": _components(self.options), "target": _components(self.targets)}
        return {_COMPONENT_LISTS[self.kind]: _components(self.options)}


_COMPONENT_LISTS = {
    "choice": "choices",
    "likert": "scale",
    "performance": "steps",
    "sequencing": "choices",
}


def _components(options: _Options) -> list[Json]:
    return [{"id": slug, "description": text.language_map()} for slug, text in options]


def _literal(pattern: str) -> str:
    """Return a response that fits the pattern: the lower end of a range, no parameters."""
    return pattern.rpartition("}")[2].partition("[:]")[0]


_SAFETY = Question(
    "blauer-rauch",
    "sequencing",
    Text("Es riecht verbrannt. Was in welcher Folge?", "It smells burnt. What comes first?"),
    "stop[,]warn[,]call",
    ("call[,]stop[,]warn", "warn[,]call[,]stop"),
    (
        ("stop", Text("Maschine anhalten", "Stop the machine")),
        ("warn", Text("Andere warnen", "Warn the others")),
        ("call", Text("Meldung absetzen", "Report it")),
    ),
)
_PRIVACY = Question(
    "personenbezogen",
    "choice",
    Text("Welche Angaben sind personenbezogen?", "Which of these are personal data?"),
    "mail[,]plate",
    ("mail", "plate", "mail[,]torque"),
    (
        ("mail", Text("E-Mail-Adresse", "E-mail address")),
        ("plate", Text("Autokennzeichen", "Number plate")),
        ("torque", Text("Drehmoment", "Torque")),
    ),
)
_PHISHING = Question(
    "absender",
    "true-false",
    Text(
        "Der angezeigte Absender einer E-Mail ist verlässlich.",
        "The sender shown in an e-mail can be relied on.",
    ),
    "false",
    ("true",),
)
_GEARS = Question(
    "uebersetzung",
    "numeric",
    Text(
        "Motor 1450/min, Abtrieb 58/min: Wie groß ist die Übersetzung?",
        "Motor 1450 rpm, output 58 rpm: what is the gear ratio?",
    ),
    "24.9[:]25.1",
    ("2.5", "0.04", "1392"),
)
_CNC = Question(
    "eilgang",
    "fill-in",
    Text("Welcher Befehl fährt im Eilgang?", "Which command moves at rapid traverse?"),
    "{case_matters=false}G00",
    ("G01", "G28", "M03"),
)
_SYMBOLS = Question(
    "schaltzeichen",
    "matching",
    Text("Ordnen Sie die Kennbuchstaben zu.", "Match the letter codes."),
    "k[.]contactor[,]f[.]fuse[,]m[.]motor",
    ("k[.]fuse[,]f[.]contactor[,]m[.]motor", "k[.]motor[,]f[.]fuse[,]m[.]contactor"),
    (("k", Text("K1", "K1")), ("f", Text("F1", "F1")), ("m", Text("M1", "M1"))),
    (
        ("contactor", Text("Schütz", "Contactor")),
        ("fuse", Text("Sicherung", "Fuse")),
        ("motor", Text("Motor", "Motor")),
    ),
)
_KAIZEN = Question(
    "verschwendung",
    "choice",
    Text("Was davon ist Verschwendung?", "Which of these is waste?"),
    "waiting",
    ("training", "checking"),
    (
        ("waiting", Text("Warten auf Teile", "Waiting for parts")),
        ("training", Text("Anlernen", "Training")),
        ("checking", Text("Prüfen vor Versand", "Checking before shipping")),
    ),
)
_OBJECTION = Question(
    "einwand",
    "performance",
    Text("Führen Sie das Gespräch bis zur Rückfrage.", "Lead the talk up to the question."),
    "listen[.]yes[,]ask[.]open",
    ("listen[.]no[,]ask[.]open", "listen[.]yes[,]ask[.]closed"),
    (
        ("listen", Text("Ausreden lassen", "Let them finish")),
        ("ask", Text("Nachfragen", "Ask back")),
    ),
)
_SUPPLIERS = Question(
    "kennzahl",
    "numeric",
    Text(
        "470 von 500 Lieferungen pünktlich: Wie viel Prozent?",
        "470 of 500 deliveries on time: how many per cent?",
    ),
    "94[:]94",
    ("9.4", "90", "30"),
)
_PROJECT = Question(
    "phasen",
    "sequencing",
    Text("Bringen Sie die Phasen in ihre Folge.", "Put the phases in order."),
    "mandate[,]plan[,]work[,]review",
    ("plan[,]mandate[,]work[,]review", "mandate[,]work[,]plan[,]review"),
    (
        ("mandate", Text("Auftrag", "Mandate")),
        ("plan", Text("Plan", "Plan")),
        ("work", Text("Umsetzung", "Work")),
        ("review", Text("Rückblick", "Review")),
    ),
)
_SQL = Question(
    "verbund",
    "fill-in",
    Text("Welches Wort verbindet zwei Tabellen?", "Which word connects two tables?"),
    "{case_matters=false}JOIN",
    ("MERGE", "UNION", "WHERE"),
)
_AI = Question(
    "pruefen",
    "true-false",
    Text(
        "Zahlen aus einem Sprachmodell müssen geprüft werden.",
        "Figures from a language model have to be checked.",
    ),
    "true",
    ("false",),
)
_FEEDBACK = Question(
    "rueckmeldung",
    "performance",
    Text("Geben Sie Rückmeldung in drei Schritten.", "Give feedback in three steps."),
    "seen[.]fact[,]effect[.]own[,]wish[.]clear",
    ("seen[.]blame[,]effect[.]own[,]wish[.]clear", "seen[.]fact[,]effect[.]own[,]wish[.]vague"),
    (
        ("seen", Text("Beobachtung", "Observation")),
        ("effect", Text("Wirkung", "Effect")),
        ("wish", Text("Wunsch", "Wish")),
    ),
)
_ENGLISH = Question(
    "bauteile",
    "matching",
    Text("Ordnen Sie die Wörter zu.", "Match the words."),
    "welle[.]shaft[,]lager[.]bearing",
    ("welle[.]wave[,]lager[.]bearing", "welle[.]shaft[,]lager[.]wave"),
    (("welle", Text("Welle", "Welle")), ("lager", Text("Lager", "Lager"))),
    (
        ("shaft", Text("shaft", "shaft")),
        ("bearing", Text("bearing", "bearing")),
        ("wave", Text("wave", "wave")),
    ),
)
_SURE = Question(
    "sicherheit",
    "likert",
    Text("Wie sicher fühlen Sie sich?", "How confident do you feel?"),
    None,
    ("low", "middle", "middle", "high"),
    (
        ("low", Text("unsicher", "not confident")),
        ("middle", Text("teils, teils", "somewhat")),
        ("high", Text("sicher", "confident")),
    ),
)
_TRANSFER = Question(
    "vorsatz",
    "long-fill-in",
    Text("Was nehmen Sie an Ihren Arbeitsplatz mit?", "What will you take to your work?"),
    None,
    (
        "Ich probiere es in der nächsten Schicht aus.",
        "Wir sprechen im Team darüber.",
        "I will show it to a colleague.",
        "Die Checkliste hänge ich an die Werkbank.",
        "Noch unklar, ich frage nach.",
    ),
)
_SKETCH = Question(
    "skizze",
    "other",
    Text("Zeichnen Sie den Ablauf.", "Sketch the workflow."),
    None,
    ("skizze-1.svg", "skizze-2.svg"),
)

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "arbeitssicherheit": (_SAFETY, _SURE, _TRANSFER),
    "datenschutz": (_PRIVACY, _PHISHING, _TRANSFER),
    "informationssicherheit": (_PHISHING, _PRIVACY, _SURE),
    "antriebstechnik": (_GEARS, _SYMBOLS, _ENGLISH, _SURE),
    "cnc-programmierung": (_CNC, _GEARS, _SKETCH, _SURE),
    "schaltplaene": (_SYMBOLS, _SAFETY, _SKETCH, _SURE),
    "kaizen": (_KAIZEN, _SKETCH, _TRANSFER),
    "kundengespraeche": (_OBJECTION, _FEEDBACK, _TRANSFER),
    "lieferketten": (_SUPPLIERS, _KAIZEN, _SURE),
    "projektmanagement": (_PROJECT, _FEEDBACK, _TRANSFER),
    "sql": (_SQL, _SUPPLIERS, _PRIVACY, _SURE),
    "ki-im-alltag": (_AI, _PRIVACY, _TRANSFER),
    "fuehrung": (_FEEDBACK, _OBJECTION, _TRANSFER),
    "technisches-englisch": (_ENGLISH, _SYMBOLS, _SURE),
}
