"""Retention over HTTP: `docs/retention.md` says what rules take, and how they are tried."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.retention_bodies import (
    RuleBody,
    RulesBody,
    RuleToldBody,
    RunBody,
    RunsBody,
    RunWithCountsBody,
)
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope

rules = APIRouter(prefix="/api/v1/retention-rules", tags=["retention"], route_class=JsonRoute)
runs = APIRouter(prefix="/api/v1/retention-runs", tags=["retention"], route_class=JsonRoute)

Officer = Annotated[Principal, Security(May(Scope.PRIVACY))]
RuleId = Annotated[UUID, Path(alias="rule", description="a retention rule")]
RunId = Annotated[UUID, Path(alias="run", description="a run of a rule")]

_ALWAYS = (errors.UnauthenticatedError, errors.ForbiddenError, errors.UnavailableError)
_OF_ONE = (errors.InvalidRequestError, errors.RetentionNotFoundError, *_ALWAYS)
_WITH_BODY = (errors.InvalidRequestError, errors.TooLargeError, errors.SlowBodyError)
_MOST, _USUALLY = 1_000, 100


class RunParameters(BaseModel):
    """Which runs are wanted."""

    model_config = ConfigDict(extra="forbid")

    rule: UUID | None = Field(None, description="Only those of this rule.")
    before: UUID | None = Field(None, description="Only those before this run: the last one seen.")
    limit: int = Field(_USUALLY, ge=1, le=_MOST, description="The most runs.")


@rules.post(
    "",
    summary="Make a retention rule",
    operation_id="createRetentionRule",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*_WITH_BODY, *_ALWAYS),
)
async def create_retention_rule(
    request: Request, principal: Officer, wanted: RuleToldBody
) -> RuleBody:
    """Make a rule, which takes nothing before it was tried by a dry run and activated."""
    service = services_of(request).persons.retention
    return RuleBody.of(
        await service.make_rule(caller_of(request, principal), principal, wanted.told())
    )


@rules.get(
    "",
    summary="List the retention rules",
    operation_id="listRetentionRules",
    responses=responses(*_ALWAYS),
)
async def list_retention_rules(request: Request, principal: Officer) -> RulesBody:
    """Answer with all rules of the store."""
    found = await services_of(request).persons.retention.rules(principal)
    return RulesBody(rules=[RuleBody.of(each) for each in found])


@rules.get(
    "/{rule}",
    summary="Get a retention rule",
    operation_id="getRetentionRule",
    responses=responses(*_OF_ONE),
)
async def get_retention_rule(request: Request, principal: Officer, rule: RuleId) -> RuleBody:
    """Answer with a rule."""
    return RuleBody.of(await services_of(request).persons.retention.rule(principal, rule))


@rules.put(
    "/{rule}",
    summary="Change a retention rule",
    operation_id="changeRetentionRule",
    responses=responses(*_WITH_BODY, errors.RetentionNotFoundError, *_ALWAYS),
)
async def change_retention_rule(
    request: Request, principal: Officer, rule: RuleId, wanted: RuleToldBody
) -> RuleBody:
    """Replace a rule, which stops, and has to be tried and activated again."""
    service = services_of(request).persons.retention
    return RuleBody.of(
        await service.change_rule(caller_of(request, principal), principal, rule, wanted.told())
    )


@rules.delete(
    "/{rule}",
    summary="Remove a retention rule",
    operation_id="deleteRetentionRule",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*_OF_ONE),
)
async def delete_retention_rule(request: Request, principal: Officer, rule: RuleId) -> Response:
    """Stop and remove a rule; what it took is still told by its runs."""
    service = services_of(request).persons.retention
    await service.remove_rule(caller_of(request, principal), principal, rule)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@rules.post(
    "/{rule}/dry-runs",
    summary="Try a retention rule",
    operation_id="tryRetentionRule",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(*_OF_ONE, errors.RetentionConflictError),
)
async def try_retention_rule(
    request: Request, principal: Officer, rule: RuleId
) -> RunWithCountsBody:
    """Have it counted in the background what the rule would take now; nothing is changed."""
    service = services_of(request).persons.retention
    made = await service.try_rule(caller_of(request, principal), principal, rule)
    return RunWithCountsBody.of_counted(made)


@rules.get(
    "/{rule}/dry-runs",
    summary="List the dry runs of a retention rule",
    operation_id="listRetentionDryRuns",
    responses=responses(*_OF_ONE),
)
async def list_retention_dry_runs(request: Request, principal: Officer, rule: RuleId) -> RunsBody:
    """Answer with the last hundred dry runs, the last one first."""
    service = services_of(request).persons.retention
    await service.rule(principal, rule)
    found = await service.runs(principal, rule, (None, _USUALLY), is_dry=True)
    return RunsBody(runs=[RunBody.of(each) for each in found])


@rules.get(
    "/{rule}/dry-runs/{run}",
    summary="Tell what a retention rule would take",
    operation_id="getRetentionDryRun",
    responses=responses(*_OF_ONE),
)
async def get_retention_dry_run(
    request: Request, principal: Officer, rule: RuleId, run: RunId
) -> RunWithCountsBody:
    """Answer with what a dry run has counted so far, by month and system."""
    found = await services_of(request).persons.retention.get_run(principal, run)
    if found.run.rule != rule or not found.run.is_dry:
        raise errors.RetentionNotFoundError(f"there is no dry run {run} of the rule {rule}")
    return RunWithCountsBody.of_counted(found)


@rules.post(
    "/{rule}/activation",
    summary="Activate a retention rule",
    operation_id="activateRetentionRule",
    responses=responses(*_OF_ONE, errors.RetentionConflictError),
)
async def activate_retention_rule(request: Request, principal: Officer, rule: RuleId) -> RuleBody:
    """Have a rule applied at once, and then every 24 hours; a dry run must have come before."""
    service = services_of(request).persons.retention
    return RuleBody.of(await service.activate(caller_of(request, principal), principal, rule))


@rules.delete(
    "/{rule}/activation",
    summary="Deactivate a retention rule",
    operation_id="deactivateRetentionRule",
    responses=responses(*_OF_ONE),
)
async def deactivate_retention_rule(request: Request, principal: Officer, rule: RuleId) -> RuleBody:
    """Have a rule take nothing more, from the next step on."""
    service = services_of(request).persons.retention
    return RuleBody.of(await service.deactivate(caller_of(request, principal), principal, rule))


@runs.get(
    "",
    summary="Tell what retention rules took",
    operation_id="listRetentionRuns",
    responses=responses(errors.InvalidRequestError, *_ALWAYS),
)
async def list_retention_runs(
    request: Request, principal: Officer, parameters: Annotated[RunParameters, Query()]
) -> RunsBody:
    """Answer with what went by which rule and when, the last time first."""
    page = parameters.before, parameters.limit
    found = await services_of(request).persons.retention.runs(
        principal, parameters.rule, page, is_dry=False
    )
    return RunsBody(runs=[RunBody.of(each) for each in found])


@runs.get(
    "/{run}",
    summary="Tell what a retention rule took",
    operation_id="getRetentionRun",
    responses=responses(*_OF_ONE),
)
async def get_retention_run(request: Request, principal: Officer, run: RunId) -> RunWithCountsBody:
    """Answer with what went, by month and system."""
    found = await services_of(request).persons.retention.get_run(principal, run)
    if found.run.is_dry:
        raise errors.RetentionNotFoundError(f"there is no run {run}")
    return RunWithCountsBody.of_counted(found)
