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
    actors: tuple[tuple[str, Json, Steps], ...] = (
        ("no identifier", {"objectType": "Agent", "name": "Ada"}, ()),
        ("two identifiers", {"objectType": "Agent", **AGENT, "openid": "urn:x"}, ()),
        ("mailto without @", {"objectType": "Agent", "mbox": "mailto:no.fail.com"}, ("mbox",)),
        ("no mailto", {"objectType": "Agent", "mbox": "ada@example.org"}, ("mbox",)),
        ("short hash", {"objectType": "Agent", "mbox_sha1sum": "ab" * 19}, ("mbox_sha1sum",)),
        ("no URI", {"objectType": "Agent", "openid": "ab=c://example.org"}, ("openid",)),
        ("Agent with member", {"objectType": "Agent", **AGENT, "member": [AGENT]}, ("member",)),
        ("nobody", {"objectType": "Group", "name": "Nobody"}, ("member",)),
        ("empty member", {"objectType": "Group", "member": []}, ("member",)),
        (
            "Group as member",
            {"objectType": "Group", "member": [group]},
            ("member", 0, "objectType"),
        ),
        ("miscased objectType", {"objectType": "agent", **AGENT}, ("objectType",)),
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
        for name, actor, where in actors:
            path = spelled((*steps, *where))
            if steps[-1] in {"agent", "group"} and actor["objectType"] != steps[-1].title():
                path = spelled((*steps, "objectType"))
            yield BadStatement(
                f"{name} as {spelled(steps)}", changed(body, steps, actor), path, versions
            )


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


def _identifiers() -> Iterator[BadStatement]:
    for index, first in enumerate(_IFIS):
        for second in _IFIS[index + 1 :]:
            names = f"{next(iter(first))} and {next(iter(second))}"
            agent = {**first, **second}
            group = {"objectType": "Group", **agent}
            yield BadStatement(f"Agent with {names}", with_changes(actor=agent), "actor")
            yield BadStatement(f"Group with {names}", with_changes(actor=group), "actor")
            members = {"objectType": "Group", "member": [AGENT, agent]}
            spoiled = with_changes(actor=members)
            yield BadStatement(f"member with {names}", spoiled, "actor.member[1]")
    for mbox in BAD_MBOXES:
        yield BadStatement(f"mbox {mbox!r}", with_changes(actor={"mbox": mbox}), "actor.mbox")
    for hash_ in ("z" * 40, "ab" * 21, "ebd31e95 054c018b10727ccffd2ef2ec3a016ee9"):
        spoiled = with_changes(actor={"mbox_sha1sum": hash_})
        yield BadStatement(f"mbox_sha1sum {hash_}", spoiled, "actor.mbox_sha1sum")
    yield BadStatement(
        "authority with an identifier",
        with_changes(authority={"objectType": "Group", **AGENT, "member": [AGENT, AGENT]}),
        "authority.mbox",
    )
    for number in (1, 3):
        spoiled = with_changes(authority={"objectType": "Group", "member": [AGENT] * number})
        yield BadStatement(f"authority of {number}", spoiled, "authority.member")


def _identities() -> Iterator[BadStatement]:
    """Things that are no UUID, no IRI, no version."""
    for text in BAD_UUIDS:
        yield BadStatement(f"id {text!r}", with_changes(id=text), "id")
        registration = with_changes(context={"registration": text})
        yield BadStatement(f"registration {text!r}", registration, "context.registration")
        reference = with_changes(object={**STATEMENT_REF, "id": text})
        yield BadStatement(f"StatementRef to {text!r}", reference, "object.id")
    for text in BAD_IRIS:
        yield BadStatement(f"verb {text!r}", with_changes(verb={"id": text}), "verb.id")
        yield BadStatement(f"activity {text!r}", with_changes(object={"id": text}), "object.id")
        extensions = with_changes(context={"extensions": {text: 1}})
        path = f"context.extensions[{json.dumps(text, ensure_ascii=not text.isprintable())}]"
        yield BadStatement(f"extension {text!r}", extensions, path)
    for text in ("0.9.9", "1.1.0", "1.0.", "1", "v1.0.0", "3.0.0", "1.0.0-beta", "latest"):
        yield BadStatement(f"version {text}", with_changes(version=text), "version")
    for text in ("2.0", "2.0.0"):
        yield BadStatement(f"version {text}", with_changes(version=text), "version", ONLY_1)


def _verbs_and_objects() -> Iterator[BadStatement]:
    kinds: tuple[object, ...] = (
        "activity",
        "statementRef",
        "substatement",
        "agent",
        "Group ",
        "Person",
        5,
        {},
    )
    for kind in kinds:
        spoiled = with_changes(object={**ACTIVITY, "objectType": kind})
        yield BadStatement(f"objectType {kind!r}", spoiled, "object.objectType")
    for tag in BAD_LANGUAGE_TAGS:
        display = with_changes(verb={**VERB, "display": {tag: "answered"}})
        yield BadStatement(f"display in {tag!r}", display, spelled(("verb", "display", tag)))
        language = with_changes(context={"language": tag})
        yield BadStatement(f"language {tag!r}", language, "context.language")
    for target in (ACTIVITY, {"objectType": "Agent", **AGENT}, SUB_STATEMENT):
        spoiled = with_changes(verb={"id": VOIDED}, object=target)
        kind = target.get("objectType", "Activity")
        yield BadStatement(f"voiding with {kind}", spoiled, "object")
    sub_statement = {**SUB_STATEMENT, "verb": {"id": VOIDED}}
    yield BadStatement(
        "SubStatement that voids", with_changes(object=sub_statement), "object.object"
    )
    for name in ("id", "stored", "version", "authority"):
        spoiled = with_changes(object={**SUB_STATEMENT, name: FULL[name]})
        yield BadStatement(f"SubStatement with {name}", spoiled, f"object.{name}")
    nested = with_changes(object={**SUB_STATEMENT, "object": SUB_STATEMENT})
    yield BadStatement("SubStatement in SubStatement", nested, "object.object.objectType")
    for name in ("definition", "name", "result"):
        spoiled = with_changes(object={**STATEMENT_REF, name: {}})
        yield BadStatement(f"StatementRef with {name}", spoiled, f"object.{name}")
    for actor in (AGENT, {"member": [AGENT]}):
        name = f"object {next(iter(actor))} without objectType"
        yield BadStatement(name, with_changes(object=actor), "object.id")


def _interactions() -> Iterator[BadStatement]:
    lists = ("choices", "scale", "source", "target", "steps")
    for name in ("correctResponsesPattern", *lists):
        spoiled = with_changes(object={**ACTIVITY, "definition": {name: []}})
        path = f"object.definition.{name}"
        yield BadStatement(f"{name} without interactionType", spoiled, path)
    for name in lists:
        components = [{"id": "a"}, {"id": "b"}, {"id": "a"}]
        definition = {"interactionType": "other", name: components}
        path = f"object.definition.{name}[2].id"
        spoiled = with_changes(object={**ACTIVITY, "definition": definition})
        yield BadStatement(f"same id twice in {name}", spoiled, path)
    for kind in ("choiCe", "true_false", "cmi.choice", "fill in", "Other"):
        spoiled = with_changes(object={**ACTIVITY, "definition": {"interactionType": kind}})
        path = "object.definition.interactionType"
        yield BadStatement(f"interactionType {kind}", spoiled, path)
    doubled = {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]}
    for name in ("parent", "grouping", "category", "other"):
        activity = {**ACTIVITY, "definition": doubled}
        start = f"context.contextActivities.{name}"
        path = "definition.choices[1].id"
        alone = with_changes(context={"contextActivities": {name: activity}})
        yield BadStatement(f"same id twice in {name}", alone, f"{start}.{path}")
        listed = with_changes(context={"contextActivities": {name: [ACTIVITY, activity]}})
        yield BadStatement(f"same id twice in a list of {name}", listed, f"{start}[1].{path}")


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
    for score, name in scores:
        for start, body in (
            ("result.score", with_changes(result={"score": "?"})),
            (
                "object.result.score",
                with_changes(object={**SUB_STATEMENT, "result": {"score": "?"}}),
            ),
        ):
            text = json.dumps(body).replace('"?"', score)
            yield BadStatement(f"score {score[:50]} at {start}", text, f"{start}.{name}")
    for duration in BAD_DURATIONS:
        spoiled = with_changes(result={"duration": duration})
        yield BadStatement(f"duration {duration!r}", spoiled, "result.duration")
    yield BadStatement("score as a number", with_changes(result={"score": 5}), "result.score")


def _contexts() -> Iterator[BadStatement]:
    for name in ("revision", "platform"):
        for target in ({"objectType": "Agent", **AGENT}, STATEMENT_REF, SUB_STATEMENT):
            spoiled = with_changes(object=target, context={name: "x"})
            label = f"{name} with {target['objectType']}"
            yield BadStatement(label, spoiled, f"context.{name}")
        group = {"objectType": "Group", **AGENT}
        sub_statement = {**SUB_STATEMENT, "object": group, "context": {name: "x"}}
        spoiled = with_changes(object=sub_statement)
        yield BadStatement(f"{name} with Group in SubStatement", spoiled, f"object.context.{name}")
    for team in (AGENT, {"objectType": "Agent", **AGENT}):
        spoiled = with_changes(context={"team": team})
        yield BadStatement(f"Agent {team} as team", spoiled, "context.team.objectType")
    for name in ("Parent", "others", "parents"):
        spoiled = with_changes(context={"contextActivities": {name: ACTIVITY}})
        yield BadStatement(
            f"contextActivities {name}", spoiled, f"context.contextActivities.{name}"
        )
    statement = {"objectType": "SubStatement", "id": STATEMENT_REF["id"]}
    yield BadStatement(
        "context.statement is no StatementRef",
        with_changes(context={"statement": statement}),
        "context.statement.objectType",
    )
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
        for name in ("timestamp", "stored"):
            yield BadStatement(f"{name} {text!r}", with_changes(**{name: text}), name)
        sub_statement = with_changes(object={**SUB_STATEMENT, "timestamp": text})
        yield BadStatement(f"SubStatement of {text!r}", sub_statement, "object.timestamp")
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
        yield BadStatement(label, spoiled, f"attachments[1].{name}")
    yield BadStatement("attachment alone", with_changes(attachments=ATTACHMENT), "attachments")


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
        yield BadStatement(f"twice {path} in {text}", text, path)
    for levels in (62, 100, 5_000):
        nested = json.dumps(result).replace('"?"', "[" * levels + "]" * levels)
        yield BadStatement(f"{levels} arrays in an extension", nested, "")
    yield BadStatement("empty object", {}, "actor")
    yield BadStatement("unknown property", with_changes(unknown=1), "unknown")
    yield BadStatement("name with spaces", with_changes(**{"a b": 1}), '["a b"]')


BAD_STATEMENTS: tuple[BadStatement, ...] = (
    *SPOILED_STATEMENTS,
    *_actors(),
    *_identifiers(),
    *_identities(),
    *_verbs_and_objects(),
    *_interactions(),
    *_results(),
    *_contexts(),
    *_times(),
    *_attachments(),
    *_texts(),
)
