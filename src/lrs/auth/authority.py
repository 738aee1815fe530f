"""The agent that vouches for what a credential brings (Data 2.4.9, Comm. 4.0)."""

import json
from functools import lru_cache
from typing import NamedTuple

from lrs.auth.principals import Principal
from lrs.xapi.keys import Ifi


class Authority(NamedTuple):
    """An Agent, as JSON text and as the identifier it is told by."""

    text: bytes
    ifi: Ifi


@lru_cache(maxsize=1_024)
def authority_of(principal: Principal, home_page: str) -> Authority:
    """Return the authority of all that a principal writes: always the same for one credential.

    Args:
        principal: who is writing.
        home_page: the IRL under which the keys of this LRS are names of accounts.
    """
    account = {"homePage": home_page, "name": principal.key}
    agent = {"objectType": "Agent", "name": principal.label, "account": account}
    text = json.dumps(agent, ensure_ascii=False, separators=(",", ":")).encode()
    return Authority(text, Ifi("account", f"{home_page} {principal.key}"))
