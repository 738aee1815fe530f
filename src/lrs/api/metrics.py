"""What the service counts, for Prometheus to read."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from lrs.api.credentials import Authenticated
from lrs.observability import counts_of

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def get_metrics(principal: Authenticated) -> Response:
    """Answer with the counts of the credential's own store, from all processes of this server."""
    return Response(counts_of(principal.store_name), media_type=CONTENT_TYPE_PLAIN_0_0_4)
