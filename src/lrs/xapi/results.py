"""Results and scores (Data 2.4.5)."""

import sys
from decimal import Decimal
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from lrs.xapi.durations import Duration
from lrs.xapi.extensions import Extensions
from lrs.xapi.properties import Maybe, StrictModel, refusal


def _number(value: object) -> int | Decimal:
    """Return a JSON number as it was parsed; it must fit in a 64-bit float, which sums use."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refusal("must be a number")
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise refusal("must fit in a 64-bit floating point number")
    return value


Number = Annotated[int | Decimal, PlainValidator(_number), WithJsonSchema({"type": "number"})]


class Score(StrictModel):
    """How well it went (Data 2.4.5.1)."""

    scaled: Maybe[Number] = None
    raw: Maybe[Number] = None
    min: Maybe[Number] = None
    max: Maybe[Number] = None


class Result(StrictModel):
    """What came of it (Data 2.4.5)."""

    score: Maybe[Score] = None
    success: Maybe[bool] = None
    completion: Maybe[bool] = None
    response: Maybe[str] = None
    duration: Maybe[Duration] = None
    extensions: Maybe[Extensions] = None
