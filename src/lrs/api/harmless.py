"""What keeps a browser from running what others stored here as a page of this origin."""

HARMLESS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_UNTYPED = "application/octet-stream"
# RFC 6838 ends the name of a type at 255 characters; clients refuse headers of many thousand.
_LONGEST = 255


def as_header(content_type: str) -> str:
    """Return a content type that is safe in a header, or the one for any bytes."""
    is_safe = content_type.isascii() and content_type.isprintable()
    return content_type if is_safe and len(content_type) <= _LONGEST else _UNTYPED
