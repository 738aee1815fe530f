"""Statements that must be refused, each with the place of a violation.

`BAD_STATEMENTS` holds those picked by hand and those derived from a good statement.
"""

import json
from collections.abc import Iterator

from cases.formats import (
    BAD_DURATIONS,
    BAD_IRIS,
    BAD_LANGUAGE_TAGS,
    BAD_MBOXES,
    BAD_TIMESTAMPS,
    BAD_UUIDS,
    TIMESTAMPS_OF_1_0,
)
from cases.good_statements import (
    ACTIVITY,
    AGENT,
    ATTACHMENT,
    BOTH,
    CONTEXT_ACTORS,
    FULL,
    FULL_SUB_STATEMENT,
    INTERACTION_TYPES,
    MINIMAL,
    ONLY_1,
    ONLY_2,
    STATEMENT_REF,
    SUB_STATEMENT,
    VERB,
    VOIDED,
    Json,
    with_changes,
)
from cases.requirements_of_places import requirements_of
from cases.spoiled_statements import (
    SPOILED_STATEMENTS,
    BadStatement,
    Steps,
    changed,
    spelled,
)
from lrs.xapi.versions import Version


def _actors() -> Iterator[BadStatement]:
    """Spoil an actor in each place where one can stand."""
    group = {"objectType": "Group", "member": [AGENT]}
    actors: tuple[tuple[str, Json, Steps, tuple[str, ...]], ...] = (
        ("no identifier", {"objectType": "Agent", "name": "Ada"}, (), ("XAPI-00034",)),
        (
            "two identifiers",
            {"objectType": "Agent", **AGENT, "openid": "urn:x"},
            (),
            ("XAPI-00034",),
        ),
        (
            "mailto without @",
            {"objectType": "Agent", "mbox": "mailto:no.fail.com"},
            ("mbox",),
            ("XAPI-00038",),
        ),
        (
            "no mailto",
            {"objectType": "Agent", "mbox": "ada@example.org"},
            ("mbox",),
            ("XAPI-00038",),
        ),
        (
            "short hash",
            {"objectType": "Agent", "mbox_sha1sum": "ab" * 19},
            ("mbox_sha1sum",),
            ("XAPI-00039",),
        ),
        (
            "no URI",
            {"objectType": "Agent", "openid": "ab=c://example.org"},
            ("openid",),
            ("XAPI-00040",),
        ),
        (
            "account without homePage",
            {"objectType": "Agent", "account": {"name": "ada"}},
            ("account", "homePage"),
            ("XAPI-00042", "XAPI-00041"),
        ),
        (
            "account without name",
            {"objectType": "Agent", "account": {"homePage": "https://example.org"}},
            ("account", "name"),
            ("XAPI-00043", "XAPI-00041"),
        ),
        (
            "homePage that is no IRL",
            {"objectType": "Agent", "account": {"homePage": "example.org", "name": "ada"}},
            ("account", "homePage"),
            ("XAPI-00042",),
        ),
        (
            "Agent with member",
            {"objectType": "Agent", **AGENT, "member": [AGENT]},
            ("member",),
            ("XAPI-00035",),
        ),
        (
            "nobody",
            {"objectType": "Group", "name": "Nobody"},
            ("member",),
            ("XAPI-00035", "XAPI-00037"),
        ),
        ("empty member", {"objectType": "Group", "member": []}, ("member",), ("XAPI-00035",)),
        (
            "Group as member",
            {"objectType": "Group", "member": [group]},
            ("member", 0, "objectType"),
            ("XAPI-00036",),
        ),
        (
            "miscased objectType",
            {"objectType": "agent", **AGENT},
            ("objectType",),
            ("XAPI-00009", "XAPI-00031"),
        ),
    )
    places: tuple[tuple[Steps, tuple[Version, ...]], ...] = (
        (("actor",), BOTH),
        (("object",), BOTH),
        (("authority",), BOTH),
        (("context", "instructor"), BOTH),
        (("object", "actor"), BOTH),
        (("object", "object"), BOTH),
        (("object", "context", "instructor"), BOTH),
        (("context", "contextAgents", 0, "agent"), ONLY_2),
        (("context", "contextGroups", 0, "group"), ONLY_2),
    )
    for steps, versions in places:
        body = _holding(steps)
        for name, actor, where, shown in actors:
            path = spelled((*steps, *where))
            if steps[-1] in {"agent", "group"} and actor["objectType"] != steps[-1].title():
                path = spelled((*steps, "objectType"))
            yield BadStatement(
                f"{name} as {spelled(steps)}", changed(body, steps, actor), path, versions
            ).showing(*shown)


def _holding(steps: Steps) -> Json:
    """Return a statement that has the object around a place."""
    object_: Json = ACTIVITY
    if steps[0] == "object" and len(steps) > 1:
        object_ = {**SUB_STATEMENT, "context": {}}
    context = CONTEXT_ACTORS if "contextAgents" in steps or "contextGroups" in steps else {}
    return with_changes(object=object_, context=context)


_IFIS: tuple[Json, ...] = (
    {"mbox": "mailto:ada@example.org"},
    {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
    {"openid": "https://ada.example.org/"},
    {"account": {"homePage": "https://example.org", "name": "ada"}},
)


_PLACES_OF_ACTORS: tuple[Steps, ...] = (
    ("actor",),
    ("object",),
    ("authority",),
    ("context", "instructor"),
    ("object", "actor"),
    ("object", "object"),
    ("object", "context", "instructor"),
)


def _two_identifiers() -> Iterator[BadStatement]:
    for index, first in enumerate(_IFIS):
        for second in _IFIS[index + 1 :]:
            names = f"{next(iter(first))} and {next(iter(second))}"
            agent = {**first, **second}
            group = {"objectType": "Group", **agent}
            for steps in _PLACES_OF_ACTORS:
                body, path = _holding(steps), spelled(steps)
                typed = changed(body, steps, {"objectType": "Agent", **agent})
                yield BadStatement(f"Agent with {names} as {path}", typed, path).showing(
                    "XAPI-00034"
                )
                if steps != ("authority",):
                    spoiled = changed(body, steps, group)
                    yield BadStatement(f"Group with {names} as {path}", spoiled, path).showing(
                        "XAPI-00037"
                    )
            members = {"objectType": "Group", "member": [AGENT, agent]}
            spoiled = with_changes(actor=members)
            yield BadStatement(f"member with {names}", spoiled, "actor.member[1]").showing(
                "XAPI-00036", "XAPI-00034"
            )
            team = with_changes(context={"team": group})
            yield BadStatement(f"team with {names}", team, "context.team").showing("XAPI-00037")


def _identifiers() -> Iterator[BadStatement]:
    for mbox in BAD_MBOXES:
        case = BadStatement(f"mbox {mbox!r}", with_changes(actor={"mbox": mbox}), "actor.mbox")
        yield case.showing("XAPI-00038")
    for hash_ in ("z" * 40, "ab" * 21, "ebd31e95 054c018b10727ccffd2ef2ec3a016ee9"):
        spoiled = with_changes(actor={"mbox_sha1sum": hash_})
        yield BadStatement(f"mbox_sha1sum {hash_}", spoiled, "actor.mbox_sha1sum")
    for ifi in _IFIS:
        name = next(iter(ifi))
        identified = {"objectType": "Group", **ifi, "member": [AGENT, AGENT]}
        yield BadStatement(
            f"authority of two with {name}",
            with_changes(authority=identified),
            f"authority.{name}",
        ).showing("XAPI-00024", "XAPI-00098", "XAPI-00100")
    for number in (1, 3):
        spoiled = with_changes(authority={"objectType": "Group", "member": [AGENT] * number})
        yield BadStatement(f"authority of {number}", spoiled, "authority.member").showing(
            "XAPI-00098", "XAPI-00100"
        )


def _identities() -> Iterator[BadStatement]:
    """Things that are no UUID, no IRI, no version."""
    for text in BAD_UUIDS:
        case = BadStatement(f"id {text!r}", with_changes(id=text), "id")
        yield case.showing("XAPI-00027", "XAPI-00007")
        registration = with_changes(context={"registration": text})
        case = BadStatement(f"registration {text!r}", registration, "context.registration")
        yield case.showing("XAPI-00030", "XAPI-00029", "XAPI-00087")
        reference = {**STATEMENT_REF, "id": text}
        case = BadStatement(
            f"StatementRef to {text!r}", with_changes(object=reference), "object.id"
        )
        yield case.showing("XAPI-00072", "XAPI-00030", "XAPI-00029")
        in_context = with_changes(context={"statement": reference})
        case = BadStatement(f"context.statement {text!r}", in_context, "context.statement.id")
        yield case.showing("XAPI-00092", "XAPI-00030", "XAPI-00029")
    for text in BAD_IRIS:
        case = BadStatement(f"verb {text!r}", with_changes(verb={"id": text}), "verb.id")
        yield case.showing("XAPI-00044", "XAPI-00007")
        case = BadStatement(f"activity {text!r}", with_changes(object={"id": text}), "object.id")
        yield case.showing("XAPI-00047", "XAPI-00007")
        extensions = with_changes(context={"extensions": {text: 1}})
        path = f"context.extensions[{json.dumps(text, ensure_ascii=not text.isprintable())}]"
        yield BadStatement(f"extension {text!r}", extensions, path).showing("XAPI-00118")
    for text in ("0.9.9", "1.1.0", "1.0.", "1", "v1.0.0", "3.0.0", "1.0.0-beta", "latest"):
        case = BadStatement(f"version {text}", with_changes(version=text), "version")
        yield case.showing("XAPI-00101")
    for text in ("2.0", "2.0.0"):
        case = BadStatement(f"version {text}", with_changes(version=text), "version", ONLY_1)
        yield case.showing("XAPI-00101")


# Every place of an IRI: none has a default scheme.
_IRIS: tuple[Steps, ...] = (
    ("verb", "id"),
    ("object", "id"),
    ("object", "definition", "type"),
    ("object", "definition", "moreInfo"),
    ("actor", "member", 1, "account", "homePage"),
    ("context", "instructor", "openid"),
    ("context", "contextActivities", "parent", "id"),
    ("context", "contextActivities", "other", 0, "id"),
    ("context", "contextActivities", "other", 0, "definition", "type"),
    ("context", "contextActivities", "other", 0, "definition", "moreInfo"),
    ("attachments", 0, "usageType"),
    ("attachments", 0, "fileUrl"),
)
_EXTENSIONS: tuple[Steps, ...] = (
    ("object", "definition", "extensions"),
    ("result", "extensions"),
    ("context", "extensions"),
)


def _without_scheme() -> Iterator[BadStatement]:
    text = "example.org/without/scheme"
    for body, start in ((FULL, ()), (FULL_SUB_STATEMENT, ("object",))):
        for steps in _IRIS:
            place = (*start, *steps)
            path = spelled(place)
            case = BadStatement(f"no scheme at {path}", changed(body, place, text), path)
            yield case.showing("XAPI-00011", *requirements_of(steps))
        for steps in _EXTENSIONS:
            place = (*start, *steps)
            spoiled = changed(body, place, {"urn:x": 1, text: 1})
            path = spelled((*place, text))
            case = BadStatement(f"no scheme at {path}", spoiled, path)
            yield case.showing("XAPI-00011", "XAPI-00118")


_MISCASED = ("activity", "agent", "group", "statementref", "statementRef", "substatement")


def _verbs_and_objects() -> Iterator[BadStatement]:
    kinds: tuple[object, ...] = (*_MISCASED, "Group ", "Person", 5, {})
    for kind in kinds:
        typed = {**ACTIVITY, "objectType": kind}
        shown = ("XAPI-00046", "XAPI-00009") if kind in _MISCASED else ("XAPI-00046",)
        case = BadStatement(f"objectType {kind!r}", with_changes(object=typed), "object.objectType")
        yield case.showing(*shown)
        planned = with_changes(object={**SUB_STATEMENT, "object": typed})
        case = BadStatement(
            f"objectType {kind!r} in a SubStatement", planned, "object.object.objectType"
        )
        yield case.showing(*shown)
    for untyped in (STATEMENT_REF, SUB_STATEMENT):
        spoiled = with_changes(object=untyped | {"objectType": "Activity"})
        del spoiled["object"]["objectType"]
        name = f"{untyped['objectType']} without objectType"
        yield BadStatement(name, spoiled, "object.id").showing("XAPI-00073")
    for target in (ACTIVITY, {"objectType": "Agent", **AGENT}, SUB_STATEMENT):
        spoiled = with_changes(verb={"id": VOIDED}, object=target)
        kind = target.get("objectType", "Activity")
        yield BadStatement(f"voiding with {kind}", spoiled, "object").showing(
            "XAPI-00017", "XAPI-00020"
        )
    sub_statement = {**SUB_STATEMENT, "verb": {"id": VOIDED}}
    yield BadStatement(
        "SubStatement that voids", with_changes(object=sub_statement), "object.object"
    )
    for name, requirement in (
        ("id", "XAPI-00070"),
        ("stored", "XAPI-00069"),
        ("version", "XAPI-00068"),
        ("authority", "XAPI-00067"),
    ):
        spoiled = with_changes(object={**SUB_STATEMENT, name: FULL[name]})
        case = BadStatement(f"SubStatement with {name}", spoiled, f"object.{name}")
        yield case.showing(requirement)
    nested = with_changes(object={**SUB_STATEMENT, "object": SUB_STATEMENT})
    case = BadStatement("SubStatement in SubStatement", nested, "object.object.objectType")
    yield case.showing("XAPI-00071")
    for name in ("definition", "name", "result"):
        spoiled = with_changes(object={**STATEMENT_REF, name: {}})
        case = BadStatement(f"StatementRef with {name}", spoiled, f"object.{name}")
        yield case.showing("XAPI-00010")
    unidentified = with_changes(object={"objectType": "StatementRef"})
    yield BadStatement("StatementRef without id", unidentified, "object.id").showing("XAPI-00072")
    for actor in (AGENT, {"member": [AGENT]}, AGENT | {"member": [AGENT]}):
        name = f"object with {' and '.join(actor)} without objectType"
        yield BadStatement(name, with_changes(object=actor), "object.id").showing("XAPI-00065")
        planned = with_changes(object={**SUB_STATEMENT, "object": actor})
        case = BadStatement(f"{name} in a SubStatement", planned, "object.object.id")
        yield case.showing("XAPI-00065")


_LANGUAGE_MAPS: tuple[Steps, ...] = (
    ("verb", "display"),
    ("object", "definition", "name"),
    ("object", "definition", "description"),
    ("object", "definition", "choices", 0, "description"),
    ("object", "definition", "source", 1, "description"),
    ("context", "contextActivities", "other", 0, "definition", "name"),
    ("attachments", 0, "display"),
    ("attachments", 0, "description"),
)


def _languages() -> Iterator[BadStatement]:
    for tag in BAD_LANGUAGE_TAGS:
        display = with_changes(verb={**VERB, "display": {tag: "answered"}})
        case = BadStatement(f"display in {tag!r}", display, spelled(("verb", "display", tag)))
        yield case.showing("XAPI-00121", "XAPI-00013", "XAPI-00045")
        language = with_changes(context={"language": tag})
        case = BadStatement(f"language {tag!r}", language, "context.language")
        yield case.showing("XAPI-00013", "XAPI-00091")
    for body, start in ((FULL, ()), (FULL_SUB_STATEMENT, ("object",))):
        for steps in _LANGUAGE_MAPS:
            place = (*start, *steps)
            path = spelled((*place, "a12345678"))
            spoiled = changed(body, place, {"en": "text", "a12345678": "text"})
            case = BadStatement(f"language tag at {path}", spoiled, path)
            yield case.showing("XAPI-00121", "XAPI-00013", *requirements_of(steps))
        place = (*start, "context", "language")
        path = spelled(place)
        case = BadStatement(f"language tag at {path}", changed(body, place, "a12345678"), path)
        yield case.showing("XAPI-00013", "XAPI-00091")


def _interactions() -> Iterator[BadStatement]:
    lists = ("choices", "scale", "source", "target", "steps")
    for name in ("correctResponsesPattern", *lists):
        spoiled = with_changes(object={**ACTIVITY, "definition": {name: []}})
        path = f"object.definition.{name}"
        case = BadStatement(f"{name} without interactionType", spoiled, path)
        yield case.showing("XAPI-00064")
    for name in lists:
        components = [{"id": "a"}, {"id": "b"}, {"id": "a"}]
        definition = {"interactionType": "other", name: components}
        path = f"object.definition.{name}[2].id"
        spoiled = with_changes(object={**ACTIVITY, "definition": definition})
        yield BadStatement(f"same id twice in {name}", spoiled, path).showing("XAPI-00058")
    path = "object.definition.interactionType"
    for kind in ("true_false", "cmi.choice", "fill in"):
        spoiled = with_changes(object={**ACTIVITY, "definition": {"interactionType": kind}})
        yield BadStatement(f"interactionType {kind}", spoiled, path).showing("XAPI-00049")
    for kind in INTERACTION_TYPES:
        miscased = kind[:-1] + kind[-1].upper()
        spoiled = with_changes(object={**ACTIVITY, "definition": {"interactionType": miscased}})
        case = BadStatement(f"interactionType {miscased}", spoiled, path)
        yield case.showing("XAPI-00009", "XAPI-00049")
    doubled = {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]}
    for name in ("parent", "grouping", "category", "other"):
        activity = {**ACTIVITY, "definition": doubled}
        start = f"context.contextActivities.{name}"
        path = "definition.choices[1].id"
        alone = with_changes(context={"contextActivities": {name: activity}})
        case = BadStatement(f"same id twice in {name}", alone, f"{start}.{path}")
        yield case.showing("XAPI-00058")
        listed = with_changes(context={"contextActivities": {name: [ACTIVITY, activity]}})
        case = BadStatement(f"same id twice in a list of {name}", listed, f"{start}[1].{path}")
        yield case.showing("XAPI-00058")


def _results() -> Iterator[BadStatement]:
    scores: tuple[tuple[str, str], ...] = (
        ('{"scaled": 1.01}', "scaled"),
        ('{"scaled": -1.00001}', "scaled"),
        ('{"scaled": 1.0000000000000000000000001}', "scaled"),
        ('{"scaled": 100}', "scaled"),
        ('{"raw": 11, "max": 10}', "raw"),
        ('{"raw": -1, "min": 0}', "raw"),
        ('{"raw": 10.000000000000000000001, "min": 0, "max": 10}', "raw"),
        ('{"min": 1, "max": 1}', "max"),
        ('{"min": 1.0, "max": 1}', "max"),
        ('{"min": 2, "max": 1}', "max"),
        ('{"min": 0, "max": 0, "raw": 0}', "max"),
        ('{"raw": 1e400}', "raw"),
        ('{"min": -1e309}', "min"),
        ('{"max": 1' + "0" * 400 + "}", "max"),
        ('{"mean": 1}', "mean"),
    )
    requirements = {
        "scaled": "XAPI-00083",
        "raw": "XAPI-00082",
        "max": "XAPI-00080",
        "min": "XAPI-00081",
        "mean": "XAPI-00010",
    }
    for score, name in scores:
        for start, body in (
            ("result.score", with_changes(result={"score": "?"})),
            (
                "object.result.score",
                with_changes(object={**SUB_STATEMENT, "result": {"score": "?"}}),
            ),
        ):
            text = json.dumps(body).replace('"?"', score)
            case = BadStatement(f"score {score[:50]} at {start}", text, f"{start}.{name}")
            is_of_both = "min" in score and "max" in score and name == "max"
            shown = ("XAPI-00081", "XAPI-00080") if is_of_both else (requirements[name],)
            yield case.showing(*shown)
    for duration in BAD_DURATIONS:
        for start, body in (
            ("result", with_changes(result={"duration": duration})),
            (
                "object.result",
                with_changes(object={**SUB_STATEMENT, "result": {"duration": duration}}),
            ),
        ):
            case = BadStatement(f"{start}.duration {duration!r}", body, f"{start}.duration")
            yield case.showing("XAPI-00124", "XAPI-00077")
    yield BadStatement("score as a number", with_changes(result={"score": 5}), "result.score")


def _contexts_of_other_objects() -> Iterator[BadStatement]:
    agent, group = {"objectType": "Agent", **AGENT}, {"objectType": "Group", **AGENT}
    for name, requirement in (("revision", "XAPI-00084"), ("platform", "XAPI-00085")):
        for target in (agent, group, STATEMENT_REF, SUB_STATEMENT):
            spoiled = with_changes(object=target, context={name: "x"})
            label = f"{name} with {target['objectType']}"
            yield BadStatement(label, spoiled, f"context.{name}").showing(requirement)
        for target in (agent, group, STATEMENT_REF):
            sub_statement = {**SUB_STATEMENT, "object": target, "context": {name: "x"}}
            spoiled = with_changes(object=sub_statement)
            label = f"{name} with {target['objectType']} in a SubStatement"
            yield BadStatement(label, spoiled, f"object.context.{name}").showing(requirement)


def _contexts() -> Iterator[BadStatement]:
    for team in (AGENT, {"objectType": "Agent", **AGENT}):
        spoiled = with_changes(context={"team": team})
        case = BadStatement(f"Agent {team} as team", spoiled, "context.team.objectType")
        yield case.showing("XAPI-00088")
    for name in ("Parent", "others", "parents"):
        spoiled = with_changes(context={"contextActivities": {name: ACTIVITY}})
        yield BadStatement(
            f"contextActivities {name}", spoiled, f"context.contextActivities.{name}"
        ).showing("XAPI-00093")
    for other in ({"objectType": "Agent", **AGENT}, STATEMENT_REF):
        spoiled = with_changes(context={"contextActivities": {"parent": other}})
        path = "context.contextActivities.parent.objectType"
        case = BadStatement(f"{other['objectType']} as parent", spoiled, path)
        yield case.showing("XAPI-00094")
    statement = {"objectType": "SubStatement", "id": STATEMENT_REF["id"]}
    yield BadStatement(
        "context.statement is no StatementRef",
        with_changes(context={"statement": statement}),
        "context.statement.objectType",
    ).showing("XAPI-00092")
    for name in ("contextAgents", "contextGroups"):
        for start, body in (
            ("context", with_changes(context={name: CONTEXT_ACTORS[name]})),
            (
                "object.context",
                with_changes(object={**SUB_STATEMENT, "context": {name: CONTEXT_ACTORS[name]}}),
            ),
        ):
            yield BadStatement(f"{start}.{name}", body, f"{start}.{name}", ONLY_1)
            yield from _context_actors(body, (*start.split("."), name))


def _context_actors(body: Json, steps: Steps) -> Iterator[BadStatement]:
    name = str(steps[-1])
    member = name.removeprefix("context")[:-1].lower()
    spoils: tuple[tuple[Steps, object, Steps], ...] = (
        ((0, "objectType"), f"Context{member.title()}", (0, "objectType")),
        ((0, "relevantTypes"), [], (0, "relevantTypes")),
        ((0, "relevantTypes"), ["no IRI"], (0, "relevantTypes", 0)),
        ((0, "relevantTypes"), "urn:x", (0, "relevantTypes")),
        ((0, member), {"objectType": "Agent", "name": "Ada"}, (0, member)),
        ((0, member), "Ada", (0, member)),
        ((0,), "Ada", (0,)),
    )
    for place, value, where in spoils:
        spoiled = changed(body, (*steps, *place), value)
        path = spelled((*steps, *where))
        if (member, where) == ("group", (0, member)) and isinstance(value, dict):
            path += ".objectType"
        label = f"{json.dumps(value)} at {spelled((*steps, *place))}"
        yield BadStatement(label, spoiled, path, ONLY_2)


def _times() -> Iterator[BadStatement]:
    for text in BAD_TIMESTAMPS:
        case = BadStatement(f"timestamp {text!r}", with_changes(timestamp=text), "timestamp")
        yield case.showing("XAPI-00123", "XAPI-00022")
        case = BadStatement(f"stored {text!r}", with_changes(stored=text), "stored")
        yield case.showing("XAPI-00023")
        sub_statement = with_changes(object={**SUB_STATEMENT, "timestamp": text})
        case = BadStatement(f"SubStatement of {text!r}", sub_statement, "object.timestamp")
        yield case.showing("XAPI-00123", "XAPI-00022")
    for text in TIMESTAMPS_OF_1_0:
        for name in ("timestamp", "stored"):
            yield BadStatement(f"{name} {text!r}", with_changes(**{name: text}), name, ONLY_2)
        sub_statement = with_changes(object={**SUB_STATEMENT, "timestamp": text})
        yield BadStatement(f"SubStatement of {text!r}", sub_statement, "object.timestamp", ONLY_2)


def _attachments() -> Iterator[BadStatement]:
    spoils: tuple[tuple[str, object], ...] = (
        ("usageType", "no IRI"),
        ("contentType", "pdf"),
        ("contentType", "text/"),
        ("contentType", "text plain/x"),
        ("length", -1),
        ("length", 1.5),
        ("length", 27.0),
        ("length", 2**63),
        ("sha2", "ab" * 20),
        ("sha2", "z" * 64),
        ("fileUrl", "certificate.pdf"),
        ("fileURL", "https://example.org/certificate.pdf"),
    )
    for name, value in spoils:
        spoiled = with_changes(attachments=[ATTACHMENT, {**ATTACHMENT, name: value}])
        label = f"attachment with {name} {value!r}"
        case = BadStatement(label, spoiled, f"attachments[1].{name}")
        yield case.showing(*requirements_of(("attachments", 1, name)) or ("XAPI-00008",))
    case = BadStatement("attachment alone", with_changes(attachments=ATTACHMENT), "attachments")
    yield case.showing("XAPI-00025")


def _texts() -> Iterator[BadStatement]:
    """JSON whose spelling or size is the trouble."""
    result = with_changes(result={"response": "?", "extensions": {"urn:x": {"y": "?"}}})
    response = "result.response"
    extension = 'result.extensions["urn:x"].y'
    for name, escape in (
        ("NUL", "\\u0000"),
        ("high surrogate", "a\\ud83d"),
        ("low surrogate", "\\uDE00b"),
        ("swapped surrogates", "\\ude00\\ud83d"),
    ):
        text = json.dumps(result).replace('"?"', f'"{escape}"')
        yield BadStatement(f"{name} in a string", text, response)
        yield BadStatement(f"{name} in an extension", text, extension)
    minimal = json.dumps(MINIMAL)
    for number in ("1" * 1_001, "0." + "1" * 1_000, "1e" + "9" * 30, "-1e-" + "9" * 30):
        text = json.dumps(result).replace('"?"', number)
        yield BadStatement(f"number {number[:9]}…", text, extension)
    for text, path in (
        (minimal[:-1] + ', "actor": {"mbox": "mailto:b@example.org"}}', "actor"),
        (minimal.replace('"mbox"', '"mbox": "mailto:b@example.org", "mbox"'), "actor.mbox"),
        (json.dumps(result).replace('"y"', '"y": 1, "y"'), extension),
        (json.dumps(result).replace('"y"', '"y": 1, "\\u0079"'), extension),
    ):
        yield BadStatement(f"twice {path} in {text}", text, path).showing("XAPI-00021")
    for levels in (62, 100, 5_000):
        nested = json.dumps(result).replace('"?"', "[" * levels + "]" * levels)
        yield BadStatement(f"{levels} arrays in an extension", nested, "")
    yield BadStatement("empty object", {}, "actor")
    case = BadStatement("unknown property", with_changes(unknown=1), "unknown")
    yield case.showing("XAPI-00010")
    yield BadStatement("name with spaces", with_changes(**{"a b": 1}), '["a b"]')


BAD_STATEMENTS: tuple[BadStatement, ...] = (
    *SPOILED_STATEMENTS,
    *_actors(),
    *_two_identifiers(),
    *_identifiers(),
    *_identities(),
    *_without_scheme(),
    *_verbs_and_objects(),
    *_languages(),
    *_interactions(),
    *_results(),
    *_contexts_of_other_objects(),
    *_contexts(),
    *_times(),
    *_attachments(),
    *_texts(),
)
