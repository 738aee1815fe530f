"""What the models of the standard share: strictness, absent properties, kinds by objectType."""

from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Discriminator, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import NullableSchema

T = TypeVar("T")

# NUL is refused in every key and string, so a step of an error's location that begins with it
# can only be the name of a union's branch.
BRANCH = "\0"


def _without_null_defaults(schema: JsonDict) -> None:
    """Take out of a JSON Schema what only Python needs: the None of an absent property."""
    properties = schema.get("properties")
    for part in properties.values() if isinstance(properties, dict) else ():
        if isinstance(part, dict) and part.get("default", "") is None:
            del part["default"]


class StrictModel(BaseModel):
    """An object of the standard: no unknown keys, no conversions, never changed (Data 2.2)."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        json_schema_extra=_without_null_defaults,
    )


@dataclass(frozen=True, slots=True)
class _NotNull:
    """Takes the null out of an optional type: a property is absent or has a value (Data 2.2)."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return cast("NullableSchema", handler(source))["schema"]


# The type of a property that may be absent. It reads as None then, but null is refused.
Maybe = Annotated[T | None, _NotNull()]


@dataclass(frozen=True, slots=True)
class ByObjectType:
    """Chooses the branch of a union by `objectType`.

    Attributes:
        default: the kind of an object that does not name its own.
        allowed: the kinds of the union, for the message.
    """

    default: str
    allowed: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        discriminator = Discriminator(
            self._kind,
            custom_error_type="object_type",
            custom_error_message="must be {allowed}",
            custom_error_context={"allowed": self.allowed},
        )
        return discriminator.__get_pydantic_core_schema__(source, handler)

    def _kind(self, value: object) -> str | None:
        if isinstance(value, dict):
            kind = value.get("objectType", self.default)
        elif hasattr(value, "object_type"):  # a model, made of a part that was judged before
            kind = value.object_type or self.default
        else:
            return None
        return BRANCH + kind if isinstance(kind, str) else None


def refusal(reason: str) -> PydanticCustomError:
    """Return the error with which a check of our own refuses a value.

    Args:
        reason: what the value must be, as `must be …`.
    """
    return PydanticCustomError("refused", "{reason}", {"reason": reason})
