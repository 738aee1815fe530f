"""What somebody who is signed in did themselves: own data only, whatever they may see of others."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security

from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.v1.histories import (
    ANSWERS,
    OF_SUMMARY,
    HistoryParameters,
    LanguageParameters,
    answer_history,
    summed_up,
)
from lrs.api.v1.history_bodies import HistoryBody, SummaryBody
from lrs.auth.principals import Principal

router = APIRouter(prefix="/api/v1/me", tags=["people"], route_class=JsonRoute)

Anybody = Annotated[Principal, Security(May())]


@router.get(
    "/history",
    summary="Read what I did",
    operation_id="getMyHistory",
    response_model=HistoryBody,
    responses=ANSWERS,
)
async def get_my_history(
    request: Request, me: Anybody, parameters: Annotated[HistoryParameters, Query()]
) -> Response:
    """Tell who is signed in, or whose token it is, all that they did; tools get 403."""
    return await answer_history(request, me, None, parameters)


@router.get(
    "/summary", summary="Sum up what I did", operation_id="getMySummary", responses=OF_SUMMARY
)
async def get_my_summary(
    request: Request,
    me: Anybody,
    response: Response,
    parameters: Annotated[LanguageParameters, Query()],
) -> SummaryBody:
    """Sum up for who is signed in what they did; tools get 403."""
    return await summed_up(request, me, None, response, parameters)
