"""What the service counts, for Prometheus to read."""

from typing import Annotated

from fastapi import APIRouter, Response, Security
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from lrs.api.credentials import May
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.observability import counts_of

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def get_metrics(
    principal: Annotated[Principal, Security(May(Scope.ADMIN, Scope.ANALYTICS_READ))],
) -> Response:
    """Answer with the counts of the credential's own store, from all processes of this server."""
    return Response(counts_of(principal.store_name), media_type=CONTENT_TYPE_PLAIN_0_0_4)
