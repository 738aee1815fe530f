"""Language tags by the grammar of RFC 5646, and language maps (Data 4.2)."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from lrs.xapi.properties import refusal

EXPECTED = "must be a language tag of RFC 5646 such as `en` or `de-AT`"

_LANGUAGE = r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
_SCRIPT = r"(?:-[a-z]{4})?"
_REGION = r"(?:-(?:[a-z]{2}|[0-9]{3}))?"
_VARIANTS = r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
_EXTENSIONS = r"(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*"
_PRIVATE_USE = r"x(?:-[a-z0-9]{1,8})+"
# Registered before the grammar was: the tags that it would refuse.
_IRREGULAR = (
    r"en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:be-fr|be-nl|ch-de)"
)
PATTERN = (
    rf"^(?i:{_LANGUAGE}{_SCRIPT}{_REGION}{_VARIANTS}{_EXTENSIONS}(?:-{_PRIVATE_USE})?"
    rf"|{_PRIVATE_USE}|{_IRREGULAR})$"
)
# `en-a-bb-a-cc`: no shorter tag can hold a singleton or a variant twice.
_SHORTEST_WITH_REPEAT = 12


def _without_repeats(tag: str) -> str:
    """Refuse a singleton or variant that comes twice, which no regular expression can."""
    if len(tag) >= _SHORTEST_WITH_REPEAT and _has_repeats(tag.lower().split("-")):
        raise refusal(f"{EXPECTED} without a subtag that comes twice")
    return tag


def _has_repeats(subtags: list[str]) -> bool:
    """Tell whether a singleton, or anything before the first singleton, comes twice."""
    seen: set[str] = set()
    is_extended = False
    for subtag in subtags[1:]:
        if subtag == "x":
            return False
        is_singleton = len(subtag) == 1
        is_extended = is_extended or is_singleton
        if subtag in seen:
            return True
        if is_singleton or not is_extended:
            seen.add(subtag)
    return False


LanguageTag = Annotated[
    str,
    StringConstraints(pattern=PATTERN, strict=True),
    AfterValidator(_without_repeats),
    WithJsonSchema({"type": "string", "description": "a language tag of RFC 5646"}),
]
LanguageMap = dict[LanguageTag, str]
