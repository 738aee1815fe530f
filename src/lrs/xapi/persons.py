"""Persons: all that an LRS knows of an Agent, in arrays (Comm. 2.4)."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from lrs.xapi.actors import Account, Agent, Mbox, Sha1Sum
from lrs.xapi.iris import Uri
from lrs.xapi.properties import Maybe, StrictModel


class Person(StrictModel):
    """An Agent with all the values of its properties; what there is none of is absent."""

    object_type: Literal["Person"]
    name: Maybe[list[str]] = None
    mbox: Maybe[list[Mbox]] = None
    mbox_sha1sum: Maybe[list[Sha1Sum]] = Field(default=None, alias="mbox_sha1sum")
    openid: Maybe[list[Uri]] = None
    account: Maybe[list[Account]] = None


def person_of(
    agent: Agent, names: Iterable[str], others: Iterable[tuple[str, object]] = ()
) -> Person:
    """Return the Person of an Agent, with its identifier as it is written there.

    Args:
        agent: the one that is asked for; if it brings a name, that is one of the Person's.
        names: those that it has in statements.
        others: further identifiers of the Person, by the properties that they are values of.
    """
    values: dict[str, list[object]] = {
        "name": [*sorted({*names, agent.name or ""} - {""})],
        "mbox": [agent.mbox],
        "mbox_sha1sum": [agent.mbox_sha1sum],
        "openid": [agent.openid],
        "account": [agent.account],
    }
    for name, value in others:
        values[name].append(value)
    present = {name: [each for each in of if each is not None] for name, of in values.items()}
    known = {name: several for name, several in present.items() if several}
    return Person.model_validate({"objectType": "Person", **known})
