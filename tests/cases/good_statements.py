"""Statements that must be accepted, for unit tests and for posting them."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from cases.formats import (
    GOOD_DURATIONS,
    GOOD_IRIS,
    GOOD_LANGUAGE_TAGS,
    GOOD_MBOXES,
    GOOD_TIMESTAMPS,
    TIMESTAMPS_OF_1_0,
)
from lrs.xapi.versions import Version

Json = dict[str, Any]

BOTH = (Version.V1_0_3, Version.V2_0_0)
ONLY_1 = (Version.V1_0_3,)
ONLY_2 = (Version.V2_0_0,)

AGENT: Json = {"mbox": "mailto:ada@example.org"}
VERB: Json = {"id": "http://adlnet.gov/expapi/verbs/answered"}
ACTIVITY: Json = {"id": "https://example.org/activities/quiz"}
MINIMAL: Json = {"actor": AGENT, "verb": VERB, "object": ACTIVITY}
STATEMENT_REF: Json = {
    "objectType": "StatementRef",
    "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
}
SUB_STATEMENT: Json = {"objectType": "SubStatement", **MINIMAL}
VOIDED = "http://adlnet.gov/expapi/verbs/voided"

DEFINITION: Json = {
    "name": {"en": "Quiz", "de-AT": "Prüfung"},
    "description": {"en": "Ten questions"},
    "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "moreInfo": "https://example.org/quiz",
    "interactionType": "matching",
    "correctResponsesPattern": ["a[.]1[,]b[.]2"],
    "choices": [{"id": "a", "description": {"en": "A"}}],
    "scale": [{"id": "a"}],
    "source": [{"id": "a"}, {"id": "b", "description": {"en": "B"}}],
    "target": [{"id": "1"}, {"id": "2"}],
    "steps": [{"id": "s"}],
    "extensions": {"https://example.org/difficulty": {"level": None}},
}

ATTACHMENT: Json = {
    "usageType": "http://example.org/attachments/certificate",
    "display": {"en": "Certificate"},
    "description": {"en": "What she got"},
    "contentType": "application/pdf; version=1.7",
    "length": 27,
    "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a",
    "fileUrl": "https://example.org/certificate.pdf",
}

# What a Statement and a SubStatement can both hold, with every property of 1.0.3 in it.
EVENT: Json = {
    "actor": {
        "objectType": "Group",
        "name": "Readers",
        "member": [
            {"objectType": "Agent", "name": "Ada", **AGENT},
            {"account": {"homePage": "https://example.org", "name": "grace"}},
        ],
        "mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9",
    },
    "verb": {**VERB, "display": {"en-US": "answered"}},
    "object": {**ACTIVITY, "objectType": "Activity", "definition": DEFINITION},
    "result": {
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10.0},
        "success": True,
        "completion": False,
        "response": "a[.]1[,]b[.]2",
        "duration": "PT1H30M0.25S",
        "extensions": {"https://example.org/attempts": 2},
    },
    "context": {
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "instructor": {"openid": "https://grace.example.org/"},
        "team": {"objectType": "Group", "mbox": "mailto:team@example.org"},
        "contextActivities": {
            "parent": {"id": "https://example.org/activities/course", "definition": {}},
            "grouping": [{"id": "https://example.org/activities/program"}],
            "category": [{"objectType": "Activity", "id": "https://example.org/profile"}],
            "other": [{"id": "https://example.org/activities/other", "definition": DEFINITION}],
        },
        "revision": "3",
        "platform": "Example LMS",
        "language": "de-AT",
        "statement": STATEMENT_REF,
        "extensions": {"https://example.org/room": ["12", None]},
    },
    "timestamp": "2025-03-01T12:30:00.123Z",
    "attachments": [ATTACHMENT],
}

CONTEXT_ACTORS: Json = {
    "contextAgents": [
        {
            "objectType": "contextAgent",
            "agent": {"objectType": "Agent", **AGENT},
            "relevantTypes": ["https://example.org/types/mentor"],
        }
    ],
    "contextGroups": [
        {
            "objectType": "contextGroup",
            "group": {"objectType": "Group", "member": [AGENT]},
            "relevantTypes": ["https://example.org/types/class"],
        }
    ],
}

FULL: Json = {
    **EVENT,
    "id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0",
    "stored": "2025-03-01T12:30:01.456Z",
    "authority": {"objectType": "Agent", "account": {"homePage": "https://x.org", "name": "lms"}},
    "version": "1.0.3",
}
FULL_SUB_STATEMENT: Json = {**MINIMAL, "object": {**EVENT, "objectType": "SubStatement"}}


@dataclass(frozen=True, slots=True)
class GoodStatement:
    """A statement to be accepted.

    Attributes:
        name: what is in it.
        body: the statement, or its JSON text where the spelling matters.
        versions: under which it is to be accepted.
        requirements: ids of the public conformance suite that it shows, the first above all.
    """

    name: str
    body: Json | str
    versions: tuple[Version, ...] = BOTH
    requirements: tuple[str, ...] = ()

    def showing(self, *requirements: str) -> "GoodStatement":
        """Return the case with the requirements that it shows."""
        return replace(self, requirements=requirements)

    @property
    def text(self) -> str:
        """The JSON text to be read or posted."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


def with_changes(**properties: Any) -> Json:
    """Return the minimal statement with further properties."""
    return deepcopy({**MINIMAL, **properties})


def _shapes() -> Iterator[GoodStatement]:
    yield GoodStatement("minimal", MINIMAL)
    yield GoodStatement("every property of 1.0.3", FULL)
    yield GoodStatement("every property of 1.0.3 in a SubStatement", FULL_SUB_STATEMENT).showing(
        "XAPI-00066"
    )
    yield GoodStatement("every property of 2.0", {**FULL, "context": CONTEXT_ACTORS}, ONLY_2)
    sub_statement = {**SUB_STATEMENT, "context": CONTEXT_ACTORS}
    yield GoodStatement("2.0 in a SubStatement", with_changes(object=sub_statement), ONLY_2)
    upper = "FD41C918-B88B-4B20-A0A5-A4C32391AAA0"
    yield GoodStatement("upper-case UUID", with_changes(id=upper)).showing("XAPI-00027")
    yield GoodStatement("properties in any order", dict(reversed(FULL.items())))
    beyond = with_changes(result={"response": "🎓 \U0010ffff"})
    yield GoodStatement("non-BMP characters", beyond).showing("XAPI-00015")


_OF_IFIS: Mapping[str, str] = {
    "mbox": "XAPI-00038",
    "mbox_sha1sum": "XAPI-00039",
    "openid": "XAPI-00040",
    "account": "XAPI-00041",
}


def _actors() -> Iterator[GoodStatement]:
    ifis: Mapping[str, object] = {
        "mbox": "mailto:ada@example.org",
        "mbox_sha1sum": "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9",
        "openid": "https://ada.example.org/",
        "account": {"homePage": "https://example.org", "name": "ada"},
    }
    for name, value in ifis.items():
        agent = {name: value}
        group = {"objectType": "Group", name: value}
        of_agent, of_group = ("XAPI-00034", _OF_IFIS[name]), ("XAPI-00037", _OF_IFIS[name])
        yield GoodStatement(f"Agent by {name}", with_changes(actor=agent)).showing(*of_agent)
        yield GoodStatement(f"Group by {name}", with_changes(actor=group)).showing(*of_group)
        member = {**group, "member": [agent]}
        yield GoodStatement(f"Group by {name} with member", with_changes(actor=member)).showing(
            *of_group, "XAPI-00036"
        )
        empty = {**group, "member": []}
        yield GoodStatement(f"Group by {name} with empty member", with_changes(actor=empty))
        typed = {"objectType": "Agent", name: value}
        as_object = with_changes(object=typed)
        yield GoodStatement(f"Agent by {name} as object", as_object).showing(*of_agent)
        as_object = with_changes(object=group)
        yield GoodStatement(f"Group by {name} as object", as_object).showing(*of_group)
        authority = with_changes(authority=agent)
        yield GoodStatement(f"authority by {name}", authority).showing("XAPI-00024", *of_agent)
        for kind, actor, shown in (("Agent", agent, of_agent), ("Group", group, of_group)):
            instructor = with_changes(context={"instructor": actor})
            yield GoodStatement(f"{kind} by {name} as instructor", instructor).showing(
                *shown, "XAPI-00087"
            )
        team = with_changes(context={"team": group})
        yield GoodStatement(f"team by {name}", team).showing("XAPI-00088", *of_group)
    anonymous = {"objectType": "Group", "member": [AGENT]}
    yield GoodStatement("anonymous Group", with_changes(actor=anonymous)).showing(
        "XAPI-00035", "XAPI-00036"
    )
    team = with_changes(context={"team": anonymous})
    yield GoodStatement("anonymous Group as team", team).showing("XAPI-00035", "XAPI-00088")
    for mbox in GOOD_MBOXES:
        yield GoodStatement(mbox, with_changes(actor={"mbox": mbox})).showing("XAPI-00038")


def _objects() -> Iterator[GoodStatement]:
    reference = with_changes(object=STATEMENT_REF)
    yield GoodStatement("StatementRef as object", reference).showing("XAPI-00073", "XAPI-00072")
    plan = with_changes(object=SUB_STATEMENT)
    yield GoodStatement("SubStatement as object", plan).showing("XAPI-00066", "XAPI-00046")
    for kind in (AGENT | {"objectType": "Agent"}, STATEMENT_REF):
        sub_statement = {**SUB_STATEMENT, "object": kind}
        name = f"SubStatement on {kind['objectType']}"
        yield GoodStatement(name, with_changes(object=sub_statement)).showing("XAPI-00066")
    voiding = with_changes(verb={"id": VOIDED}, object=STATEMENT_REF)
    yield GoodStatement("voiding", voiding).showing("XAPI-00019", "XAPI-00020")
    for iri in GOOD_IRIS:
        activity = with_changes(object={"id": iri})
        yield GoodStatement(f"activity {iri}", activity).showing("XAPI-00047")
    definitions: tuple[Json, ...] = (
        {},
        {"extensions": {}},
        {"name": {}},
        {"interactionType": "choice"},
    )
    for definition in definitions:
        value = {**ACTIVITY, "definition": definition}
        yield GoodStatement(f"definition {definition}", with_changes(object=value)).showing(
            "XAPI-00048"
        )


_OF_INTERACTIONS: Mapping[str, str] = {
    "correctResponsesPattern": "XAPI-00050",
    "steps": "XAPI-00051",
    "target": "XAPI-00052",
    "source": "XAPI-00053",
    "scale": "XAPI-00054",
    "choices": "XAPI-00055",
}


_INTERACTIONS: Mapping[str, Json] = {
    "true-false": {"correctResponsesPattern": ["true"]},
    "choice": {"correctResponsesPattern": ["a[,]b"], "choices": [{"id": "a"}, {"id": "b"}]},
    "fill-in": {"correctResponsesPattern": ["{case_matters=true}{lang=en}Bob"]},
    "long-fill-in": {"correctResponsesPattern": []},
    "likert": {"correctResponsesPattern": ["1"], "scale": [{"id": "1"}]},
    "matching": {"source": [{"id": "a"}], "target": [{"id": "a"}]},
    "performance": {"steps": [{"id": "a b"}], "correctResponsesPattern": ["a[.]1:2"]},
    "sequencing": {"choices": [{"id": ""}, {"id": "b", "description": {"en": "B"}}]},
    "numeric": {"correctResponsesPattern": ["4[:]"], "scale": [{"id": "no scale of its own"}]},
    "other": {"correctResponsesPattern": ["(35.937432,-86.868896)"]},
}
INTERACTION_TYPES = tuple(_INTERACTIONS)


def _interactions() -> Iterator[GoodStatement]:
    for kind, part in _INTERACTIONS.items():
        definition = {"interactionType": kind, **part}
        value = {**ACTIVITY, "definition": definition}
        for place, body in (
            ("Statement", with_changes(object=value)),
            ("SubStatement", with_changes(object={**SUB_STATEMENT, "object": value})),
        ):
            yield GoodStatement(f"interaction {kind} in a {place}", body).showing(
                "XAPI-00049", *(_OF_INTERACTIONS[name] for name in part)
            )


def _results() -> Iterator[GoodStatement]:
    scores: tuple[tuple[str, str], ...] = (
        ("{}", "XAPI-00079"),
        ('{"scaled": 1.0}', "XAPI-00083"),
        ('{"scaled": -1}', "XAPI-00083"),
        ('{"scaled": 1e0}', "XAPI-00083"),
        ('{"scaled": 0.' + "3" * 900 + "}", "XAPI-00083"),
        ('{"raw": 0, "min": 0, "max": 1}', "XAPI-00082"),
        ('{"raw": 1.0, "min": -1e2, "max": 1}', "XAPI-00082"),
        ('{"raw": 123456789012345678901234567890}', "XAPI-00082"),
        ('{"raw": 1, "scaled": -0.5}', "XAPI-00082"),
        ('{"min": 5}', "XAPI-00081"),
        ('{"min": -0.5, "max": 0.25}', "XAPI-00081"),
        ('{"max": -5.5}', "XAPI-00080"),
        ('{"max": 1.0000001, "min": 1}', "XAPI-00080"),
    )
    for score, requirement in scores:
        text = json.dumps(with_changes(result={"score": "?"})).replace('"?"', score)
        yield GoodStatement(f"score {score[:40]}", text).showing(requirement)
    for duration in GOOD_DURATIONS:
        result = {"duration": duration}
        lasting = with_changes(result=result, object={**SUB_STATEMENT, "result": result})
        yield GoodStatement(f"duration {duration}", lasting).showing("XAPI-00124", "XAPI-00077")


def _extensions() -> Iterator[GoodStatement]:
    values: tuple[object, ...] = (
        None, "", {}, [], 0, False, 1.5, "text", {"a": None}, "\x7f", "\\u0000",
    )  # fmt: skip
    for value in values:
        extensions = {"extensions": {"https://example.org/x": value}}
        holder: Json = {
            "object": {**ACTIVITY, "definition": extensions},
            "result": extensions,
            "context": extensions,
        }
        sub_statement = {**SUB_STATEMENT, **holder}
        is_empty = value in (None, "", {})
        shown = ("XAPI-00119", "XAPI-00120") if is_empty else ("XAPI-00120",)
        yield GoodStatement(f"extension {value!r}", with_changes(**holder)).showing(*shown)
        yield GoodStatement(
            f"extension {value!r} in a SubStatement", with_changes(object=sub_statement)
        ).showing(*shown)
    for number in ("1e400", "-0.0", "1" * 1_000, "1e-400", "1E+2"):
        text = json.dumps(with_changes(result={"extensions": {"urn:x": "?"}}))
        yield GoodStatement(f"extension {number[:9]}", text.replace('"?"', number))
    empty = with_changes(result={"extensions": {}}, context={"extensions": {}})
    yield GoodStatement("empty extensions", empty).showing("XAPI-00119")


def _contexts() -> Iterator[GoodStatement]:
    activity = {"id": "urn:a"}
    for name in ("parent", "grouping", "category", "other"):
        for value in (activity, [activity], [activity, activity], []):
            context = {"contextActivities": {name: value}}
            kind = "one" if isinstance(value, dict) else str(len(value))
            yield GoodStatement(f"{name} of {kind}", with_changes(context=context)).showing(
                "XAPI-00093", "XAPI-00094"
            )
    yield GoodStatement("empty contextActivities", with_changes(context={"contextActivities": {}}))
    for target in (ACTIVITY, {**ACTIVITY, "objectType": "Activity"}):
        revised = with_changes(object=target, context={"revision": "", "platform": "LMS"})
        name = f"revision with objectType {target.get('objectType')}"
        yield GoodStatement(name, revised).showing("XAPI-00084", "XAPI-00085")
    without_types = {
        "contextAgents": [{"objectType": "contextAgent", "agent": AGENT}],
        "contextGroups": [
            {"objectType": "contextGroup", "group": {"objectType": "Group", **AGENT}}
        ],
    }
    yield GoodStatement("no relevantTypes", with_changes(context=without_types), ONLY_2)
    yield GoodStatement("empty contextAgents", with_changes(context={"contextAgents": []}), ONLY_2)


_OF_LANGUAGE_MAPS = (
    "XAPI-00121",
    "XAPI-00013",
    "XAPI-00045",
    "XAPI-00056",
    "XAPI-00059",
    "XAPI-00062",
    "XAPI-00106",
)


def _languages() -> Iterator[GoodStatement]:
    for tag in GOOD_LANGUAGE_TAGS:
        language = with_changes(context={"language": tag})
        yield GoodStatement(f"language {tag}", language).showing("XAPI-00013", "XAPI-00091")
        text = {tag: "words"}
        part = {"id": "a", "description": text}
        definition: Json = {
            "name": text,
            "description": text,
            "interactionType": "choice",
            "choices": [part],
        }
        thing = {**ACTIVITY, "definition": definition}
        holder: Json = {
            "verb": {**VERB, "display": text},
            "context": {"contextActivities": {"other": [thing]}},
            "attachments": [{**ATTACHMENT, "display": text, "description": text}],
        }
        sub_statement = {**SUB_STATEMENT, **holder, "object": thing}
        everywhere = with_changes(**holder, object=sub_statement)
        yield GoodStatement(f"language maps in {tag}", everywhere).showing(*_OF_LANGUAGE_MAPS)


def _lrs_properties() -> Iterator[GoodStatement]:
    for timestamp in GOOD_TIMESTAMPS:
        changes = {"timestamp": timestamp, "stored": timestamp}
        yield GoodStatement(f"timestamp {timestamp}", with_changes(**changes)).showing(
            "XAPI-00123", "XAPI-00022", "XAPI-00097"
        )
    for timestamp in TIMESTAMPS_OF_1_0:
        of_1_0 = with_changes(timestamp=timestamp)
        yield GoodStatement(f"timestamp {timestamp}", of_1_0, ONLY_1).showing("XAPI-00123")
    for version in ("1.0", "1.0.0", "1.0.3", "1.0.9"):
        yield GoodStatement(f"version {version}", with_changes(version=version)).showing(
            "XAPI-00101"
        )
    for version in ("2.0", "2.0.0", "2.0.7"):
        yield GoodStatement(f"version {version}", with_changes(version=version), ONLY_2)
    two = {"objectType": "Group", "member": [AGENT, {"openid": "https://lms.example.org"}]}
    yield GoodStatement("authority of two", with_changes(authority=two)).showing(
        "XAPI-00098", "XAPI-00024"
    )
    for sha2 in ("ab" * 28, "AB" * 32, "ab" * 48, "ab" * 64):
        attached = with_changes(attachments=[{**ATTACHMENT, "sha2": sha2}])
        yield GoodStatement(f"sha2 of {len(sha2)}", attached).showing("XAPI-00103", "XAPI-00025")
    yield GoodStatement("no attachments", with_changes(attachments=[]))
    nested = json.loads("[" * 61 + "]" * 61)
    deep = with_changes(result={"extensions": {"urn:x": nested}})
    yield GoodStatement("64 levels", deep)
    braces = with_changes(result={"response": "{[" * 100 + '\\"'})
    yield GoodStatement("brackets in a string", braces)
    many = with_changes(result={"extensions": {"urn:x": [[]] * 100}})
    yield GoodStatement("many brackets that are not deep", many)


GOOD_STATEMENTS: tuple[GoodStatement, ...] = (
    *_shapes(),
    *_actors(),
    *_objects(),
    *_interactions(),
    *_results(),
    *_extensions(),
    *_contexts(),
    *_languages(),
    *_lrs_properties(),
)
