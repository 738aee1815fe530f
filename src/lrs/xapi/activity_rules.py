"""Rules for Activity definitions that look at more than one property (Data 2.4.4.1)."""

from collections.abc import Iterable, Iterator
from typing import Final

from lrs.xapi.activities import COMPONENT_LISTS
from lrs.xapi.findings import Finding, Location, shown

_INTERACTION: Final = "Data 2.4.4.1"
_INTERACTION_PROPERTIES: Final = ("correctResponsesPattern", *COMPONENT_LISTS)
_OF_INTERACTIONS: Final = frozenset(_INTERACTION_PROPERTIES)


def activity_rules(activity: object, location: Location) -> Iterable[Finding]:
    """Check the interaction that an Activity may define (Data 2.4.4.1)."""
    definition = activity.get("definition") if isinstance(activity, dict) else None
    if not isinstance(definition, dict) or _OF_INTERACTIONS.isdisjoint(definition):
        return ()
    return _interaction_rules(definition, (*location, "definition"))


def _interaction_rules(definition: dict[str, object], location: Location) -> Iterator[Finding]:
    for name in _INTERACTION_PROPERTIES:
        if name not in definition:
            continue
        place = (*location, name)
        if "interactionType" not in definition:
            yield Finding(place, "needs an interactionType beside it", _INTERACTION)
        if name in COMPONENT_LISTS:
            yield from _component_rules(definition[name], place)


def _component_rules(components: object, location: Location) -> Iterator[Finding]:
    """Check that no id comes twice in a list (Data 2.4.4.1, Interaction Components)."""
    seen: set[str] = set()
    for index, component in enumerate(components if isinstance(components, list) else ()):
        identifier = component.get("id") if isinstance(component, dict) else None
        if not isinstance(identifier, str):
            continue
        if identifier in seen:
            message = f"must be distinct in its list; {shown(identifier)} comes twice"
            yield Finding((*location, index, "id"), message, _INTERACTION)
        seen.add(identifier)
