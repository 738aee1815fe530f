"""Builds the app from settings; nothing happens at import time."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from uuid_utils.compat import uuid7

from lrs import __version__
from lrs.api import metrics
from lrs.api.compression import Compression
from lrs.api.cors import Cors, Options
from lrs.api.head import Head
from lrs.api.openapi import describe
from lrs.api.paths import Paths
from lrs.api.problems import answer_http, answer_invalid, answer_lrs_error
from lrs.api.requests import Requests
from lrs.api.state import ApiOptions, Services
from lrs.api.v1 import analytics, attachments
from lrs.api.v1 import statements as provenance
from lrs.api.xapi import (
    about,
    activities,
    activity_profiles,
    agent_profiles,
    agents,
    statements,
    states,
)
from lrs.api.xapi.alternate_syntax import AlternateSyntax
from lrs.api.xapi.headers import XapiHeaders
from lrs.api.xapi.routes import Resources
from lrs.errors import LRSError, StartError
from lrs.services.activities import ActivitiesService
from lrs.services.agents import AgentsService
from lrs.services.analytics import AnalyticsService
from lrs.services.attachments import AttachmentsService
from lrs.services.authentication import AuthenticationService
from lrs.services.consistency import ConsistencyService
from lrs.services.documents import DocumentsService
from lrs.services.folding import FoldingService
from lrs.services.presentation import PresentationService
from lrs.services.provenance import ProvenanceService
from lrs.services.statements import StatementLimits, StatementsService
from lrs.services.turns import Turns
from lrs.settings import Settings, load_settings
from lrs.storage.engines import Database, DatabaseOptions, open_database_patiently
from lrs.xapi.versions import Version

# Seconds for which a starting process waits for a database that is away.
_PATIENCE = 60.0
_RESOURCES = (
    statements.router,
    states.router,
    activity_profiles.router,
    agent_profiles.router,
    activities.router,
    agents.router,
)


def create_app() -> FastAPI:
    """Build the app from the environment, for uvicorn.

    Raises:
        SettingsError: a setting is wrong.
    """
    return build_app(load_settings())


def build_app(settings: Settings) -> FastAPI:
    """Build the app; it opens its database when it starts and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await open_database_patiently(_database_options(settings), _PATIENCE)
        services = _services(settings, database)
        app.state.services = services
        tasks = [asyncio.create_task(services.authentication.watch())]
        if settings.rollups == "on":
            folding = FoldingService(database, settings.rollup_timezone)
            tasks.append(asyncio.create_task(folding.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await database.close()

    app = FastAPI(
        title="LRS",
        summary="A Learning Record Store: xAPI 1.0.3 and 2.0.0, and sums.",
        version=__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        redirect_slashes=False,
        # FastAPI's own would look for a provider at each request, and knows our routes badly.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.options = _options(settings)
    _add_routes(app)
    _add_middleware(app, settings)
    describe(app)
    return app


def _options(settings: Settings) -> ApiOptions:
    return ApiOptions(
        max_body_bytes=settings.max_body_bytes,
        max_attachment_bytes=settings.max_attachment_bytes,
        max_multipart_bytes=settings.max_multipart_bytes,
        max_statement_bytes=settings.max_statement_bytes,
        max_batch=settings.max_batch,
        page_size=settings.page_size,
        max_page_size=settings.max_page_size,
        body_timeout=settings.body_timeout,
        about_versions=tuple(settings.about_versions.split(",")),
        more_key=_server_key(settings),
    )


def _add_routes(app: FastAPI) -> None:
    for router in _RESOURCES:
        app.include_router(router)
    app.include_router(about.router)
    app.include_router(analytics.router)
    app.include_router(provenance.router)
    app.include_router(attachments.router)
    app.include_router(metrics.router)
    app.add_exception_handler(LRSError, answer_lrs_error)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_invalid)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    cors = Cors(frozenset(settings.cors_origins.split(",")))
    xapi = XapiHeaders(Version(settings.default_xapi_version))
    # The last one added is the first to see a request.
    app.add_middleware(Resources, routers=_RESOURCES)
    app.add_middleware(AlternateSyntax)
    app.add_middleware(Options)
    app.add_middleware(Requests, sayings=(cors.say, xapi.say))
    app.add_middleware(Compression)
    app.add_middleware(Head)
    app.add_middleware(Paths)


def _services(settings: Settings, database: Database) -> Services:
    lists, sums = _at_once(settings, database.pool_size)
    limits = StatementLimits(
        batch=settings.max_batch,
        statement_bytes=settings.max_statement_bytes,
        page=settings.page_size,
        max_page=settings.max_page_size,
        lists=lists,
        wait=settings.query_wait,
    )
    return Services(
        activities=ActivitiesService(database),
        agents=AgentsService(database),
        analytics=AnalyticsService(
            database,
            Turns("sums", sums, settings.query_wait),
            has_rollups=settings.rollups == "on",
        ),
        attachments=AttachmentsService(database),
        authentication=AuthenticationService(
            database, _server_key(settings), settings.authority_home_page
        ),
        consistency=ConsistencyService(database),
        documents=DocumentsService(database, settings.max_body_bytes),
        provenance=ProvenanceService(database),
        presentation=PresentationService(
            database, reduces_newer=settings.newer_statements == "reduced"
        ),
        statements=StatementsService(database, limits, _new_id(settings)),
    )


def _at_once(settings: Settings, connections: int) -> tuple[int, int]:
    """Return how many lists and how many sums may be computed at once, over these connections."""
    processors = (os.cpu_count() or 1) // settings.workers
    sums = min(settings.max_sums or max(2, processors), max(1, connections // 2))
    lists = min(settings.max_lists or max(4, 2 * processors), max(1, connections - sums))
    return lists, sums


def _new_id(settings: Settings) -> Callable[[], UUID]:
    return uuid7 if settings.statement_id_version == "7" else uuid4


def _database_options(settings: Settings) -> DatabaseOptions:
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


def _server_key(settings: Settings) -> bytes:
    return settings.server_key.get_secret_value().encode() if settings.server_key else b""
