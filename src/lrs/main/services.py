"""Makes the services from settings, once for each process."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from itsdangerous import URLSafeSerializer
from uuid_utils.compat import uuid7

from lrs.api.pages import sign_on
from lrs.api.state import PersonServices, Services
from lrs.auth.bearer_tokens import TokenRules
from lrs.auth.claim_roles import read_claim_roles
from lrs.auth.store_settings import StoreSettings
from lrs.auth.token_grants import GrantRules
from lrs.errors import StartError
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
from lrs.services.erased_people import ErasedPeople
from lrs.services.erasure_job import ErasureJob
from lrs.services.erasures import ErasuresService
from lrs.services.freezing import FreezingService
from lrs.services.histories import HistoriesService
from lrs.services.identity_provider import IdentityProvider, ProviderOptions
from lrs.services.issuers import Issuer
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
from lrs.services.rate_tables import DIRECTORY_OF_RATES, open_tables
from lrs.services.rates import RateLimits, RatesService
from lrs.services.reidentification import ReidentificationService
from lrs.services.retention import RetentionService
from lrs.services.scim_groups import ScimGroupsService
from lrs.services.scim_users import ScimUsersService
from lrs.services.sessions import SessionsService
from lrs.services.sign_on import SignOnService
from lrs.services.sign_on_people import SignOnPeople
from lrs.services.statements import StatementLimits, StatementsService
from lrs.services.stores import StoresService
from lrs.services.teams import TeamsService
from lrs.services.turns import Turns
from lrs.services.users import UsersService
from lrs.settings import Settings
from lrs.storage.engines import Database, DatabaseOptions
from lrs.storage.erasure_ledger import Ledger
from lrs.storage.pseudonym_keys import PseudonymKeys
from lrs.xapi.json_flaws import MAX_DEPTH


def most_of_stores(settings: Settings) -> StoreSettings:
    """Return what the service is set to, where a store may only be stricter with itself."""
    return StoreSettings(
        page_size=settings.max_page_size,
        max_page_size=settings.max_page_size,
        max_body_bytes=settings.max_body_bytes,
        max_statement_bytes=settings.max_statement_bytes,
        max_batch=settings.max_batch,
        max_nesting=MAX_DEPTH,
        body_timeout=settings.body_timeout,
        query_timeout=settings.query_timeout,
    )


def make_services(settings: Settings, database: Database) -> Services:
    """Make all services that routes call."""
    server_key, home_page = server_key_of(settings), settings.authority_home_page
    lists, sums = _at_once(settings, database.pool_size)
    turns_at_sums = Turns("sums", sums, settings.query_wait)
    rates = _rate_limits(settings)
    tables = open_tables(os.environ.get(DIRECTORY_OF_RATES), settings.workers)
    counted = RatesService(rates, tables)
    authentication = AuthenticationService(database, server_key, home_page)
    audit = AuditService(database)
    erased = ErasedPeople(server_key)
    histories = HistoriesService(
        database, Turns("histories", lists, settings.query_wait), turns_at_sums
    )
    pseudonyms = pseudonyms_service(settings, database)
    session_length = timedelta(hours=settings.session_hours)
    sessions = SessionsService(database, server_key, home_page, session_length)
    return Services(
        activities=ActivitiesService(database),
        agents=AgentsService(database),
        analytics=AnalyticsService(
            database,
            turns_at_sums,
            has_rollups=settings.rollups == "on",
            pseudonyms=pseudonyms,
        ),
        api_tokens=ApiTokensService(database, server_key, home_page),
        attachments=AttachmentsService(database),
        audit=audit,
        audit_log=AuditLogService(database),
        authentication=authentication,
        bearer_tokens=_bearer_tokens(settings, database, authentication),
        consistency=ConsistencyService(database),
        credentials=CredentialsService(
            database,
            server_key,
            rates,
            [home_page, *([settings.oauth_issuer] if settings.oauth_issuer else [])],
            pseudonyms,
        ),
        documents=DocumentsService(database, settings.max_body_bytes, pseudonyms, erased),
        launch_tokens=LaunchTokensService(
            database, authentication, server_key, pseudonyms=pseudonyms
        ),
        local_accounts=LocalAccountsService(database, server_key, audit),
        provenance=ProvenanceService(database),
        persons=_person_services(settings, database, pseudonyms, histories),
        presentation=PresentationService(
            database, reduces_newer=settings.newer_statements == "reduced"
        ),
        pseudonyms=pseudonyms,
        rates=counted,
        sessions=sessions,
        sign_on=_sign_on(settings, database, sessions, audit, pseudonyms),
        statements=StatementsService(
            database, _limits(settings, lists), _new_id(settings), counted, pseudonyms, erased
        ),
        stores=StoresService(database, most_of_stores(settings), pseudonyms),
        users=UsersService(database, server_key, pseudonyms),
    )


def _person_services(
    settings: Settings,
    database: Database,
    pseudonyms: PseudonymsService,
    histories: HistoriesService,
) -> PersonServices:
    server_key, home_page = server_key_of(settings), settings.authority_home_page
    erased = ErasedPeople(server_key)
    return PersonServices(
        archives=ArchivesService(database),
        erasures=ErasuresService(database, server_key, home_page),
        freezing=FreezingService(database),
        histories=histories,
        legal_holds=LegalHoldsService(database),
        people=PeopleService(database, erased),
        people_imports=PeopleImportsService(database, server_key),
        people_schema=PeopleSchemaService(database),
        person_facts=PersonFactsService(database, erased),
        person_merges=PersonMergesService(database),
        reidentification=ReidentificationService(database, pseudonyms),
        retention=RetentionService(database),
        scim_groups=ScimGroupsService(database),
        scim_users=ScimUsersService(database, erased),
        teams=TeamsService(database),
    )


def pseudonyms_service(settings: Settings, database: Database) -> PseudonymsService:
    """Make what knows the keys of pseudonymous stores."""
    keys = PseudonymKeys(settings.privacy_directory)
    return PseudonymsService(database, keys, settings.authority_home_page)


def erasure_job(settings: Settings, database: Database) -> ErasureJob:
    """Make what erases in the background, or at a command."""
    return ErasureJob(database, server_key_of(settings), Ledger(settings.privacy_directory))


def _limits(settings: Settings, lists: int) -> StatementLimits:
    return StatementLimits(
        batch=settings.max_batch,
        statement_bytes=settings.max_statement_bytes,
        page=settings.page_size,
        max_page=settings.max_page_size,
        lists=lists,
        wait=settings.query_wait,
    )


def _bearer_tokens(
    settings: Settings, database: Database, authentication: AuthenticationService
) -> BearerTokensService | None:
    if settings.oauth_issuer is None or settings.oauth_audience is None:
        return None
    return BearerTokensService(
        database,
        Issuer(settings.oauth_issuer),
        TokenRules(settings.oauth_issuer, settings.oauth_audience, settings.oauth_leeway),
        GrantRules(
            store_claim=settings.oauth_store_claim,
            store=settings.oauth_store,
            scope_claim=settings.oauth_scope_claim,
            scope_prefix=settings.oauth_scope_prefix or "",
            account=settings.oauth_authority,
            grants_power=settings.oauth_admin == "on",
        ),
        changes=authentication.changes,
        clock=time.time,
    )


def _sign_on(
    settings: Settings,
    database: Database,
    sessions: SessionsService,
    audit: AuditService,
    pseudonyms: PseudonymsService,
) -> SignOnService | None:
    if settings.sign_on_issuer is None or settings.sign_on_client_id is None:
        return None
    secret = settings.sign_on_client_secret
    options = ProviderOptions(
        issuer=settings.sign_on_issuer,
        client=settings.sign_on_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        scopes=settings.sign_on_scopes,
        callback=f"{settings.public_url}{sign_on.CALLBACK}",
        claim=settings.sign_on_claim,
        roles=read_claim_roles(settings.sign_on_roles or ""),
    )
    provider = IdentityProvider(options, Issuer(settings.sign_on_issuer), time.time)
    serializer = URLSafeSerializer(server_key_of(settings), salt="sign-on")
    return SignOnService(
        database,
        serializer,
        provider,
        sessions,
        audit,
        clock=time.time,
        pseudonyms=pseudonyms,
        people=SignOnPeople(database, ErasedPeople(server_key_of(settings))),
    )


def _rate_limits(settings: Settings) -> RateLimits:
    return RateLimits(
        requests_per_second=settings.requests_per_second,
        statements_per_minute=settings.statements_per_minute,
        requests_at_once=settings.requests_at_once,
        requests_per_second_per_address=settings.requests_per_second_per_address,
        requests_at_once_per_address=settings.requests_at_once_per_address,
        failed_sign_ins_per_minute=settings.failed_sign_ins_per_minute,
    )


def _at_once(settings: Settings, connections: int) -> tuple[int, int]:
    """Return how many lists and how many sums may be computed at once, over these connections."""
    processors = (os.cpu_count() or 1) // settings.workers
    sums = min(settings.max_sums or max(2, processors), max(1, connections // 2))
    lists = min(settings.max_lists or max(4, 2 * processors), max(1, connections - sums))
    return lists, sums


def _new_id(settings: Settings) -> Callable[[], UUID]:
    return uuid7 if settings.statement_id_version == "7" else uuid4


def database_options(settings: Settings) -> DatabaseOptions:
    """Return how the database is reached.

    Raises:
        StartError: that is not set.
    """
    if settings.database_url is None or settings.server_key is None:
        raise StartError("LRS_DATABASE_URL and LRS_SERVER_KEY are needed; `lrs serve` sets both")
    read_url = settings.database_read_url
    return DatabaseOptions(
        url=settings.database_url.get_secret_value(),
        read_url=read_url.get_secret_value() if read_url else None,
        workers=settings.workers,
        transaction_timeout=settings.transaction_timeout,
        query_timeout=settings.query_timeout,
    )


def server_key_of(settings: Settings) -> bytes:
    """Return the key of this installation, under which secrets are kept and links are signed."""
    return settings.server_key.get_secret_value().encode() if settings.server_key else b""
