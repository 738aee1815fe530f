"""How our pages look."""

from fastapi import APIRouter, Response

router = APIRouter(tags=["pages"], include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; min-height: 100vh; place-items: center; }
main { box-sizing: border-box; width: min(26rem, 100%); padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin-top: 1rem; }
.hint { margin: 0.1rem 0 0.25rem; font-size: 0.9rem; }
input { box-sizing: border-box; width: 100%; padding: 0.6rem; font: inherit;
  border: 1px solid; border-radius: 0.4rem; }
button, .button { display: block; box-sizing: border-box; width: 100%; margin-top: 1.25rem;
  padding: 0.7rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none;
  color: #fff; background: #1a4fa3; border: 1px solid #1a4fa3; border-radius: 0.4rem; }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
.error { border-left: 0.3rem solid #c62828; padding-left: 0.75rem; }
"""


@router.get("/pages.css")
async def style() -> Response:
    """Give the style sheet of all pages."""
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(_STYLE, headers=headers, media_type="text/css")
