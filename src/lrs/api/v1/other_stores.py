"""The parameter by which those who manage all stores name one of them."""

from typing import Annotated

from fastapi import Query

from lrs.auth.terms import LONGEST_NAME

OtherStore = Annotated[
    str | None,
    Query(
        alias="store",
        description="The name of another store, for who has the scope `platform`.",
        max_length=LONGEST_NAME,
        pattern=r"^[^\x00]*$",
    ),
]
