"""Statements that only tolerant stores accept, and some that even they refuse."""

import json
from dataclasses import dataclass

from cases.good_statements import ACTIVITY, STATEMENT_REF, VOIDED, Json, with_changes
from lrs.xapi.leniencies import Leniency


@dataclass(frozen=True, slots=True)
class LenientStatement:
    """A statement that a strict store refuses.

    Attributes:
        name: what is in it.
        leniency: the one rule that lets it pass.
        path: where the strict violation is found.
    """

    name: str
    leniency: Leniency
    path: str
    body: Json

    @property
    def text(self) -> str:
        """The JSON text to be read or posted."""
        return json.dumps(self.body)


# Of a problem with several questions in Open edX, and of its learner's session.
PROBLEM: Json = {
    "objectType": "GroupActivity",
    "id": "https://courses.example.org/xblock/block-v1:org+c+1+type@problem+block@a0ef",
    "definition": {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "interactionType": "other",
        "name": {"en": "Two questions"},
    },
}
SESSION = "438AD672-DE2C-4F0B-8876-35444E7DD746"
NOTHING_TO_GAIN: Json = {"min": 0, "max": 0, "raw": 0}

_SCORE, _SCORE_PATH = Leniency.EMPTY_SCORE_RANGE, "result.score.max"
_GROUP, _ID = Leniency.GROUP_ACTIVITY, Leniency.ACTIVITY_ID_NOT_IRI
_LANGUAGE, _LANGUAGE_PATH = Leniency.LANGUAGE_WITH_UNDERSCORES, "context.language"


def _scored(**score: object) -> Json:
    return with_changes(result={"score": score})


def _in_context(kind: str, activity: object) -> Json:
    return with_changes(context={"contextActivities": {kind: activity}})


def _sub_statement(**properties: object) -> Json:
    return with_changes(object={"objectType": "SubStatement", **with_changes(**properties)})


LENIENT_STATEMENTS = [
    LenientStatement("nothing to gain", _SCORE, _SCORE_PATH, _scored(**NOTHING_TO_GAIN)),
    LenientStatement(
        "nothing to gain, scaled", _SCORE, _SCORE_PATH, _scored(**NOTHING_TO_GAIN, scaled=0)
    ),
    LenientStatement("range without raw", _SCORE, _SCORE_PATH, _scored(min=0, max=0.0)),
    LenientStatement("range above zero", _SCORE, _SCORE_PATH, _scored(min=5, max=5, raw=5)),
    LenientStatement(
        "nothing to gain in a SubStatement",
        _SCORE,
        "object.result.score.max",
        _sub_statement(result={"score": NOTHING_TO_GAIN}),
    ),
    LenientStatement(
        "GroupActivity as object", _GROUP, "object.objectType", with_changes(object=PROBLEM)
    ),
    LenientStatement(
        "GroupActivity with a platform",
        _GROUP,
        "object.objectType",
        with_changes(object=PROBLEM, context={"platform": "Open edX", "revision": "1"}),
    ),
    LenientStatement(
        "GroupActivity as lone parent",
        _GROUP,
        "context.contextActivities.parent.objectType",
        _in_context("parent", PROBLEM),
    ),
    LenientStatement(
        "GroupActivity among several",
        _GROUP,
        "context.contextActivities.grouping[1].objectType",
        _in_context("grouping", [ACTIVITY, PROBLEM]),
    ),
    LenientStatement(
        "GroupActivity in a SubStatement",
        _GROUP,
        "object.object.objectType",
        _sub_statement(object=PROBLEM),
    ),
    LenientStatement(
        "session in grouping",
        _ID,
        "context.contextActivities.grouping[0].id",
        _in_context("grouping", [{"id": SESSION}]),
    ),
    LenientStatement("id without scheme", _ID, "object.id", with_changes(object={"id": "a1_quiz"})),
    LenientStatement("id with spaces", _ID, "object.id", with_changes(object={"id": " Quiz 1 "})),
    LenientStatement("id of a path", _ID, "object.id", with_changes(object={"id": "/courses/ä"})),
    LenientStatement(
        "id without scheme in a SubStatement",
        _ID,
        "object.object.id",
        _sub_statement(object={"id": "a1_quiz"}),
    ),
    LenientStatement(
        "id without scheme in the context of a SubStatement",
        _ID,
        "object.context.contextActivities.other.id",
        _sub_statement(context={"contextActivities": {"other": {"id": "a1_quiz"}}}),
    ),
    LenientStatement(
        "language pack of two parts",
        _LANGUAGE,
        _LANGUAGE_PATH,
        with_changes(context={"language": "de_du"}),
    ),
    LenientStatement(
        "language pack of three parts",
        _LANGUAGE,
        _LANGUAGE_PATH,
        with_changes(context={"language": "en_us_wp"}),
    ),
    LenientStatement(
        "language pack in a SubStatement",
        _LANGUAGE,
        "object.context.language",
        _sub_statement(context={"language": "zh_cn"}),
    ),
]

# What is wrong all the same: its name, the places that a tolerant store still names, the statement.
UNFORGIVEN_STATEMENTS: list[tuple[str, set[str], Json]] = [
    ("raw outside", {"result.score.raw"}, _scored(min=0, max=0, raw=1)),
    ("raw below", {"result.score.raw"}, _scored(min=0, max=0, raw=-1)),
    ("scaled too high", {"result.score.scaled"}, _scored(min=0, max=0, scaled=2)),
    ("min above max", {"result.score.max"}, _scored(min=1, max=0)),
    (
        "miscased",
        {"object.objectType"},
        with_changes(object=PROBLEM | {"objectType": "groupActivity"}),
    ),
    ("no id", {"object.id"}, with_changes(object={"objectType": "GroupActivity"})),
    ("unknown property", {"object.name"}, with_changes(object=PROBLEM | {"name": "Two"})),
    (
        "incomplete interaction",
        {"object.definition.choices"},
        with_changes(object=PROBLEM | {"definition": {"choices": []}}),
    ),
    ("GroupActivity as actor", {"actor.objectType"}, with_changes(actor=PROBLEM)),
    ("voided GroupActivity", {"object"}, with_changes(verb={"id": VOIDED}, object=PROBLEM)),
    ("empty id", {"object.id"}, with_changes(object={"id": ""})),
    ("blank id", {"object.id"}, with_changes(object={"id": " \t"})),
    ("number as id", {"object.id"}, with_changes(object={"id": 7})),
    ("null as id", {"object.id"}, with_changes(object={"id": None})),
    ("id of a verb", {"verb.id"}, with_changes(verb={"id": "answered"})),
    ("id of a target", {"object.id"}, with_changes(object=STATEMENT_REF | {"id": SESSION[:-1]})),
    (
        "type",
        {"object.definition.type"},
        with_changes(object=ACTIVITY | {"definition": {"type": "x"}}),
    ),
    (
        "language in a map",
        {"verb.display.en_us"},
        with_changes(verb={"id": "urn:x", "display": {"en_us": "answered"}}),
    ),
    ("language with a space", {"context.language"}, with_changes(context={"language": "en us"})),
    ("half a language", {"context.language"}, with_changes(context={"language": "en_"})),
    ("hyphens", {"context.language"}, with_changes(context={"language": "en-us-wp"})),
    (
        "beside what is forgiven",
        {"timestamp"},
        with_changes(object=PROBLEM, timestamp="yesterday", result={"score": NOTHING_TO_GAIN}),
    ),
]
