"""Origins are told apart exactly as browsers write them."""

import pytest

from lrs.auth.origins import read_origin
from lrs.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://lms.example.org", "https://lms.example.org"),
        ("HTTPS://LMS.Example.ORG", "https://lms.example.org"),
        (" https://lms.example.org ", "https://lms.example.org"),
        ("https://lms.example.org:443", "https://lms.example.org"),
        ("http://lms.example.org:80", "http://lms.example.org"),
        ("http://lms.example.org:443", "http://lms.example.org:443"),
        ("https://lms.example.org:8443", "https://lms.example.org:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("app://content", "app://content"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_has_one_form(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "lms.example.org",
        "//lms.example.org",
        "https://",
        "https://*.example.org",
        "https://lms.example.org/",
        "https://lms.example.org/path",
        "https://lms.example.org?query",
        "https://lms.example.org#fragment",
        "https://lms.example.org@evil.example",
        "https://user:password@lms.example.org",
        "https://lms.example.org:",
        "https://lms.example.org:port",
        "https://lms.example.org:99999",
        "https://lms.example.org https://evil.example",
        "https://lms.example.org,https://evil.example",
        "https://lms.example.org\\.evil.example",
        "https://lms.example.org\r\nX-Evil: 1",
        "https://lms.example.org\0",
        "https://bücher.example",
        "https://\u212alms.example.org",
        "https://[::1",
        "https://[:::::]",
        "https://[1.2]",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        read_origin(text)
