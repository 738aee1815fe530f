"""What a person can read of their archive: a page in their language, and a word on each file.

The page needs nothing but itself. Whatever others wrote stands in it as text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from lrs.people.archive_texts import TEXTS, Words
from lrs.people.histories import Deed, Described, entry_of, named
from lrs.people.identifiers import account_parts
from lrs.people.sentence_words import Speech, percent
from lrs.people.sentences import speaking_name
from lrs.xapi.accept_language import Languages, parse_accept_language
from lrs.xapi.keys import Ifi

_STYLE: Final = """
body { font-family: sans-serif; line-height: 1.45; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { border: 1px solid #bbb; padding: .3rem .5rem; text-align: left; vertical-align: top;
         overflow-wrap: anywhere; }
th { background: #eee; }
tr { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; } thead { display: table-header-group; } }
"""
_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Course:
    """What a person did with an activity in a system.

    Attributes:
        names: of the activity, as JSON text; None if nobody has told one.
        completed: None if no statement says so or otherwise.
        best: the best scaled score.
    """

    system: str
    iri: str
    names: bytes | None
    count: int
    first: datetime
    last: datetime
    completed: bool | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the page tells.

    Attributes:
        record: of the person, as it is written into the archive.
        deeds: the newest first.
        made: when the archive was ordered.
        counts: of statements, attachments, documents and of those who received something.
    """

    record: Mapping[str, Any]
    courses: Sequence[Course]
    deeds: Sequence[Deed]
    made: datetime
    counts: Mapping[str, int]


def report(told: Told, language: str) -> str:
    """Return the page."""
    speech = Speech(language)
    words = TEXTS[speech]
    languages = parse_accept_language(language)
    name = name_of(told.record)
    title = f"{words.title} {name or words.nameless}"
    content = [
        _paragraph(words.intro.format(moment=_moment(told.made))),
        _section(words.contained, words.counted, _counts(told.counts, words)),
        _section(words.identifiers, words.identifier, _identifiers(told.record)),
        _section(words.attributes, words.attribute, _values(told.record["attributes"], words)),
        _section(words.teams, words.team, _values(told.record["teams"], words)),
        _section(words.courses, words.course, _courses(told.courses, words, speech, languages)),
        _section(words.newest, words.deed, _deeds(told.deeds, name, languages)),
    ]
    return _PAGE.format(
        language=speech, title=escape(title), style=_STYLE, content="\n".join(content)
    )


def readme(language: str, made: datetime) -> str:
    """Return what each file of the archive is."""
    return TEXTS[Speech(language)].readme.format(moment=_moment(made))


def name_of(record: Mapping[str, Any]) -> str | None:
    """Return what a person is called: as it was told to the store, else as statements do."""
    kept = (record["person"] or {}).get("name")
    ifis = [Ifi(each["type"], each["value"]) for each in record["identifiers"]]
    return kept or speaking_name(record["namesInStatements"], ifis)


def _counts(counts: Mapping[str, int], words: Words) -> list[list[str]]:
    return [[words.things[name], str(count)] for name, count in counts.items()]


def _identifiers(record: Mapping[str, Any]) -> Iterable[list[str]]:
    for each in record["identifiers"]:
        value = each["value"]
        if each["type"] == "account":
            value = " · ".join(account_parts(Ifi("account", value)))
        yield [each["type"], value, each["source"]]


def _values(values: Iterable[Mapping[str, Any]], words: Words) -> Iterable[list[str]]:
    for each in values:
        told = [each["name"]] + ([each["value"]] if "value" in each else [])
        yield [*told, each["validFrom"] or words.ever, each["validUntil"] or words.ever]


def _courses(
    courses: Iterable[Course], words: Words, speech: Speech, languages: Languages
) -> Iterable[list[str]]:
    for each in courses:
        name = named(Described(each.iri, each.names), None, languages).name or each.iri
        completed = {True: words.yes, False: words.no, None: ""}[each.completed]
        best = "" if each.best is None else percent(each.best, speech)
        days = [_day(each.first), _day(each.last)]
        yield [each.system, name, str(each.count), *days, completed, best]


def _deeds(deeds: Iterable[Deed], who: str | None, languages: Languages) -> Iterable[list[str]]:
    for each in deeds:
        entry = entry_of(each, who, languages)
        yield [_moment(each.timestamp), entry.sentence, each.system.name]


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row("td", row) for row in rows]
    if not lines:
        return ""
    head = f"<thead>{_row('th', heads)}</thead>"
    body = "\n".join(lines)
    return f"<h2>{escape(title)}</h2>\n<table>{head}\n<tbody>\n{body}\n</tbody></table>"


def _row(kind: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
