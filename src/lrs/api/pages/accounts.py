"""Pages to sign in and out."""

from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from lrs.api.callers import SESSION_COOKIE
from lrs.api.cookies import drop_cookie, read_cookie
from lrs.api.notes import note_refusal
from lrs.api.pages.forms import form_cookie, form_token, keep_form_cookie, read_form
from lrs.api.pages.html import (
    HOME,
    NO_STORE,
    field,
    form,
    hidden,
    language_of,
    link,
    local_path,
    page,
    paragraph,
)
from lrs.api.pages.sign_on import START
from lrs.api.signing_in import begin_session, sign_in_locally, somebody
from lrs.api.state import services_of
from lrs.errors import SignInError, TooManyRequestsError, UnauthenticatedError
from lrs.services.sessions import SignedIn

_SIGN_OUT = "/sign-out"

router = APIRouter(tags=["pages"], include_in_schema=False)

Next = Annotated[str, Query(alias="next", max_length=4_000)]


@router.get(HOME)
async def show_sign_in(request: Request, next_path: Next = "") -> Response:
    """Show the form to sign in, or who is signed in."""
    signed_in = await _signed_in(request)
    if signed_in is not None:
        return _signed_in_page(request, signed_in)
    return _sign_in_page(request, local_path(next_path))


@router.post(HOME)
async def sign_in(request: Request) -> Response:
    """Sign somebody in and lead them to where they wanted to be."""
    fields = await read_form(request)
    next_path, texts = local_path(fields.get("next", "")), language_of(request)
    try:
        begun = await sign_in_locally(request, fields.get("email", ""), fields.get("password", ""))
    except SignInError:
        return _sign_in_page(request, next_path, texts.wrong, status.HTTP_401_UNAUTHORIZED)
    except TooManyRequestsError as error:
        note_refusal(request, error)
        answer = _sign_in_page(
            request, next_path, texts.too_many, status.HTTP_429_TOO_MANY_REQUESTS
        )
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    answer = RedirectResponse(next_path, status.HTTP_303_SEE_OTHER, NO_STORE)
    begin_session(request, answer, begun)
    return answer


@router.get(_SIGN_OUT)
async def show_sign_out(request: Request) -> Response:
    """Show the form to sign out."""
    signed_in = await _signed_in(request)
    if signed_in is not None:
        return _signed_in_page(request, signed_in)
    return _sign_in_page(request, HOME)


@router.post(_SIGN_OUT)
async def sign_out(request: Request) -> Response:
    """Sign somebody out."""
    cookie = read_cookie(request, SESSION_COOKIE)
    await read_form(request, cookie)
    if cookie is not None:
        await services_of(request).sessions.end(cookie, somebody(request))
    texts = language_of(request)
    content = paragraph(texts.signed_out) + link(HOME, texts.sign_in)
    answer = page(texts, texts.sign_out, content)
    drop_cookie(request, answer, SESSION_COOKIE)
    return answer


async def _signed_in(request: Request) -> SignedIn | None:
    cookie = read_cookie(request, SESSION_COOKIE)
    if cookie is not None:
        with suppress(UnauthenticatedError):
            return await services_of(request).sessions.find(cookie)
    return None


def _signed_in_page(request: Request, signed_in: SignedIn) -> Response:
    texts = language_of(request)
    told = paragraph(texts.signed_in_as.format(name=signed_in.session.name))
    token = form_token(request, read_cookie(request, SESSION_COOKIE) or "")
    return page(texts, texts.sign_out, told + form(_SIGN_OUT, texts.sign_out, token))


def _sign_in_page(request: Request, next_path: str, told: str = "", code: int = 200) -> Response:
    texts, cookie = language_of(request), form_cookie(request)
    content = form(
        HOME,
        texts.sign_in,
        form_token(request, cookie),
        hidden("next", next_path),
        field("email", texts.email, "email", "username"),
        field("password", texts.password, "password", "current-password"),
    )
    if services_of(request).sign_on is not None:
        address = f"{START}?{urlencode({'next': next_path})}"
        content = link(address, texts.sign_in_by_provider) + content
    content = paragraph(told, "error") + content if told else content
    answer = page(texts, texts.sign_in, content, code)
    keep_form_cookie(request, answer, cookie)
    return answer
