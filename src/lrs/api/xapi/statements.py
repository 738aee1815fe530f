"""The Statement Resource over HTTP (Comm. 2.1)."""

from collections.abc import AsyncIterator
from email.utils import format_datetime
from functools import partial
from typing import Annotated, NamedTuple

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response, Security, status

from lrs import errors
from lrs.api.credentials import May
from lrs.api.head import WITHOUT_BODY
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import options_of, services_of
from lrs.api.xapi import described
from lrs.api.xapi.headers import set_consistent_through
from lrs.api.xapi.more import Reading
from lrs.api.xapi.multipart import as_multipart
from lrs.api.xapi.parameters import (
    PutParameters,
    StatementsParameters,
    check_none,
    check_single,
    uuid_of,
)
from lrs.api.xapi.received import received
from lrs.api.xapi.routes import ResourceRoute
from lrs.api.xapi.versions import RequestVersion
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError
from lrs.services.statements import Stored
from lrs.xapi.formats import ids_of
from lrs.xapi.queries import Format
from lrs.xapi.received_data import HeldAttachment
from lrs.xapi.records import KeptStatement
from lrs.xapi.versions import Version

router = APIRouter(
    prefix="/xapi/statements",
    tags=["xAPI"],
    dependencies=[Depends(check_single)],
    route_class=ResourceRoute,
)

Writer = Annotated[Principal, Security(May(Scope.STATEMENTS_WRITE))]
Reader = Annotated[Principal, Security(May(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE))]

_ALWAYS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UnavailableError,
)
# More of it would make `more` too long for an address.
_LONGEST_LANGUAGES = 1_000
_WRITING = (
    errors.InvalidStatementError,
    errors.StatementConflictError,
    errors.TooLargeError,
    errors.SlowBodyError,
)


@router.put(
    "",
    summary="Store one statement under an id",
    operation_id="putStatement",
    status_code=status.HTTP_204_NO_CONTENT,
    responses={204: described.PUT_ANSWER, **responses(*_ALWAYS, *_WRITING)},
    openapi_extra=described.PUT_BODY,
)
async def put_statement(
    request: Request,
    principal: Writer,
    version: RequestVersion,
    parameters: Annotated[PutParameters, Query()],
) -> Response:
    """Store a statement. Sent again with the same content it changes nothing."""
    identifier = parameters.identifier()
    service = services_of(request).statements
    async with await received(request) as (body, data):
        stored = await service.put(principal, identifier, body, version, data)
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=_count(stored))


@router.post(
    "",
    summary="Store a statement or a batch of them",
    operation_id="postStatements",
    dependencies=[Depends(check_none)],
    responses={200: described.POST_ANSWER, **responses(*_ALWAYS, *_WRITING)},
    openapi_extra=described.POST_BODY,
)
async def post_statements(request: Request, principal: Writer, version: RequestVersion) -> Response:
    """Store statements, all or none of them, and answer with their ids in the same order."""
    service = services_of(request).statements
    async with await received(request) as (body, data):
        stored = await service.store(principal, body, version, data)
    ids = ", ".join([f'"{identifier}"' for identifier in stored.ids])
    return Response(f"[{ids}]", headers=_count(stored), media_type="application/json")


@router.get(
    "",
    summary="Get one statement, or the statements that fit the filters",
    operation_id="getStatements",
    responses={
        200: described.GET_ANSWER,
        **responses(
            *_ALWAYS,
            errors.StatementNotFoundError,
            errors.TooManyRequestsError,
            errors.PseudonymKeyForgottenError,
        ),
    },
)
async def get_statements(
    request: Request,
    principal: Reader,
    version: RequestVersion,
    parameters: Annotated[StatementsParameters, Query()],
) -> Response:
    """Answer with one statement, or with a page of them and a link to the next in `more`."""
    parameters.check_combination()
    asked = _Asked(request, principal, version)
    if parameters.more is not None:
        return await _page(asked, _continued(asked, parameters.more))
    statement_id = uuid_of("statementId", parameters.statement_id)
    voided_id = uuid_of("voidedStatementId", parameters.voided_statement_id)
    reading = Reading(
        store=principal.store,
        wanted=parameters.filter(principal.mode),
        limit=parameters.page_size(),
        form=parameters.format,
        attachments=parameters.attachments == "true",
        accept_language=_languages(request) if parameters.format is Format.CANONICAL else None,
    )
    statements = services_of(request).statements
    if statement_id is not None:
        found = await statements.get(principal, statement_id)
        return await _one(asked, reading, found)
    if voided_id is not None:
        found = await statements.get_voided(principal, voided_id)
        return await _one(asked, reading, found)
    return await _page(asked, reading)


class _Asked(NamedTuple):
    """Who asks, and by which version's rules."""

    request: Request
    principal: Principal
    version: Version


async def _one(asked: _Asked, reading: Reading, found: KeptStatement) -> Response:
    text = await _presented(asked, reading, found.payload)
    answer = await _answer(asked, reading, text, found.payload)
    answer.headers["Last-Modified"] = format_datetime(found.stored, usegmt=True)
    return answer


async def _page(asked: _Asked, reading: Reading) -> Response:
    request = asked.request
    page = await services_of(request).statements.query(
        asked.principal, reading.wanted, reading.limit, reading.cursor
    )
    if reading.wanted.agent is not None:
        note_person_read(request, asked.principal, reading.wanted.agent)
    through = page.consistent_through
    if not reading.wanted.ascending:
        through = reading.consistent_through or through
    set_consistent_through(request.scope, through)
    following = msgspec.structs.replace(reading, cursor=page.cursor, consistent_through=through)
    more = following.link(_own_path(request), options_of(request).more_key) if page.cursor else ""
    texts = await _presented(asked, reading, page.texts)
    content = b'{"statements":[%s],"more":"%s"}' % (texts, more.encode())
    return await _answer(asked, reading, content, page.texts)


def _languages(request: Request) -> str | None:
    return request.headers.get("accept-language", "")[:_LONGEST_LANGUAGES] or None


def _continued(asked: _Asked, token: str) -> Reading:
    reading = Reading.of_link(token, options_of(asked.request).more_key)
    if reading.store != asked.principal.store:
        raise InvalidRequestError("`more` is no link that was given to these credentials")
    return reading


async def _presented(asked: _Asked, reading: Reading, texts: bytes) -> bytes:
    return await services_of(asked.request).presentation.present(
        asked.principal, texts, reading.form, reading.accept_language, asked.version
    )


async def _answer(asked: _Asked, reading: Reading, content: bytes, texts: bytes) -> Response:
    """Answer with statements in a format, and with what those of these kept texts brought."""
    if not reading.attachments:
        return Response(content, media_type="application/json")
    service = services_of(asked.request).attachments
    held = await service.brought_by(asked.principal, ids_of(texts))
    if WITHOUT_BODY in asked.request.scope:
        return as_multipart(content, held, _nothing)
    return as_multipart(content, held, partial(service.content, asked.principal))


async def _nothing(_: HeldAttachment) -> AsyncIterator[bytes]:
    """Stand for data that would be read in vain."""
    yield b""


def _own_path(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/xapi/statements"


def _count(stored: Stored) -> dict[str, str]:
    return {described.STORED: str(stored.new)}
