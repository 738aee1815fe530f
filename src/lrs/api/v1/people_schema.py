"""What a store wants to know of its people, and how it joins them, over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.people import ALWAYS, OF_ONE, WITH_BODY, Reader, Writer
from lrs.api.v1.person_bodies import Line
from lrs.people.attributes import ATTRIBUTE_NAME, AttributeDefinition, AttributeType
from lrs.people.joining import JoiningRule, RuleKind

definitions = APIRouter(
    prefix="/api/v1/attribute-definitions", tags=["people"], route_class=JsonRoute
)
rules = APIRouter(prefix="/api/v1/joining-rules", tags=["people"], route_class=JsonRoute)

NewName = Annotated[
    str, Path(alias="name", pattern=ATTRIBUTE_NAME, description="how queries call it")
]
Name = Annotated[
    str, Path(alias="name", max_length=63, pattern=r"^[^\x00]+$", description="of an attribute")
]
RuleId = Annotated[UUID, Path(alias="rule", description="the id of a joining rule")]


class TitleBody(BaseModel):
    """What people call an attribute."""

    model_config = ConfigDict(extra="forbid")

    de: Line
    en: Line


class NewDefinitionBody(BaseModel):
    """An attribute that persons can have."""

    model_config = ConfigDict(extra="forbid")

    type: AttributeType
    title: TitleBody
    is_sensitive: bool = Field(
        default=False,
        description="shown only to who has `people/write`, `privacy` or `platform`",
    )


class DefinitionBody(NewDefinitionBody):
    """An attribute that persons can have, and its name."""

    name: str
    is_sensitive: bool

    @classmethod
    def of(cls, definition: AttributeDefinition) -> Self:
        """Write it down."""
        return cls(
            name=definition.name,
            type=definition.type,
            title=TitleBody(de=definition.title_de, en=definition.title_en),
            is_sensitive=definition.is_sensitive,
        )


class DefinitionsBody(BaseModel):
    """All attributes that persons of the store can have."""

    definitions: list[DefinitionBody]


class NewRuleBody(BaseModel):
    """An exact rule by which identifiers are one person's."""

    model_config = ConfigDict(extra="forbid")

    kind: RuleKind
    home_page: str | None = Field(
        default=None, max_length=2_000, pattern=r"^[^\x00-\x20]+$", description="of the accounts"
    )
    attribute: str | None = Field(
        default=None,
        pattern=ATTRIBUTE_NAME,
        description="whose value the account is named by, with `account_is_attribute`",
    )


class RuleBody(BaseModel):
    """An exact rule by which identifiers are one person's, and its id."""

    id: UUID
    kind: RuleKind
    home_page: str | None
    attribute: str | None

    @classmethod
    def of(cls, identifier: UUID, rule: JoiningRule) -> Self:
        """Write it down."""
        return cls(
            id=identifier, kind=rule.kind, home_page=rule.home_page, attribute=rule.attribute
        )


class RulesBody(BaseModel):
    """The rules of a store, beside the one that holds in all."""

    rules: list[RuleBody]


@definitions.get(
    "",
    summary="List the attributes of persons",
    operation_id="listAttributeDefinitions",
    responses=responses(*ALWAYS),
)
async def list_definitions(request: Request, principal: Reader) -> DefinitionsBody:
    """Answer with what the store wants to know of its people."""
    found = await services_of(request).persons.people_schema.definitions(principal.store)
    return DefinitionsBody(definitions=[DefinitionBody.of(each) for each in found])


@definitions.put(
    "/{name}",
    summary="Define an attribute of persons",
    operation_id="defineAttribute",
    responses=responses(*WITH_BODY, errors.PersonConflictError, *ALWAYS),
)
async def define_attribute(
    request: Request, principal: Writer, name: NewName, wanted: NewDefinitionBody
) -> DefinitionBody:
    """Define an attribute, or change what it is called; the type stays while there are values."""
    definition = AttributeDefinition(
        name, wanted.type, wanted.title.de, wanted.title.en, is_sensitive=wanted.is_sensitive
    )
    schema = services_of(request).persons.people_schema
    await schema.define(caller_of(request, principal), principal.store, definition)
    return DefinitionBody.of(definition)


@definitions.delete(
    "/{name}",
    summary="Give up an attribute of persons",
    operation_id="removeAttributeDefinition",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE, errors.PersonConflictError),
)
async def remove_definition(request: Request, principal: Writer, name: Name) -> None:
    """Give up an attribute that nobody has a value of."""
    schema = services_of(request).persons.people_schema
    await schema.remove_definition(caller_of(request, principal), principal.store, name)


@rules.get(
    "",
    summary="List joining rules",
    operation_id="listJoiningRules",
    responses=responses(*ALWAYS),
)
async def list_rules(request: Request, principal: Reader) -> RulesBody:
    """Answer with the rules; that an mbox_sha1sum is the SHA-1 of an mbox holds in any store."""
    found = await services_of(request).persons.people_schema.rules(principal.store)
    return RulesBody(rules=[RuleBody.of(*each) for each in found.items()])


@rules.post(
    "",
    summary="Make a joining rule",
    operation_id="createJoiningRule",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*WITH_BODY, errors.UnknownMemberError, errors.PersonConflictError, *ALWAYS),
)
async def create_rule(request: Request, principal: Writer, wanted: NewRuleBody) -> RuleBody:
    """Make a rule; it is applied to all persons and statements in the background."""
    rule = JoiningRule(wanted.kind, wanted.home_page, wanted.attribute)
    schema = services_of(request).persons.people_schema
    made = await schema.create_rule(caller_of(request, principal), principal.store, rule)
    return RuleBody.of(made, rule)


@rules.delete(
    "/{rule}",
    summary="Give up a joining rule",
    operation_id="deleteJoiningRule",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE),
)
async def delete_rule(request: Request, principal: Writer, rule: RuleId) -> None:
    """Give up a rule; identifiers that only it has brought are given up in the background."""
    schema = services_of(request).persons.people_schema
    await schema.delete_rule(caller_of(request, principal), principal.store, rule)
