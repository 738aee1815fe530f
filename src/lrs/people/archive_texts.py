"""The words of the archive of a person, in German and in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lrs.people.sentence_words import Speech

_Heads = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in the report; of each table its title, and the heads of its columns."""

    title: str
    nameless: str
    intro: str
    contained: str
    counted: _Heads
    things: Mapping[str, str]
    identifiers: str
    identifier: _Heads
    attributes: str
    attribute: _Heads
    teams: str
    team: _Heads
    courses: str
    course: _Heads
    newest: str
    deed: _Heads
    ever: str
    yes: str
    no: str
    readme: str


_DE: Final = Words(
    title="Gespeicherte Daten von",
    nameless="einer Person ohne bekannten Namen",
    intro=(
        "Auskunft nach Art. 15 und Art. 20 DSGVO, Stand {moment}. Diese Seite fasst zusammen; alles"
        " steht vollständig in den Dateien daneben, README.txt sagt, in welchen."
    ),
    contained="Umfang",
    counted=("Was", "Anzahl"),
    things=MappingProxyType(
        {
            "statements": "Statements",
            "attachments": "Anhänge",
            "documents": "Dokumente",
            "recipients": "Einträge darüber, wer Daten erhielt",
        }
    ),
    identifiers="Kennungen",
    identifier=("Art", "Kennung", "Herkunft"),
    attributes="Merkmale",
    attribute=("Merkmal", "Wert", "gilt ab", "gilt bis (ausschließlich)"),
    teams="Teams",
    team=("Team", "ab", "bis (ausschließlich)"),
    courses="Lernaktivitäten je System",
    course=("System", "Aktivität", "Statements", "zuerst", "zuletzt", "abgeschlossen", "bestes"),
    newest="Die neuesten Einträge",
    deed=("Wann", "Was", "System"),
    ever="-",
    yes="ja",
    no="nein",
    readme="""\
Auskunft nach Art. 15 und Art. 20 DSGVO, Stand {moment}

report.html      eine Übersicht zum Lesen und Drucken
person.json      was über die Person gespeichert ist: Kennungen, Merkmale und Teams mit ihrer
                 Gültigkeit, Benutzerkonten, Änderungen
statements/      alle Statements, in denen die Person handelt oder genannt ist, je eines in einer
                 Zeile (NDJSON), genau wie sie gespeichert sind; auch zurückgenommene (voided)
attachments/     Anhänge dieser Statements, benannt nach dem SHA-2, das im Statement steht
documents/       Zustände (State) und Profile der Person; die Dateien index-... sagen, was jedes ist
recipients/      wer wann welche Daten der Person erhielt, aus dem Protokoll (NDJSON)

Statements nennen manchmal auch andere Personen. Bitte geben Sie die Dateien nicht ungeprüft weiter.
""",
)
_EN: Final = Words(
    title="Data kept of",
    nameless="a person without a known name",
    intro=(
        "Access by Art. 15 and Art. 20 GDPR, as of {moment}. This page sums up; everything stands"
        " complete in the files beside it, README.txt tells in which."
    ),
    contained="What there is",
    counted=("What", "Number"),
    things=MappingProxyType(
        {
            "statements": "statements",
            "attachments": "attachments",
            "documents": "documents",
            "recipients": "records of who received data",
        }
    ),
    identifiers="Identifiers",
    identifier=("Kind", "Identifier", "Comes from"),
    attributes="Attributes",
    attribute=("Attribute", "Value", "valid from", "valid until (without)"),
    teams="Teams",
    team=("Team", "from", "until (without)"),
    courses="Learning by system",
    course=("System", "Activity", "Statements", "first", "last", "completed", "best"),
    newest="The newest entries",
    deed=("When", "What", "System"),
    ever="-",
    yes="yes",
    no="no",
    readme="""\
Access by Art. 15 and Art. 20 GDPR, as of {moment}

report.html      a page to read and to print
person.json      what is kept of the person: identifiers, attributes and teams with their validity,
                 user accounts, changes
statements/      all statements in which the person acts or is named, each in a line of its own
                 (NDJSON), exactly as they are kept; voided ones too
attachments/     attachments of these statements, named by the SHA-2 that stands in the statement
documents/       states and profiles of the person; the files index-... tell what each is
recipients/      who received which data of the person when, from the audit log (NDJSON)

Statements sometimes name other people too. Please look before you pass these files on.
""",
)
TEXTS: Final[Mapping[Speech, Words]] = MappingProxyType({Speech.DE: _DE, Speech.EN: _EN})
