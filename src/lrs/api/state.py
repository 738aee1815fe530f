"""What the app carries for its routes."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from lrs.services.activities import ActivitiesService
from lrs.services.agents import AgentsService
from lrs.services.analytics import AnalyticsService
from lrs.services.authentication import AuthenticationService
from lrs.services.consistency import ConsistencyService
from lrs.services.documents import DocumentsService
from lrs.services.presentation import PresentationService
from lrs.services.statements import StatementsService


@dataclass(frozen=True, slots=True)
class Services:
    """The services, made once for each process."""

    activities: ActivitiesService
    agents: AgentsService
    analytics: AnalyticsService
    authentication: AuthenticationService
    consistency: ConsistencyService
    documents: DocumentsService
    presentation: PresentationService
    statements: StatementsService


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """What the routes need to know of the settings.

    Attributes:
        max_body_bytes: the largest body that is read.
        more_key: signs the `more` links.
    """

    max_body_bytes: int
    more_key: bytes


def services_of(request: Request) -> Services:
    """Return the services that `main` made."""
    return cast("Services", request.app.state.services)


def options_of(request: Request) -> ApiOptions:
    """Return the options that `main` made."""
    return cast("ApiOptions", request.app.state.options)
