"""HTML of our pages: escaped, without scripts, allowed to show and to send forms, no more."""

import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import HTMLResponse

from lrs.api.pages.texts import Texts, texts_for

NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        **NO_STORE,
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'"
        ),
        "Vary": "Accept-Language, Cookie",
    }
)
HOME = "/sign-in"
_LONGEST_PATH = 2_000
# Neither a scheme nor a host: browsers read `//` and `/\` as the beginning of a host, and leave
# out tabs and ends of lines before they look.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/pages.css">
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def local_path(wanted: str) -> str:
    """Return a path of ours that somebody may be led to, or the usual one if it is not ours."""
    is_ours = len(wanted) <= _LONGEST_PATH and _LOCAL_PATH.fullmatch(wanted)
    return wanted if is_ours else HOME


def language_of(request: Request) -> Texts:
    """Return the texts in the language that the browser asks for."""
    return texts_for(request.headers.get("accept-language", ""))


def page(texts: Texts, title: str, content: str, status: int = 200) -> HTMLResponse:
    """Make a page; the title is escaped here, the content already is."""
    text = _PAGE.format(language=texts.language, title=escape(title), content=content)
    return HTMLResponse(text, status, dict(HEADERS))


def paragraph(text: str, kind: str = "") -> str:
    """Make a paragraph; one of the kind `error` is read out at once by screen readers."""
    role = ' class="error" role="alert"' if kind == "error" else ""
    return f"<p{role}>{escape(text)}</p>"


def field(name: str, label: str, kind: str, complete: str, hint: str = "") -> str:
    """Make a field of a form with its label; `complete` is what browsers may fill in."""
    described = f' aria-describedby="{name}-hint"' if hint else ""
    told = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    return (
        f'<label for="{name}">{escape(label)}</label>{told}'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{complete}"'
        f" required{described}>"
    )


def hidden(name: str, value: str) -> str:
    """Make a field that nobody sees."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def form(action: str, button: str, *fields: str) -> str:
    """Make a form that is sent by POST; its fields are escaped already."""
    return (
        f'<form method="post" action="{escape(action)}">{"".join(fields)}'
        f'<button type="submit">{escape(button)}</button></form>'
    )


def link(address: str, text: str) -> str:
    """Make a link that looks like a button."""
    return f'<p><a class="button" href="{escape(address)}">{escape(text)}</a></p>'
