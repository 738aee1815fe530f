"""The log says what failed, and nothing of the rows that it failed with."""

import io
import logging
import logging.config

import pytest

from lrs.cli.log_config import WithoutRows, log_config


def logged(error: Exception) -> str:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(WithoutRows("%(message)s"))
    record = logging.LogRecord("lrs", logging.ERROR, "", 0, "it failed", (), None)
    try:
        raise error  # noqa: TRY301 - it is to have a traceback
    except Exception as raised:  # noqa: BLE001 - any error can be logged
        record.exc_info = (type(raised), raised, raised.__traceback__)
    handler.emit(record)
    return written.getvalue()


@pytest.mark.parametrize(
    "rest",
    ["", "\nHINT:  Try again.", "\n[SQL: INSERT INTO users]", "\nof two lines\n[SQL: INSERT]"],
)
def test_what_stands_in_rows_is_left_out(rest: str) -> None:
    told = "duplicate key value\nDETAIL:  Key (email)=(ada@example.org) already exists."
    text = logged(ValueError(told + rest))
    assert "ValueError: duplicate key value" in text
    assert "ada@example.org" not in text
    assert "of two lines" not in text
    assert ("HINT" in text, "[SQL" in text) == ("HINT" in rest, "[SQL" in rest)


def test_what_caused_an_error_is_told_too() -> None:
    error = ValueError("outer")
    error.__cause__ = KeyError("inner\nDETAIL:  ada@example.org")
    text = logged(error)
    assert "ValueError: outer" in text
    assert "direct cause" in text


@pytest.mark.parametrize("name", ["httpcore", "httpx"])
def test_libraries_that_tell_of_tokens_do_not_log_them(name: str) -> None:
    loggers = log_config("debug")["loggers"]
    assert loggers[name] == {"level": "WARNING"}
