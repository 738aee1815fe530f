"""What a User and a Group of SCIM are here: the models of RFC 7643, made to fit where they do not.

`/Schemas` tells the same to clients.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, TypeVar, cast

from pydantic import Field
from scim2_models import (
    ComplexAttribute,
    Mutability,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
    User,
)
from scim2_models import Email as StandardEmail
from scim2_models import EnterpriseUser as StandardEnterpriseUser
from scim2_models import GroupMember as StandardGroupMember
from scim2_models import Manager as StandardManager
from scim2_models.urn import URN

AnyModel = TypeVar("AnyModel")

# Entra ID removes members by naming them in the value, and replaces the mail address of a type
# that is not there yet: both mean only one thing.
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.forbid,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Superior(StandardManager):
    """Who somebody reports to; clients send the id alone, and the service knows the address."""

    ref: Annotated[Reference["User"] | None, Required.false] = Field(  # type: ignore[type-arg]  # the name of a type of resources
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class EnterpriseUser(StandardEnterpriseUser):
    """What an employer knows of a user."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    manager: Superior | None = None


class Email(StandardEmail):
    """A mail address: any that an Agent can have, also of a domain of a company's own network."""

    value: str | None = None


class ScimUser(User[EnterpriseUser]):
    """A person with a user name."""

    emails: list[Email] | None = None  # type: ignore[assignment]  # lists are invariant; none is added to


class GroupMember(StandardGroupMember):
    """A user in a group: there are no groups within groups."""

    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[assignment,type-arg]  # the name of a type of resources, fewer than in the standard
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    display: Annotated[str | None, Mutability.read_only] = None


class Group(Resource):  # type: ignore[type-arg]  # it has no extensions
    """A team."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[GroupMember] | None = None

    Members: ClassVar[type[ComplexAttribute]] = GroupMember


KINDS: Final[Mapping[str, type[Resource[Any]]]] = {"User": ScimUser, "Group": Group}


def bound(message: type[AnyModel], resource: object) -> type[AnyModel]:
    """Return a message, a filter or the like for one type of resource, or for several."""
    return cast("type[AnyModel]", cast("Any", message)[resource])
