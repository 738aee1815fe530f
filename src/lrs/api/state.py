"""What the app carries for its routes."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from lrs.services.activities import ActivitiesService
from lrs.services.agents import AgentsService
from lrs.services.analytics import AnalyticsService
from lrs.services.api_tokens import ApiTokensService
from lrs.services.archives import ArchivesService
from lrs.services.attachments import AttachmentsService
from lrs.services.audit import AuditService
from lrs.services.audit_log import AuditLogService
from lrs.services.authentication import AuthenticationService
from lrs.services.bearer_tokens import BearerTokensService
from lrs.services.consistency import ConsistencyService
from lrs.services.credentials import CredentialsService
from lrs.services.documents import DocumentsService
from lrs.services.erasures import ErasuresService
from lrs.services.freezing import FreezingService
from lrs.services.histories import HistoriesService
from lrs.services.launch_tokens import LaunchTokensService
from lrs.services.legal_holds import LegalHoldsService
from lrs.services.local_accounts import LocalAccountsService
from lrs.services.people import PeopleService
from lrs.services.people_imports import PeopleImportsService
from lrs.services.people_schema import PeopleSchemaService
from lrs.services.person_facts import PersonFactsService
from lrs.services.person_merges import PersonMergesService
from lrs.services.presentation import PresentationService
from lrs.services.provenance import ProvenanceService
from lrs.services.pseudonyms import PseudonymsService
from lrs.services.rates import RatesService
from lrs.services.reidentification import ReidentificationService
from lrs.services.retention import RetentionService
from lrs.services.scim_groups import ScimGroupsService
from lrs.services.scim_users import ScimUsersService
from lrs.services.sessions import SessionsService
from lrs.services.sign_on import SignOnService
from lrs.services.statements import StatementsService
from lrs.services.stores import StoresService
from lrs.services.teams import TeamsService
from lrs.services.users import UsersService


@dataclass(frozen=True, slots=True)
class PersonServices:
    """The services that are about persons, and what the law gives them."""

    archives: ArchivesService
    erasures: ErasuresService
    freezing: FreezingService
    histories: HistoriesService
    legal_holds: LegalHoldsService
    people: PeopleService
    people_imports: PeopleImportsService
    people_schema: PeopleSchemaService
    person_facts: PersonFactsService
    person_merges: PersonMergesService
    reidentification: ReidentificationService
    retention: RetentionService
    scim_groups: ScimGroupsService
    scim_users: ScimUsersService
    teams: TeamsService


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
    persons: PersonServices
    presentation: PresentationService
    provenance: ProvenanceService
    pseudonyms: PseudonymsService
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
