"""Which requirements of the public conformance suite speak of a place in a Statement.

They say of what type or in what format the property is, and whether it may be missing.
"""

from collections.abc import Iterable, Mapping

_Requirements = Mapping[str, tuple[str, ...]]

_OF_AN_ACTOR: _Requirements = {
    "objectType": ("XAPI-00031", "XAPI-00032"),
    "name": ("XAPI-00033",),
    "mbox": ("XAPI-00038",),
    "mbox_sha1sum": ("XAPI-00039",),
    "openid": ("XAPI-00040",),
    "account": ("XAPI-00041",),
    "account.homePage": ("XAPI-00042",),
    "account.name": ("XAPI-00043",),
    "member": ("XAPI-00036",),
    "member[]": ("XAPI-00036",),
}
_OF_A_DEFINITION: _Requirements = {
    "name": ("XAPI-00056",),
    "description": ("XAPI-00059",),
    "type": ("XAPI-00060",),
    "moreInfo": ("XAPI-00061",),
    "interactionType": ("XAPI-00049",),
    "correctResponsesPattern": ("XAPI-00050",),
    "correctResponsesPattern[]": ("XAPI-00050",),
    "extensions": ("XAPI-00057", "XAPI-00120"),
}
_OF_COMPONENT_LISTS: Mapping[str, str] = {
    "steps": "XAPI-00051",
    "target": "XAPI-00052",
    "source": "XAPI-00053",
    "scale": "XAPI-00054",
    "choices": "XAPI-00055",
}
_OF_AN_EVENT: _Requirements = {
    "verb.id": ("XAPI-00044",),
    "verb.display": ("XAPI-00045",),
    "object.objectType": ("XAPI-00046",),
    "object.id": ("XAPI-00047",),
    "object.definition": ("XAPI-00048",),
    "result.score": ("XAPI-00079",),
    "result.score.scaled": ("XAPI-00083",),
    "result.score.raw": ("XAPI-00082",),
    "result.score.min": ("XAPI-00081",),
    "result.score.max": ("XAPI-00080",),
    "result.success": ("XAPI-00074",),
    "result.completion": ("XAPI-00075",),
    "result.response": ("XAPI-00076",),
    "result.duration": ("XAPI-00077", "XAPI-00124"),
    "result.extensions": ("XAPI-00078", "XAPI-00120"),
    "context.registration": ("XAPI-00087", "XAPI-00029"),
    "context.instructor": ("XAPI-00087",),
    "context.team": ("XAPI-00088",),
    "context.team.objectType": ("XAPI-00088",),
    "context.contextActivities": ("XAPI-00086",),
    **{
        f"context.contextActivities.{kind}{part}": ("XAPI-00094",)
        for kind in ("parent", "grouping", "category", "other")
        for part in ("", "[]", ".id", "[].id", "[].objectType", ".definition", "[].definition")
    },
    "context.revision": ("XAPI-00089",),
    "context.platform": ("XAPI-00090",),
    "context.language": ("XAPI-00091",),
    "context.statement": ("XAPI-00092",),
    "context.statement.objectType": ("XAPI-00092",),
    "context.statement.id": ("XAPI-00092", "XAPI-00029"),
    "context.extensions": ("XAPI-00120",),
    "timestamp": ("XAPI-00022", "XAPI-00123"),
    "attachments": ("XAPI-00025",),
    "attachments[]": ("XAPI-00025",),
    "attachments[].usageType": ("XAPI-00107",),
    "attachments[].display": ("XAPI-00106",),
    "attachments[].description": ("XAPI-00106",),
    "attachments[].contentType": ("XAPI-00105",),
    "attachments[].length": ("XAPI-00102",),
    "attachments[].sha2": ("XAPI-00103",),
    "attachments[].fileUrl": ("XAPI-00104",),
    "id": ("XAPI-00028", "XAPI-00029"),
    "stored": ("XAPI-00023",),
    "authority": ("XAPI-00024",),
    "version": ("XAPI-00101",),
}
_ACTORS = ("actor", "actor.member[]", "authority", "context.instructor", "context.team")
_DEFINITIONS = ("object.definition", "context.contextActivities.other[].definition")

# Later lines win: what is said of a place itself, over what is said of any actor.
_OF_PLACES: _Requirements = {
    **{f"{actor}.{name}": ids for actor in _ACTORS for name, ids in _OF_AN_ACTOR.items()},
    **{
        f"{definition}.{name}": ids
        for definition in _DEFINITIONS
        for name, ids in _OF_A_DEFINITION.items()
    },
    **{
        f"{definition}.{components}{part}": ids
        for definition in _DEFINITIONS
        for components, requirement in _OF_COMPONENT_LISTS.items()
        for part, ids in (
            ("", (requirement,)),
            ("[]", ("XAPI-00063", requirement)),
            ("[].id", ("XAPI-00058",)),
            ("[].description", ("XAPI-00062",)),
        )
    },
    **_OF_AN_EVENT,
}


def requirements_of(steps: Iterable[str | int]) -> tuple[str, ...]:
    """Return the requirements that speak of a place of a Statement or, from there, SubStatement."""
    path = "".join(f".{step}" if isinstance(step, str) else "[]" for step in steps)
    return _OF_PLACES.get(path.removeprefix("."), ())
