"""What an import has to tell: of each row that is no good, of each person who is changed."""

from enum import StrEnum

from msgspec import Struct


class FindingKind(StrEnum):
    """What became of a row, or of the person that it is about."""

    CREATED = "created"
    # An identifier that statements know already belongs to the person now.
    JOINED = "joined"
    CHANGED = "changed"
    # It says what is known to be another's: the person is left alone.
    CONTRADICTED = "contradicted"
    # The row is no good and was left out, or one value of it.
    REFUSED = "refused"
    # Done, but somebody may want to know.
    NOTED = "noted"


PROBLEMS = frozenset((FindingKind.CONTRADICTED, FindingKind.REFUSED))


class Finding(Struct, frozen=True):
    """One thing to be told.

    Attributes:
        row: as a spreadsheet counts it, or the number of the object; 0 is the whole list.
        person: by whose personnel number or mail address the row goes, if it has one.
        column: as the list calls it.
    """

    kind: FindingKind
    row: int
    text: str
    person: str | None = None
    column: str | None = None


class Counts(Struct):
    """The sum of an import.

    Attributes:
        rows: that were read, without the header.
        refused: of these rows.
        people: of whom the other rows tell, those left alone among them.
        refused_values: of rows that were taken but for them.
        identifiers: that persons did not have before; `joined` is how many of them statements know.
        values: of attributes and teams that are other than before.
    """

    rows: int = 0
    refused: int = 0
    people: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    contradicted: int = 0
    refused_values: int = 0
    identifiers: int = 0
    joined: int = 0
    values: int = 0
    names: int = 0
