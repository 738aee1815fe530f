"""The page on which somebody sets their password, reached by a link that is good once."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status

from lrs.api.pages.forms import form_cookie, form_token, keep_form_cookie, read_form
from lrs.api.pages.html import HOME, field, form, language_of, link, page, paragraph
from lrs.api.signing_in import somebody
from lrs.api.state import services_of
from lrs.errors import InvalidRequestError, SignInError

router = APIRouter(tags=["pages"], include_in_schema=False)

Token = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
_PATH = "/set-up/{token}"


@router.get(_PATH)
async def show_set_up(request: Request, token: Token) -> Response:
    """Show the form; the link stays good, since programs look at links before people do."""
    try:
        email = await services_of(request).local_accounts.email_of_link(token)
    except SignInError:
        return _no_link_page(request)
    return _form_page(request, token, email)


@router.post(_PATH)
async def set_up(request: Request, token: Token) -> Response:
    """Set the password; the link is good no more."""
    fields, texts = await read_form(request), language_of(request)
    accounts = services_of(request).local_accounts
    password, email = fields.get("password", ""), ""
    try:
        email = await accounts.email_of_link(token)
        if password != fields.get("again", ""):
            return _form_page(request, token, email, texts.passwords_differ)
        await accounts.set_password(token, password, somebody(request))
    except SignInError:
        return _no_link_page(request)
    except InvalidRequestError:
        return _form_page(request, token, email, texts.weak)
    content = paragraph(texts.password_is_set) + link(HOME, texts.sign_in)
    return page(texts, texts.set_password, content)


def _form_page(request: Request, token: str, email: str, told: str = "") -> Response:
    texts, cookie = language_of(request), form_cookie(request)
    content = form(
        f"/set-up/{token}",
        texts.set_password,
        form_token(request, cookie),
        field("password", texts.new_password, "password", "new-password", texts.password_hint),
        field("again", texts.password_again, "password", "new-password"),
    )
    code = status.HTTP_400_BAD_REQUEST if told else status.HTTP_200_OK
    content = paragraph(told, "error") + content if told else content
    answer = page(texts, texts.set_password, paragraph(email) + content, code)
    keep_form_cookie(request, answer, cookie)
    return answer


def _no_link_page(request: Request) -> Response:
    texts = language_of(request)
    content = paragraph(texts.no_link, "error")
    return page(texts, texts.set_password, content, status.HTTP_404_NOT_FOUND)
