"""Builds the app from settings; nothing happens at import time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from lrs import __version__
from lrs.api.openapi import describe
from lrs.api.state import ApiOptions, Services
from lrs.main.routes import add_middleware, add_routes
from lrs.main.services import database_options, erasure_job, make_services, server_key_of
from lrs.services.archiving import ArchivingService
from lrs.services.deletion import DeletionService
from lrs.services.folding import FoldingService
from lrs.services.joining import JoiningService
from lrs.services.retaining import RetainingService
from lrs.services.usage import UsageService
from lrs.settings import Settings, load_settings
from lrs.storage.engines import Database, open_database_patiently

_log = logging.getLogger(__name__)

# Seconds for which a starting process waits for a database that is away.
_PATIENCE = 60.0
_BETWEEN_CANCELLATIONS = 1.0
# Seconds for what is recorded and closed at the end.
_SECONDS_TO_CLOSE = 5.0


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
        database = await open_database_patiently(database_options(settings), _PATIENCE)
        services = make_services(settings, database)
        app.state.services = services
        tasks = [
            asyncio.create_task(services.authentication.watch()),
            asyncio.create_task(services.authentication.listen()),
            asyncio.create_task(services.audit.run()),
            asyncio.create_task(UsageService(database).run()),
            asyncio.create_task(DeletionService(database).run()),
            asyncio.create_task(JoiningService(database).run()),
            asyncio.create_task(ArchivingService(database).run()),
            asyncio.create_task(erasure_job(settings, database).run()),
            asyncio.create_task(RetainingService(database, settings.authority_home_page).run()),
        ]
        if settings.rollups == "on":
            folding = FoldingService(database, settings.rollup_timezone)
            tasks.append(asyncio.create_task(folding.run()))
        try:
            yield
        finally:
            await _end(tasks)
            await _close_in_time(services, database)

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
    add_routes(app)
    add_middleware(app, settings)
    describe(app)
    return app


async def _close_in_time(services: Services, database: Database) -> None:
    """Close all; a database that says nothing would keep us for ever."""
    closing = asyncio.create_task(_close(services, database))
    _, running = await asyncio.wait([closing], timeout=_SECONDS_TO_CLOSE)
    if running:
        _log.warning("the database does not answer; what was noted for the audit log is lost")
        await _end([closing])
    else:
        closing.result()


async def _close(services: Services, database: Database) -> None:
    await services.audit.close()
    if services.bearer_tokens is not None:
        await services.bearer_tokens.close()
    if services.sign_on is not None:
        await services.sign_on.close()
    services.rates.close()
    await database.close()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End tasks that go on until cancelled; a cancellation can get lost in a failing connection."""
    running = {*tasks}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_BETWEEN_CANCELLATIONS)


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
        more_key=server_key_of(settings),
        public_url=settings.public_url,
    )
