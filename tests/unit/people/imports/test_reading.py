"""From the bytes of a list to its rows: encodings, separators, columns, cells."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest

from lrs.errors import InvalidRequestError
from lrs.people.attributes import AttributeDefinition, AttributeType
from lrs.people.imports.columns import Definitions, ListMapping, read_mapping
from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.json_lists import object_texts
from lrs.people.imports.listed import ListedRow
from lrs.people.imports.lists import CsvList, JsonList
from lrs.people.validities import OPEN_AFTER, OPEN_BEFORE, Validity
from lrs.xapi.keys import Ifi

HEADER = "Personalnummer;Name;E-Mail"
ROW = "P-1;Jürgen Groß;j.gross@firma.example"


def read(
    content: str | bytes, mapping: ListMapping | None = None, **more: Any
) -> list[ListedRow | Finding]:
    body = content.encode() if isinstance(content, str) else content
    people = CsvList(BytesIO(body), mapping or ListMapping(), **more)
    return [*people.rows(Definitions({}, mapping or ListMapping()))]


def rows(found: list[ListedRow | Finding]) -> list[ListedRow]:
    return [each for each in found if isinstance(each, ListedRow)]


def findings(found: list[ListedRow | Finding]) -> list[Finding]:
    return [each for each in found if isinstance(each, Finding)]


def only_row(content: str, mapping: ListMapping | None = None) -> ListedRow:
    (row,) = read(content, mapping)
    assert isinstance(row, ListedRow), row
    return row


def only_refusal(content: str | bytes) -> Finding:
    (finding,) = [each for each in findings(read(content)) if each.kind is FindingKind.REFUSED]
    return finding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_in_the_encodings_of_spreadsheets(encoding: str, end: str) -> None:
    body = f"{HEADER}{end}{ROW}{end}".encode(encoding)
    if encoding in ("utf-16-le", "utf-16-be"):
        body = "\ufeff".encode(encoding) + body
    (row,) = read(body)
    assert isinstance(row, ListedRow)
    assert (row.number, row.key, row.told.name) == (2, "P-1", "Jürgen Groß")


def test_windows_1252_is_a_fallback_that_is_told() -> None:
    found = read(f"{HEADER}\n{ROW}\n".encode("cp1252"))
    assert [row.told.name for row in rows(found)] == ["Jürgen Groß"]
    (note,) = findings(found)
    assert note.kind is FindingKind.NOTED
    assert "Windows-1252" in note.text


def test_one_row_in_another_encoding_is_refused_and_the_others_are_read() -> None:
    other = "P-2;Käthe Weiß;k.weiss@firma.example\n".encode("cp1252")
    found = read(f"{HEADER}\n{ROW}\n".encode() + other)
    assert [row.key for row in rows(found)] == ["P-1"]
    (note, refusal) = findings(found)
    assert note.kind is FindingKind.NOTED
    assert (refusal.row, refusal.column, refusal.person) == (3, "Name", "P-2")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "NUL bytes"),
        (HEADER.encode("utf-16")[:-1], "not utf-16"),
        (b"Name;E-Mail\n" + b"x" * 1_100_000, "longer than"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b'Personalnummer;Name\nP-1;"never closed\n', "row 2 is no CSV"),
        (b'Personalnummer;Name\nP-1;"Anna"x\n', "row 2 is no CSV"),
        (b"Name;Abteilung\nAnna;IT\n", "no column is the personnel number"),
        (b"E-Mail;Mail\na@b.example;a@b.example\n", "'E-Mail' and 'Mail' are both mail"),
        (b"E-Mail;account:nowhere\na@b.example;1\n", "no IRL"),
        (b"E-Mail;attribute:Shoe Size\na@b.example;1\n", "the name of an attribute"),
        (b"E-Mail;" + b"x;" * 250 + b"\n", "more than 200 columns"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(body: bytes, expected: str) -> None:
    with pytest.raises(InvalidRequestError, match=expected):
        read(body)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_header_tells_the_separator(separator: str) -> None:
    row = only_row(
        separator.join(('"Vorname (x, y; z)"', "E-Mail", "Team"))
        + "\n"
        + separator.join(("", "a@b.example", "Rot"))
    )
    assert row.teams == ("Rot",)


def test_a_separator_can_be_named() -> None:
    (row,) = rows(read("E-Mail\tName;x\na@b.example\tAnna\n", separator="tab"))
    assert row.key == "mailto:a@b.example"


def test_line_ends_in_quotes_belong_to_the_cell_and_rows_are_counted_as_spreadsheets_do() -> None:
    found = read('E-Mail;Rolle\na@b.example;"two\nlines"\nc@d.example;one\n')
    (refusal,) = findings(found)
    assert (refusal.row, refusal.column) == (2, "Rolle")
    assert [row.number for row in rows(found)] == [3]


def test_headers_are_known_in_german_and_english() -> None:
    german = (
        "Personalnummer;Vorname;Nachname;E-Mail;Login;Sprache;Abteilung;Team;Rolle;Standort;"
        "Vorgesetzte(r);Eintritt;gültig ab;gültig bis;aktiv"
    )
    english = (
        "Personnel number;Given name;Family name;e-mail;login;Language;Department;Team;Role;"
        "Location;Manager;Entry date;valid from;valid until;Active"
    )
    cells = (
        "4711;Anna;Berger;Anna@FIRMA.example;anna;DE;IT;Rot|Blau;Admin;Ulm;P-9;01.02.2020;"
        "2026-01-01;31.12.2026;ja"
    )
    one, other = (only_row(f"{header}\n{cells}\n") for header in (german, english))
    assert one == other
    assert one.told.name == "Anna Berger"
    assert (one.told.user_name, one.told.language, one.told.active) == ("anna", "de", True)
    assert one.identifiers == (Ifi("mbox", "mailto:Anna@firma.example"),)
    assert one.validity == Validity(date(2026, 1, 1), date(2027, 1, 1))
    assert one.teams == ("Rot", "Blau")
    assert one.manager == "P-9"
    assert one.values == {
        "department": "IT",
        "role": "Admin",
        "location": "Ulm",
        "entry_date": "2020-02-01",
        "personnel_number": "4711",
    }


def test_columns_bring_accounts_openids_and_attributes() -> None:
    header = "E-Mail;account:https://lms.example;openid;mbox_sha1sum;attribute:cost_centre"
    row = only_row(f"{header}\na@b.example;3001;https://id.example/a;{'AB' * 20};12\n")
    assert row.identifiers == (
        Ifi("mbox", "mailto:a@b.example"),
        Ifi("account", "https://lms.example 3001"),
        Ifi("openid", "https://id.example/a"),
        Ifi("mbox_sha1sum", "ab" * 20),
    )
    assert row.values == {"cost_centre": "12"}


def test_a_mapping_overrides_what_headers_tell() -> None:
    mapping = read_mapping(
        b'{"columns": {"Kst": "attribute:cost_centre", "Team": null, "ID": "personnel_number"},'
        b' "types": {"cost_centre": "number"}}'
    )
    row = only_row("ID;Kst;Team\nP-1;1.234,50;Rot\n", mapping)
    assert row.key == "P-1"
    assert row.values == {"cost_centre": "1234.5", "personnel_number": "P-1"}
    assert row.teams == ()


@pytest.mark.parametrize(
    "mapping", [b"{", b'{"columns": {"A": "nonsense"}}', b'{"colums": {}}', b'{"types":{"a":"x"}}']
)
def test_a_mapping_that_is_none_is_refused(mapping: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read_mapping(mapping)


def test_a_mapping_must_name_columns_that_are_there() -> None:
    with pytest.raises(InvalidRequestError, match="'Nowhere'"):
        read("E-Mail\na@b.example\n", ListMapping({"Nowhere": "name"}))


@pytest.mark.parametrize(
    "name",
    [
        '"=HYPERLINK(""http://evil.example"")"',
        "=1+1",
        "+cmd",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        '"\tx"',
        '"\rx"',
        '" =1+1"',
        "-",
    ],
)
def test_what_spreadsheets_would_run_is_refused(name: str) -> None:
    refusal = only_refusal(f"Personalnummer;Name\nP-1;{name}\n")
    assert (refusal.row, refusal.column, refusal.person) == (2, "Name", "P-1")
    assert "formula" in refusal.text


@pytest.mark.parametrize("text", ["+49 731 12-345", "-12.5", "+4", "-1,5", "+49 (0)731/1234"])
def test_numbers_and_telephone_numbers_are_no_formulas(text: str) -> None:
    row = only_row(f'Personalnummer;attribute:phone\nP-1;"{text}"\n')
    assert row.values["phone"] == text


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("Eintritt", "31.02.2020", "is no day"),
        ("gültig ab", "gestern", "is no day"),
        ("E-Mail", "not an address", "no mail address"),
        ("aktiv", "vielleicht", "yes or no"),
        ("Sprache", "sehr gut", "language tag"),
        ("mbox_sha1sum", "abc", "no SHA-1"),
        ("openid", "no uri", "no URI"),
        ("Name", "x" * 1_001, "1000 characters"),
        ("Name", "a\u2028b", "one line"),
    ],
)
def test_a_bad_cell_refuses_the_row_and_says_which(header: str, cell: str, expected: str) -> None:
    refusal = only_refusal(f"Personalnummer;{header}\nP-1;{cell}\n")
    assert (refusal.row, refusal.column) == (2, header)
    assert expected in refusal.text


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (";Anna;", "neither a personnel number nor a mail address"),
        ("P-1;Anna", "has 2 cells where the header has 3"),
        ("P-1;Anna;a@b.example;x", "has 4 cells where the header has 3"),
    ],
)
def test_a_row_that_fits_no_person_is_refused(row: str, expected: str) -> None:
    assert expected in only_refusal(f"{HEADER}\n{row}\n").text


def test_a_validity_that_ends_before_it_begins_is_refused() -> None:
    text = "E-Mail;gültig ab;gültig bis\na@b.example;2026-02-01;2026-01-31\n"
    assert "valid until before" in only_refusal(text).text


def test_an_end_without_end_is_open() -> None:
    row = only_row("E-Mail;gültig bis\na@b.example;31.12.9999\n")
    assert row.validity == Validity(OPEN_BEFORE, OPEN_AFTER)


def test_columns_that_are_not_known_are_told() -> None:
    (note,) = findings(read("E-Mail;Schuhgröße\na@b.example;43\n"))
    assert "Schuhgröße" in note.text


def test_an_attribute_that_is_a_person_cannot_be_brought() -> None:
    known = {"mentor": AttributeDefinition("mentor", AttributeType.PERSON, "Mentor", "Mentor")}
    people = CsvList(BytesIO(b"E-Mail;attribute:mentor\na@b.example;x\n"))
    with pytest.raises(InvalidRequestError, match="only `manager`"):
        [*people.rows(Definitions(known, ListMapping()))]


def test_json_has_the_same_members_and_periods_of_attributes() -> None:
    body = b"""[{"personnel_number": "P-1", "Name": "Anna", "active": false,
        "team": ["Rot", "Blau"], "identifiers": [{"mbox": "mailto:a@B.example"}],
        "attributes": {"role": "Admin", "department": [
            {"value": "Sales", "valid_until": "2026-06-30"},
            {"value": "IT", "valid_from": "2026-07-01"}]}}]"""
    people = JsonList(object_texts(body))
    first, *dated = rows([*people.rows(Definitions({}, ListMapping()))])
    assert first.identifiers == (Ifi("mbox", "mailto:a@b.example"),)
    assert (first.told.name, first.told.active, first.teams) == ("Anna", False, ("Rot", "Blau"))
    assert [(row.number, row.values["department"], row.validity) for row in dated] == [
        (1, "Sales", Validity(OPEN_BEFORE, date(2026, 7, 1))),
        (1, "IT", Validity(date(2026, 7, 1), OPEN_AFTER)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{", "no object of JSON"),
        (b"[]", "no object of JSON"),
        (b'{"mail": "a@b.example", "identifiers": {}}', "array of Agents"),
        (b'{"mail": "a@b.example", "identifiers": [{"name": "x"}]}', "not valid"),
        (b'{"mail": "a@b.example", "attributes": []}', "must be an object"),
        (b'{"mail": "a@b.example", "attributes": {"x": [{"from": 1}]}}', "must have `value`"),
        (b'{"mail": "a@b.example", "name": {}}', "must be a text"),
        (b'{"mail": "a@b.example", "name": "=1+1"}', "formula"),
    ],
)
def test_a_bad_object_is_refused_and_the_next_is_read(text: bytes, expected: str) -> None:
    people = JsonList([text, b'{"mail": "c@d.example"}'])
    refusal, row = people.rows(Definitions({}, ListMapping()))
    assert isinstance(refusal, Finding)
    assert expected in refusal.text
    assert isinstance(row, ListedRow)
    assert row.number == 2
