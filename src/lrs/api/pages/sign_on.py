"""Leads browsers to the identity provider and back (OpenID Connect Core 3.1)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from lrs.api.callers import SESSION_COOKIE
from lrs.api.cookies import drop_cookie, read_cookie, write_cookie
from lrs.api.pages.html import HOME, NO_STORE, language_of, link, local_path, page, paragraph
from lrs.api.rates import admission_of
from lrs.api.signing_in import begin_session, somebody
from lrs.api.state import services_of
from lrs.errors import SignInError
from lrs.services.sign_on import SECONDS_TO_SIGN_IN, Answered, SignOnService

START = "/sign-on/start"
CALLBACK = "/sign-on/callback"
# What this sign-in began with, for the one browser that began it.
_COOKIE = "lrs_sign_on"
_MOST = 4_000

router = APIRouter(tags=["pages"], include_in_schema=False)

_Text = Annotated[str, Query(max_length=_MOST)]
_OptionalText = Annotated[str | None, Query(max_length=_MOST)]


@router.get(START)
async def start(request: Request, next_path: Annotated[str, Query(alias="next")] = "") -> Response:
    """Lead the browser to the provider."""
    started = await _sign_on(request).start(local_path(next_path))
    answer = RedirectResponse(started.address, status.HTTP_303_SEE_OTHER, NO_STORE)
    write_cookie(request, answer, _COOKIE, started.cookie, SECONDS_TO_SIGN_IN)
    return answer


@router.get(CALLBACK)
async def end(
    request: Request,
    state: _Text = "",
    code: _OptionalText = None,
    iss: _OptionalText = None,
    error: _OptionalText = None,
) -> Response:
    """Begin a session for whom the provider confirms, and lead to where they wanted to be."""
    began, replaced = read_cookie(request, _COOKIE), read_cookie(request, SESSION_COOKIE)
    answered = Answered(state, code, iss, error)
    try:
        signed_on = await _sign_on(request).finish(began, answered, somebody(request), replaced)
    except SignInError as refused:
        admission_of(request).fail()
        return _refusal(request, refused)
    answer = RedirectResponse(signed_on.next, status.HTTP_303_SEE_OTHER, NO_STORE)
    begin_session(request, answer, signed_on.session)
    drop_cookie(request, answer, _COOKIE)
    return answer


def _refusal(request: Request, refused: SignInError) -> Response:
    texts = language_of(request)
    content = paragraph(refused.detail, "error") + link(HOME, texts.sign_in)
    answer = page(texts, texts.sign_in, content, status.HTTP_401_UNAUTHORIZED)
    drop_cookie(request, answer, _COOKIE)
    return answer


def _sign_on(request: Request) -> SignOnService:
    sign_on = services_of(request).sign_on
    if sign_on is None:
        raise SignInError("no identity provider is set (LRS_SIGN_ON_ISSUER)")
    return sign_on
