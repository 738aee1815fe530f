"""What keeps a browser from running what others stored here as a page of this origin."""

HARMLESS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_UNTYPED = "application/octet-stream"


def as_header(content_type: str) -> str:
    """Return a content type that is safe in a header, or the one for any bytes."""
    return content_type if content_type.isascii() and content_type.isprintable() else _UNTYPED
