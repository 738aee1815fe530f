"""The routes of the app, and what stands around all of them."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from lrs.api import metrics
from lrs.api.compression import Compression
from lrs.api.cors import Cors, Options
from lrs.api.head import Head
from lrs.api.pages import accounts, set_up, sign_on, style
from lrs.api.paths import Paths
from lrs.api.problems import answer_http, answer_invalid, answer_lrs_error
from lrs.api.rates import Rates, say_rates
from lrs.api.requests import Requests
from lrs.api.safeguards import say_safeguards
from lrs.api.scim import discovery as scim_discovery
from lrs.api.scim import groups as scim_groups
from lrs.api.scim import users as scim_users
from lrs.api.signing_in import say_private
from lrs.api.v1 import (
    analytics,
    api_tokens,
    archives,
    attachments,
    audit,
    credentials,
    erasures,
    freezing,
    histories,
    launch_tokens,
    legal_holds,
    me,
    me_exports,
    people,
    people_imports,
    people_schema,
    person_facts,
    person_merges,
    reidentifications,
    retention,
    session,
    stores,
    teams,
    users,
)
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
from lrs.errors import LRSError
from lrs.settings import Settings
from lrs.xapi.versions import Version

_RESOURCES = (
    statements.router,
    states.router,
    activity_profiles.router,
    agent_profiles.router,
    activities.router,
    agents.router,
)


def add_routes(app: FastAPI) -> None:
    """Add all routes, and how errors are answered."""
    for router in _RESOURCES:
        app.include_router(router)
    app.include_router(about.router)
    app.include_router(analytics.router)
    app.include_router(provenance.router)
    app.include_router(attachments.router)
    app.include_router(launch_tokens.router)
    app.include_router(credentials.router)
    app.include_router(audit.router)
    app.include_router(erasures.router)
    app.include_router(stores.router)
    app.include_router(session.router)
    app.include_router(users.router)
    app.include_router(api_tokens.router)
    # Before all routes of single persons, one of which might take its path.
    app.include_router(people_imports.router)
    # Before persons, whose ids it would be taken for.
    app.include_router(person_merges.suggestions)
    app.include_router(person_merges.pair)
    app.include_router(people.router)
    app.include_router(people.of_one)
    app.include_router(person_facts.router)
    app.include_router(person_merges.router)
    app.include_router(people_schema.definitions)
    app.include_router(people_schema.rules)
    app.include_router(teams.router)
    app.include_router(freezing.router)
    app.include_router(histories.router)
    app.include_router(me.router)
    app.include_router(me_exports.router)
    app.include_router(archives.router)
    app.include_router(retention.rules)
    app.include_router(retention.runs)
    app.include_router(legal_holds.router)
    app.include_router(reidentifications.router)
    for scim in (scim_users, scim_groups, scim_discovery):
        app.include_router(scim.router)
    for pages in (accounts, set_up, sign_on, style):
        app.include_router(pages.router)
    app.include_router(metrics.router)
    app.add_exception_handler(LRSError, answer_lrs_error)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_invalid)


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add what sees a request before its route, and the answer after it."""
    cors = Cors(frozenset(settings.cors_origins.split(",")))
    xapi = XapiHeaders(Version(settings.default_xapi_version))
    # The last one added is the first to see a request.
    app.add_middleware(Resources, routers=_RESOURCES)
    app.add_middleware(AlternateSyntax)
    app.add_middleware(Options)
    app.add_middleware(Rates)
    app.add_middleware(
        Requests, sayings=(cors.say, xapi.say, say_rates, say_safeguards, say_private)
    )
    app.add_middleware(Compression)
    app.add_middleware(Head)
    app.add_middleware(Paths)
    if settings.trusted_proxies is not None:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
