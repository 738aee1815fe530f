"""The agent that vouches for what a credential brings (Data 2.4.9, Comm. 4.0)."""

import json
from typing import NamedTuple
from uuid import UUID

from lrs.xapi.agents import read_agent
from lrs.xapi.keys import Ifi, ifi_key


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
