"""What the app carries for its routes."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from lrs.services.activities import ActivitiesService
from lrs.services.agents import AgentsService
from lrs.services.analytics import AnalyticsService
from lrs.services.attachments import AttachmentsService
from lrs.services.authentication import AuthenticationService
from lrs.services.consistency import ConsistencyService
from lrs.services.documents import DocumentsService
from lrs.services.presentation import PresentationService
from lrs.services.provenance import ProvenanceService
from lrs.services.statements import StatementsService


@dataclass(frozen=True, slots=True)
class Services:
    """The services, made once for each process."""

    activities: ActivitiesService
    agents: AgentsService
    analytics: AnalyticsService
    attachments: AttachmentsService
    authentication: AuthenticationService
    consistency: ConsistencyService
    documents: DocumentsService
    presentation: PresentationService
    provenance: ProvenanceService
    statements: StatementsService


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """What the routes need to know of the settings.

    Attributes:
        max_body_bytes: the largest body that is read, or JSON part of one with attachments.
        max_attachment_bytes: the largest data of one attachment.
        max_multipart_bytes: the largest body with attachments.
        max_statement_bytes: the largest statement.
        max_batch: the most statements in a POST.
        page_size: statements on a page where no limit is given.
        max_page_size: the most statements on a page.
        body_timeout: seconds that a body may be behind its slowest pace.
        about_versions: the versions of xAPI that are told to be served.
        more_key: signs the `more` links.
    """

    max_body_bytes: int
    max_attachment_bytes: int
    max_multipart_bytes: int
    max_statement_bytes: int
    max_batch: int
    page_size: int
    max_page_size: int
    body_timeout: int
    about_versions: tuple[str, ...]
    more_key: bytes


def services_of(request: Request) -> Services:
    """Return the services that `main` made."""
    return cast("Services", request.app.state.services)


def options_of(request: Request) -> ApiOptions:
    """Return the options that `main` made."""
    return cast("ApiOptions", request.app.state.options)
