"""The options of the routes as they hold for one request: a store may be stricter with itself."""

from dataclasses import replace

from fastapi import Request

from lrs.api.credentials import PRINCIPAL
from lrs.api.state import ApiOptions, options_of
from lrs.auth.principals import Principal
from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings, stricter


def options_for(request: Request) -> ApiOptions:
    """Return the options for who asks; until that is known, those of the service."""
    options = options_of(request)
    principal: Principal | None = request.scope.get(PRINCIPAL)
    if principal is None or principal.settings is AS_THE_SERVICE:
        return options
    return _stricter(options, principal.settings)


def _stricter(options: ApiOptions, own: StoreSettings) -> ApiOptions:
    return replace(
        options,
        max_body_bytes=stricter(options.max_body_bytes, own.max_body_bytes),
        max_attachment_bytes=stricter(options.max_attachment_bytes, own.max_body_bytes),
        max_multipart_bytes=stricter(options.max_multipart_bytes, own.max_body_bytes),
        body_timeout=stricter(options.body_timeout, own.body_timeout),
    )
