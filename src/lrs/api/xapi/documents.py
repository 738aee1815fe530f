"""What the three document resources have in common over HTTP (Comm. 2.2, 3.1)."""

import json
from datetime import datetime
from email.utils import format_datetime

from fastapi import Request, Response, status

from lrs.api.bodies import read_body
from lrs.api.harmless import HARMLESS
from lrs.api.notes import note_document_read
from lrs.api.state import services_of
from lrs.api.store_options import options_for
from lrs.auth.principals import Principal
from lrs.xapi.documents import Document, DocumentContext, DocumentFilter, DocumentKey
from lrs.xapi.preconditions import Preconditions
from lrs.xapi.versions import Version

_UNTYPED = "application/octet-stream"
# Browsers would otherwise guess from Last-Modified how long they need not ask again.
_ALWAYS_ASK = {"Cache-Control": "no-cache"}


async def put_document(
    request: Request, principal: Principal, version: Version, key: DocumentKey
) -> Response:
    """Store the body of a request as a document."""
    document = await _sent(request)
    service = services_of(request).documents
    await service.put(principal, key, document, _preconditions(request), version)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def post_document(request: Request, principal: Principal, key: DocumentKey) -> Response:
    """Merge the body of a request into a document, or store it."""
    document = await _sent(request)
    service = services_of(request).documents
    await service.post(principal, key, document, _preconditions(request))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def get_documents(
    request: Request, principal: Principal, wanted: DocumentKey | DocumentFilter
) -> Response:
    """Answer with one document, or with the ids of many."""
    note_document_read(request, principal, wanted.context)
    if isinstance(wanted, DocumentKey):
        return await _one(request, principal, wanted)
    found = await services_of(request).documents.list(principal, wanted)
    headers = _ALWAYS_ASK | (_last_modified(found.updated) if found.updated else {})
    return Response(json.dumps(found.ids), headers=headers, media_type="application/json")


async def delete_documents(
    request: Request, principal: Principal, wanted: DocumentKey | DocumentContext
) -> Response:
    """Delete one document, or all of a context."""
    service = services_of(request).documents
    if isinstance(wanted, DocumentKey):
        await service.delete(principal, wanted, _preconditions(request))
    else:
        await service.delete_all(principal, wanted, _preconditions(request))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def _one(request: Request, principal: Principal, key: DocumentKey) -> Response:
    document, updated = await services_of(request).documents.get(principal, key)
    headers = {"Content-Type": document.content_type, "ETag": f'"{document.etag}"'}
    return Response(
        document.content, headers=headers | _last_modified(updated) | _ALWAYS_ASK | HARMLESS
    )


async def _sent(request: Request) -> Document:
    content = await read_body(request, options_for(request).max_body_bytes)
    return Document(content, request.headers.get("content-type", "").strip() or _UNTYPED)


def _preconditions(request: Request) -> Preconditions:
    return Preconditions(_header(request, "if-match"), _header(request, "if-none-match"))


def _header(request: Request, name: str) -> str | None:
    """Return a header that may come in several lines; None if there is none."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def _last_modified(updated: datetime) -> dict[str, str]:
    return {"Last-Modified": format_datetime(updated, usegmt=True)}
