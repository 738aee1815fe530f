"""Terms of a credential are kept in one form, or refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lrs.auth.restrictions import Grant
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.terms import MOST_AGENTS, Terms, changed, checked
from lrs.errors import InvalidRequestError

TERMS = Terms(label="Nightly sync", system="Moodle")
ADA = '{"mbox":"mailto:ada@example.org"}'


def test_what_is_kept_has_one_form() -> None:
    terms = replace(
        TERMS,
        grant=Grant((ADA, ' {"mbox": "mailto:ada@example.org"}'), ("https://example.org/a",) * 2),
        origins=("https://LMS.example.org:443", "https://lms.example.org"),
        networks=("192.0.2.7", "192.0.2.7/32"),
    )
    kept = checked(terms)
    assert kept.grant == Grant((ADA,), ("https://example.org/a",))
    assert kept.origins == ("https://lms.example.org",)
    assert kept.networks == ("192.0.2.7/32",)
    assert checked(kept) == kept


@pytest.mark.parametrize(
    "label", ["Nächtlicher Abgleich", "夜間同期", "a" * 200, "\u0645\u06cc\u200c", "👩‍🏫", "a:b"]
)
def test_a_label_is_any_text_on_one_line(label: str) -> None:
    assert checked(replace(TERMS, label=label)).label == label


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": ""},
        {"label": "a" * 201},
        {"label": "a\0b"},
        {"label": "a\nb"},
        {"label": "a\x1b[31mb"},
        {"label": "a\x85b"},
        {"label": "a\u2028b"},
        {"label": "a\ud800b"},
        {"system": ""},
        {"system": "a\rb"},
        {"scopes": Scopes()},
        {"expires": datetime(2030, 1, 1)},  # noqa: DTZ001 - the zone is what is missing
        {"origins": ("*",)},
        {"origins": ("https://lms.example.org",) * 101},
        {"networks": ("example.org",)},
        {"rates": {"statements": 1}},
        {"rates": {"requests_per_second": 0}},
        {"rates": {"requests_per_second": 10**12}},
        {"grant": Grant(("{}",))},
        {"grant": Grant((ADA,) * (MOST_AGENTS + 1))},
        {"grant": Grant(None, ("no iri",))},
    ],
    ids=range(21),
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        checked(replace(TERMS, **wrong))


def test_what_is_not_named_stays() -> None:
    before = replace(TERMS, grant=Grant((ADA,)), expires=datetime(2030, 1, 1, tzinfo=UTC))
    after = changed(before, {"activities": ("https://example.org/a",), "expires": None})
    assert after == replace(before, grant=Grant((ADA,), ("https://example.org/a",)), expires=None)
    assert changed(after, {"agents": None, "scopes": Scopes({Scope.STATE})}) == replace(
        after, grant=Grant(None, ("https://example.org/a",)), scopes=Scopes({Scope.STATE})
    )
    assert before.scopes == DEFAULT
