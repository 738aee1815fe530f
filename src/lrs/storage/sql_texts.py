"""SQL that is written by hand, with the types of its parameters."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.types import TypeEngine

_NAME: Final = re.compile(r"(?<!:):(\w+)")
_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "store": Integer(),
    "id": Uuid(),
    "ids": ARRAY(Uuid),
    "keys": ARRAY(Uuid),
    "agents": ARRAY(Uuid),
    "most": Integer(),
    "position": BigInteger(),
    "positions": ARRAY(BigInteger),
    "until": BigInteger(),
    "patterns": ARRAY(Text),
    "texts": ARRAY(Text),
}


def sql(template: str, types: Mapping[str, TypeEngine[Any]] | None = None) -> TextClause:
    """Return a statement of SQL.

    Args:
        template: the text, with `:name` for each parameter.
        types: of the parameters, where their names do not tell them; all others are texts.
    """
    known = {**_TYPES, **(types or {})}
    names = dict.fromkeys(_NAME.findall(template))
    return text(template).bindparams(
        *(bindparam(name, type_=known.get(name, Text())) for name in names)
    )
