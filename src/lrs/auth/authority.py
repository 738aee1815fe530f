"""The agent that vouches for what a credential brings (Data 2.4.9, Comm. 4.0)."""

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from lrs.errors import InvalidRequestError
from lrs.xapi.actors import Agent
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import Ifi, ifi_key

_LONGEST_TEMPLATE: Final = 2_000
_WORD: Final = re.compile(r"\{(\w+)\}")


class Authority(NamedTuple):
    """An Agent, as JSON text and as the identifier it is told by."""

    text: bytes
    ifi: Ifi

    @property
    def key(self) -> UUID:
        """The key of the Agent; "mine" is what has the same one (Comm. 4.2)."""
        return ifi_key(self.ifi)


def authority_of_account(home_page: str, name: str, label: str) -> Authority:
    """Return the authority of who has an account with this LRS.

    Args:
        home_page: the IRL under which names of accounts are told apart.
        name: of the account, such as the key of a credential.
        label: what people call it.
    """
    account = {"homePage": home_page, "name": name}
    agent = {"objectType": "Agent", "name": label, "account": account}
    text = json.dumps(agent, ensure_ascii=False, separators=(",", ":")).encode()
    return Authority(text, Ifi("account", f"{home_page} {name}"))


def authority_of_agent(text: str) -> Authority:
    """Return the authority that is an Agent as JSON text.

    Raises:
        InvalidRequestError: it is no Agent that can be told from others.
    """
    ifi = read_agent(text).ifi
    if ifi is None:
        raise ValueError("read_agent returns none without an identifier")
    return Authority(text.encode(), ifi)


def authority_from_template(template: str, names: Mapping[str, str]) -> Authority:
    """Return the authority that a template asks for.

    Args:
        template: an Agent as JSON text; in its name and the name of its account, a word in
            braces stands for what `names` says of it: `{key}`.
        names: what the words stand for; other ones stay as they are.

    Raises:
        InvalidRequestError: it is no Agent, or one that is too long.
    """
    if len(template) > _LONGEST_TEMPLATE or not isinstance(read_agent(template), Agent):
        raise InvalidRequestError(
            f"authority: must be an Agent, of {_LONGEST_TEMPLATE} characters at most"
        )
    agent = json.loads(template)
    for holder in (agent, agent.get("account", {})):
        if "name" in holder:
            holder["name"] = _filled(holder["name"], names)
    return authority_of_agent(json.dumps(agent, ensure_ascii=False, separators=(",", ":")))


def _filled(text: str, names: Mapping[str, str]) -> str:
    return _WORD.sub(lambda word: names.get(word[1], word[0]), text)
