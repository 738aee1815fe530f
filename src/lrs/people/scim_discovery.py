"""What the service says of its SCIM (RFC 7643 5 to 7): what it can, and how resources look."""

from typing import Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    DescribedModel,
    ETag,
    External,
    Filter,
    Meta,
    Pagination,
    Patch,
    Reference,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
    User,
)

from lrs.people.scim_resources import EnterpriseUser, Group, ScimUser
from lrs.people.scim_searches import MOST_ON_A_PAGE, PAGE

_DESCRIBED: Final[tuple[DescribedModel, ...]] = (
    User,
    EnterpriseUser,
    Group,
    ServiceProviderConfig,
    ResourceType,
    Schema,
)
_AUTHENTICATION: Final = (
    AuthenticationScheme(
        type=AuthenticationScheme.Type.oauthbearertoken,
        name="Bearer token",
        description="A token of a user of the service, or of its OAuth issuer",
        spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
        primary=True,
    ),
    AuthenticationScheme(
        type=AuthenticationScheme.Type.httpbasic,
        name="HTTP Basic",
        description="The key and the secret of a credential",
        spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc7617"),
    ),
)


def config_of(base: str) -> ServiceProviderConfig:
    """Return what the service can.

    Args:
        base: the address of SCIM here, up to the version.
    """
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_ON_A_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=PAGE,
            max_page_size=MOST_ON_A_PAGE,
        ),
        authentication_schemes=[*_AUTHENTICATION],
    )
    config.meta = _meta("ServiceProviderConfig", f"{base}/ServiceProviderConfig")
    return config


def resource_types(base: str) -> list[ResourceType]:
    """Return the types of resources: User and Group."""
    types = [ResourceType.from_resource(model) for model in (ScimUser, Group)]
    for each, description in zip(types, ("A person", "A team"), strict=True):
        each.description = description
        each.meta = _meta("ResourceType", f"{base}/ResourceTypes/{each.id}")
    return types


def schemas(base: str) -> list[Schema]:
    """Return the schemas of all resources."""
    found = [model.to_schema() for model in _DESCRIBED]
    for each in found:
        each.meta = _meta("Schema", f"{base}/Schemas/{each.id}")
    return found


def _meta(kind: str, location: str) -> Meta:
    return Meta(resource_type=kind, location=location)
