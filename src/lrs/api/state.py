"""What the app carries for its routes."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from lrs.services.activities import ActivitiesService
from lrs.services.agents import AgentsService
from lrs.services.analytics import AnalyticsService
from lrs.services.api_tokens import ApiTokensService
from lrs.services.attachments import AttachmentsService
from lrs.services.audit import AuditService
from lrs.services.audit_log import AuditLogService
from lrs.services.authentication import AuthenticationService
from lrs.services.bearer_tokens import BearerTokensService
from lrs.services.consistency import ConsistencyService
from lrs.services.credentials import CredentialsService
from lrs.services.documents import DocumentsService
from lrs.services.launch_tokens import LaunchTokensService
from lrs.services.local_accounts import LocalAccountsService
from lrs.services.presentation import PresentationService
from lrs.services.provenance import ProvenanceService
from lrs.services.rates import RatesService
from lrs.services.sessions import SessionsService
from lrs.services.sign_on import SignOnService
from lrs.services.statements import StatementsService
from lrs.services.stores import StoresService
from lrs.services.users import UsersService


@dataclass(frozen=True, slots=True)
class Services:
    """The services, made once for each process."""

    activities: ActivitiesService
    agents: AgentsService
    analytics: AnalyticsService
    api_tokens: ApiTokensService
    attachments: AttachmentsService
    audit: AuditService
    audit_log: AuditLogService
    authentication: AuthenticationService
    # None without an issuer.
    bearer_tokens: BearerTokensService | None
    consistency: ConsistencyService
    credentials: CredentialsService
    documents: DocumentsService
    launch_tokens: LaunchTokensService
    local_accounts: LocalAccountsService
    presentation: PresentationService
    provenance: ProvenanceService
    rates: RatesService
    sessions: SessionsService
    # None without an identity provider.
    sign_on: SignOnService | None
    statements: StatementsService
    stores: StoresService
    users: UsersService


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
        public_url: the origin under which browsers reach the service, if it is set.
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
    public_url: str | None = None


def services_of(request: Request) -> Services:
    """Return the services that `main` made."""
    return cast("Services", request.app.state.services)


def options_of(request: Request) -> ApiOptions:
    """Return the options that `main` made."""
    return cast("ApiOptions", request.app.state.options)
