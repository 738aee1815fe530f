"""Statements for tests."""

from typing import Any

Json = dict[str, Any]

VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def agent(name: str = "ada") -> Json:
    return {"objectType": "Agent", "mbox": f"mailto:{name}@example.org"}


def group(*members: Json, **properties: Any) -> Json:
    """A Group, anonymous unless the properties hold an identifier."""
    return {"objectType": "Group", "member": list(members)} | properties


def activity(name: str = "course") -> Json:
    return {"objectType": "Activity", "id": f"http://example.org/activities/{name}"}


def verb(name: str = "completed") -> Json:
    return {"id": f"http://example.org/verbs/{name}"}


def reference(target: str) -> Json:
    return {"objectType": "StatementRef", "id": str(target)}


def a_statement(**properties: Any) -> Json:
    """A statement with these properties instead of, or beside, the least it needs."""
    return {"actor": agent(), "verb": verb(), "object": activity()} | properties


def a_substatement(**properties: Any) -> Json:
    return {"objectType": "SubStatement", **a_statement(**properties)}


def referring(target: str, **properties: Any) -> Json:
    """A statement about another one, by somebody else with another verb."""
    spoken = {"actor": agent("commentator"), "verb": verb("commented")}
    return a_statement(**spoken, object=reference(target)) | properties


def voiding(target: str, **properties: Any) -> Json:
    return a_statement(verb={"id": VOIDED}, object=reference(target), **properties)
