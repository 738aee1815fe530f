"""Reads what clients of SCIM send, and tells what is wrong with it in the words of SCIM."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json
from scim2_models import Context, Error, Resource, SCIMException

from lrs.errors import InvalidScimError
from lrs.people.scim_resources import POLICY, Group, ScimUser

Json = dict[str, Any]
AnyResource = TypeVar("AnyResource", bound=Resource[Any])

# Levels of a body; a User has four.
_DEEPEST: Final = 20
# Of an attribute of a User that can have several, such as emails.
MOST_VALUES: Final = 20


def read_json(body: bytes) -> Json:
    """Return the object of a body.

    Raises:
        InvalidScimError: it is no JSON that can be kept, or no object.
    """
    try:
        read = from_json(body, allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise InvalidScimError(f"the body is not JSON: {error}", "invalidSyntax") from None
    if not isinstance(read, dict):
        raise InvalidScimError("the body must be a JSON object", "invalidSyntax")
    _check_keepable(read, 1)
    return read


def read_user(body: bytes, *, is_replacement: bool = False) -> ScimUser:
    """Return a user who is to be made, or to take the place of another.

    Raises:
        InvalidScimError: the body does not follow the schema, or has too many values.
    """
    told = read_json(body)
    check_several(told)
    return _read_resource(ScimUser, told, is_replacement=is_replacement)


def read_group(body: bytes, *, is_replacement: bool = False) -> Group:
    """Return a group that is to be made, or to take the place of another.

    Raises:
        InvalidScimError: the body does not follow the schema.
    """
    return _read_resource(Group, read_json(body), is_replacement=is_replacement)


def _read_resource(model: type[AnyResource], told: Json, *, is_replacement: bool) -> AnyResource:
    context = (
        Context.RESOURCE_REPLACEMENT_REQUEST
        if is_replacement
        else Context.RESOURCE_CREATION_REQUEST
    )
    with scim_errors():
        return model.model_validate(told, scim_ctx=context, scim_policy=POLICY)


def check_several(value: object) -> None:
    """Refuse attributes with more values than a User has of any.

    Raises:
        InvalidScimError: one has more.
    """
    if isinstance(value, list) and len(value) > MOST_VALUES:
        raise InvalidScimError(
            f"an attribute of a User has up to {MOST_VALUES} values", "invalidValue"
        )
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        check_several(each)


@contextmanager
def scim_errors() -> Iterator[None]:
    """Turn what the library raises into our error.

    Raises:
        InvalidScimError: something does not follow the schema or the protocol.
    """
    try:
        yield
    except ValidationError as error:
        raise _of_validation(error) from None
    except SCIMException as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ValidationError):
            raise _of_validation(cause) from None
        raise InvalidScimError(error.detail, error.scim_type or "invalidValue") from None


def _of_validation(error: ValidationError) -> InvalidScimError:
    told = Error.from_validation_errors(error)
    details = "; ".join(each.detail or "" for each in told[:10])
    return InvalidScimError(details, told[0].scim_type or "invalidValue")


def _check_keepable(value: object, level: int) -> None:
    """Refuse what PostgreSQL has no text for, and what is nested beyond all use."""
    if level > _DEEPEST:
        raise InvalidScimError(f"the body is nested deeper than {_DEEPEST} levels", "invalidSyntax")
    if isinstance(value, str) and "\0" in value:
        raise InvalidScimError("a text holds U+0000, which cannot be kept", "invalidValue")
    if isinstance(value, dict):
        _check_keepable([*value], level)
        _check_keepable([*value.values()], level)
    elif isinstance(value, list):
        for each in value:
            _check_keepable(each, level + 1)
