"""Texts that make a careless pattern or parser go back again and again (ReDoS).

Each is a mebibyte of a few characters repeated. A reading in linear time takes some hundredths of a
second; one in quadratic time would take hours, and so would run into the time limit.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from re import _constants, _parser
from typing import Any

import pytest

import lrs
from builders import Json, a_statement
from lrs.api.compression import preferred_coding
from lrs.api.content_codings import unpacking_of
from lrs.api.paths import canonical_path, without_ignored
from lrs.api.xapi.multipart_tokens import boundary_of
from lrs.auth.authority import authority_from_template
from lrs.auth.bearer_tokens import read_token
from lrs.auth.networks import read_network
from lrs.auth.origins import read_origin
from lrs.auth.token_grants import GrantRules, granted
from lrs.errors import LRSError
from lrs.xapi.accept_language import parse_accept_language
from lrs.xapi.agents import read_agent
from lrs.xapi.durations import seconds
from lrs.xapi.json_text import parse, split
from lrs.xapi.leniencies import Mode
from lrs.xapi.preconditions import Preconditions, check
from lrs.xapi.statements import read_statement
from lrs.xapi.timestamps import instant, is_rfc3339, is_timestamp
from lrs.xapi.tolerant_statements import read_statement_as
from lrs.xapi.uuids import is_uuid
from lrs.xapi.versions import Version, negotiate

pytestmark = pytest.mark.timeout(60)

SIZE = 1024 * 1024
# A beginning, what is repeated, and an end that does not fit.
SHAPES = {
    name: beginning + repeated * (SIZE // len(repeated)) + end
    for name, (beginning, repeated, end) in {
        "letters": ("", "a", "!"),
        "digits": ("", "1", "!"),
        "zeros after a point": ("0.", "0", "!"),
        "spaces": ("", " ", "!"),
        "spaces after a letter": ("a", " ", "!"),
        "tabs": ("", "\t ", "!"),
        "quotes": ("", '"', "!"),
        "escaped quotes": ('"', '\\"', ""),
        "deep escaped quotes": ("[" * 70 + '"', '\\"', ""),
        "backslashes": ('"', "\\", "!"),
        "brackets": ("", "[", "!"),
        "braces": ("", "{", "!"),
        "braces with a name": ("", '{"a":', "!"),
        "words in braces": ("", "{a", "!"),
        "hyphens": ("en", "-a", "!"),
        "subtags": ("en", "-x-abcdefgh", "-!"),
        "hyphens alone": ("", "-", "!"),
        "commas": ("", ",", "!"),
        "ranges": ("", "en;q=0.5,", "!"),
        "weights": ("en;q=0.", "0", "!"),
        "semicolons": ("a/b", "; a=b", ";!"),
        "quoted parameters": ('a/b; boundary="', '\\"', ""),
        "slashes": ("", "/", "!"),
        "endpoints": ("", "/xapi", "!"),
        "colons": ("a", ":", " "),
        "at signs": ("mailto:", "a@", " "),
        "dots": ("mailto:a@", "a.", "!"),
        "dots alone": ("", ".", "!"),
        "percents": ("http://a/", "%41", "%"),
        "entity tags": ("", 'W/"a",', "!"),
        "tags without an end": ("", 'W/"', ""),
        "durations": ("P", "1Y", "!"),
        "seconds": ("PT0.", "0", "!"),
        "moments": ("2026-01-01T00:00:00.", "0", "!"),
        "offsets": ("2026-01-01T00:00:00", "+00", "!"),
        "scopes": ("", "statements/", "!"),
        "scopes with spaces": ("", "all ", "!"),
        "many ampersands": ("", "cachebuster&", "!"),
        "Base64": ("", "e30.", "!"),
        "half characters": ("", "\\ud800", "!"),
        "combining marks": ("", "\u0301", "!"),
        "wide spaces": ("", "\u2003", "!"),
    }.items()
}


def statement_with(text: str, *path: str) -> bytes:
    statement: Json = a_statement(
        context={"language": "en", "registration": "x", "platform": "x"},
        result={"duration": "PT1S", "score": {"raw": 1}},
        timestamp="2026-01-01T00:00:00Z",
    )
    place: Any = statement
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return json.dumps(statement).encode()


PLACES = (
    ("id",), ("actor", "mbox"), ("verb", "id"), ("object", "id"), ("timestamp",),
    ("result", "duration"), ("result", "response"), ("context", "language"),
    ("context", "registration"), ("version",),
)  # fmt: skip
RULES = GrantRules("lrs_store", None, "scope", "lrs:", "{client_id}", grants_power=False)
READERS: dict[str, Callable[[str], object]] = {
    "JSON": lambda text: parse(text.encode()),
    "a body": lambda text: split(text.encode(), 10),
    "an agent": read_agent,
    "an authority": lambda text: authority_from_template(text[:1_999], {}),
    "Accept-Language": parse_accept_language,
    "Accept-Encoding": lambda text: preferred_coding([text]),
    "Content-Encoding": unpacking_of,
    "Content-Type": boundary_of,
    "an ETag": lambda text: check(Preconditions(text, text), "a" * 40),
    "a version": negotiate,
    "a UUID": is_uuid,
    "a duration": seconds,
    "a moment": instant,
    "a timestamp": is_timestamp,
    "a timestamp of RFC 3339": is_rfc3339,
    "an address": canonical_path,
    "a query": lambda text: without_ignored(text.encode()),
    "a token": read_token,
    "scopes": lambda text: granted({"scope": text, "lrs_store": "a", "iss": "b"}, RULES),
    "an origin": read_origin,
    "a network": read_network,
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_long_text_is_read_in_linear_time(read: Callable[[str], object], text: str) -> None:
    with suppress(LRSError, ValueError):
        read(text)


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_a_long_text_in_a_statement_is_judged_in_linear_time(text: str) -> None:
    for place in PLACES:
        raw = statement_with(text, *place)
        with suppress(LRSError):
            read_statement(raw, Version.V2_0_0)
        with suppress(LRSError):
            read_statement_as(Mode.TOLERANT, raw, Version.V1_0_3)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(lrs.__path__, "lrs."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


def repeats_within_repeats(parsed: Any, *, within: bool = False) -> bool:
    """Tell whether a repetition without end stands in another that can give back what it took."""
    repeats = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
    for operator, argument in parsed:
        is_endless = operator in repeats and argument[1] is _constants.MAXREPEAT
        if is_endless and within:
            return True
        for part in _parts(operator, argument):
            if repeats_within_repeats(part, within=within or is_endless):
                return True
    return False


def _parts(operator: Any, argument: Any) -> list[Any]:
    if operator is _constants.BRANCH:
        return list(argument[1])
    if operator is _constants.ATOMIC_GROUP:
        return [argument]
    is_nested = operator is _constants.SUBPATTERN or "REPEAT" in str(operator)
    is_look = operator in (_constants.ASSERT, _constants.ASSERT_NOT)
    return [argument[-1]] if is_nested or is_look else []


def test_no_pattern_repeats_what_repeats() -> None:
    """Those of Pydantic's models are not among them: they are Rust's, which never go back."""
    found = dict(patterns())
    assert len(found) > 20
    assert {
        name: pattern.pattern
        for name, pattern in found.items()
        if repeats_within_repeats(_parser.parse(pattern.pattern, pattern.flags))
    } == {}


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(?:a*b?)*", "(a|b+)*c", "(?=(?:a+)*)b", "((?:a+)b)*"]
)
def test_such_a_pattern_would_be_found(pattern: str) -> None:
    assert repeats_within_repeats(_parser.parse(pattern))


@pytest.mark.parametrize("pattern", ["a+b*", "(?:ab)*", "(?:a{1,8})*", "(?:a++b)*+", "[a+]*"])
def test_others_are_left_alone(pattern: str) -> None:
    assert not repeats_within_repeats(_parser.parse(pattern))
