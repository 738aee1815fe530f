"""How the code is named and kept small, where no linter has a rule for it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from architecture.source_files import Definition, SourceFile, files

SOURCE = files("src")
ALL = files("src", "tests", "migrations")

LONGEST_MODULE = 500
LONGEST_FUNCTION = 60
BANNED = frozenset(
    ("util", "utils", "helper", "helpers", "common", "misc", "manager", "base", "core")
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Who asks the machine's clock. `stored` comes from PostgreSQL's, so that all writers share one.
CLOCKS = {
    "src/lrs/services/analytics.py": "`as_of` says when an answer was computed, and orders nothing",
    "src/lrs/services/people.py": "SCIM knows no days: what it says begins or ends today",
    "src/lrs/storage/embedded/data_directory.py": "the lock file says since when it is held",
    "src/lrs/cli/loading/sender.py": "Retry-After may be a date",
}
_CLOCK_NAMES = frozenset(("now", "utcnow", "today", "time", "time_ns"))
_CLOCK_OWNERS = frozenset(("datetime", "date", "time"))

_MARKER = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b")
_WITH_CODE = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|type:\s*ignore\[[a-z\-, ]+\]"
    r"|pragma:\s*no (?:cover|branch))"
)
_SHORTEST_REASON = 6


def words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def called(call: ast.Call) -> tuple[str, str]:
    """Return the last two names of what is called: `datetime.now`, or nothing and `text`."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return owner, name
        case ast.Attribute(value=ast.Attribute(attr=owner), attr=name):
            return owner, name
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "", name
    return "", ""


def calls(source: SourceFile) -> Iterator[ast.Call]:
    return (node for node in source.found(ast.Call) if isinstance(node, ast.Call))


def names(source: SourceFile) -> list[str]:
    """Return the names of a module, its folders, its classes and its functions."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    given = [node.name for node in source.found(*kinds) if isinstance(node, kinds)]
    own = [name for name in given if not name.startswith("__")]
    return [*source.name.removesuffix(".py").split("/"), *own]


def test_no_name_says_nothing() -> None:
    assert [(it.name, name) for it in SOURCE for name in names(it) if words(name) & BANNED] == []


def test_a_module_has_an_end() -> None:
    lengths = {source.name: len(source.text.splitlines()) for source in SOURCE}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_a_function_fits_on_a_screen() -> None:
    lengths = {
        source.at(node): (node.end_lineno or 0) - node.lineno + 1
        for source in SOURCE
        for node in source.found(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, Definition)
    }
    assert {place: lines for place, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def raises_http(node: ast.AST) -> bool:
    match node:
        case ast.Raise(exc=ast.Call() as error):
            return called(error)[1] == "HTTPException"
    return False


def test_no_one_raises_what_only_http_knows() -> None:
    assert [it.at(node) for it in SOURCE for node in it.found(ast.Raise) if raises_http(node)] == []


def asks_the_clock(call: ast.Call) -> bool:
    owner, name = called(call)
    return owner in _CLOCK_OWNERS and name in _CLOCK_NAMES


def test_only_who_has_a_reason_asks_the_clock() -> None:
    asking = {source.name for source in SOURCE if any(map(asks_the_clock, calls(source)))}
    assert asking == set(CLOCKS)


def is_put_together(sql: ast.expr) -> bool:
    """Tell whether a text is made of parts, instead of written down."""
    is_formatted = isinstance(sql, ast.Call) and called(sql)[1] == "format"
    return isinstance(sql, ast.JoinedStr | ast.BinOp) or is_formatted


def takes_sql_put_together(call: ast.Call) -> bool:
    takes_sql = called(call)[1] in {"text", "exec_driver_sql"}
    return takes_sql and bool(call.args) and is_put_together(call.args[0])


def test_sql_takes_values_as_parameters_only() -> None:
    found = [it.at(call) for it in SOURCE for call in calls(it) if takes_sql_put_together(call)]
    assert found == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('text("SELECT 1")', False),
        ('text(f"SELECT {column}")', True),
        ('sqlalchemy.text("SELECT {}".format(column))', True),
        ('text("SELECT " + column)', True),
    ],
)
def test_sql_that_is_put_together_is_recognised(sql: str, *, expected: bool) -> None:
    call = ast.parse(sql, mode="eval").body
    assert isinstance(call, ast.Call)
    assert takes_sql_put_together(call) is expected


def comments(source: SourceFile) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def is_explained(comment: str) -> bool:
    markers = len(_MARKER.findall(comment))
    reason, codes = _WITH_CODE.subn("", comment)
    return markers == codes and len(reason.strip("# -,")) >= _SHORTEST_REASON


def test_who_silences_a_tool_says_which_rule_and_why() -> None:
    silent = [
        f"{source.name}:{line}: {comment}"
        for source in ALL
        for line, comment in comments(source)
        if _MARKER.search(comment) and not is_explained(comment)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa: S603 - our own program, no shell", True),
        ("# type: ignore[override]  # noqa: ANN401 - click's signature", True),
        ("# noqa: S603", False),
        ("# noqa - our own program", False),
        ("# type: ignore  # noqa: ANN401 - click's signature", False),
        ("# pragma: no cover - only on Windows", True),
    ],
)
def test_a_reason_is_recognised(comment: str, *, expected: bool) -> None:
    assert is_explained(comment) is expected
