"""How the processes of the service log: one line each, to standard error."""

import logging
import re
from types import TracebackType
from typing import TypedDict

# What PostgreSQL tells of a row: it holds who it is, and what they did.
_DETAIL = re.compile(
    r"^DETAIL:.*?(?=^(?:HINT:|\[SQL:|The above|During|Traceback)|\Z)", re.MULTILINE | re.DOTALL
)


class LogConfig(TypedDict):
    """What `logging.config.dictConfig` reads."""

    version: int
    disable_existing_loggers: bool
    formatters: dict[str, dict[str, object]]
    handlers: dict[str, dict[str, str]]
    loggers: dict[str, dict[str, str]]
    root: dict[str, str | list[str]]


class WithoutRows(logging.Formatter):
    """Leaves out what an error of the database tells of rows."""

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Write an error with its traceback."""
        return _DETAIL.sub("DETAIL: left out\n", super().formatException(ei))


def log_config(level: str) -> LogConfig:
    """Return the configuration for a level such as `info`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": WithoutRows, "fmt": "%(asctime)s %(levelname)s %(message)s"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {
            # It tells at length which database it meets, each time.
            "alembic": {"level": "WARNING"},
            # They tell of requests to identity providers, tokens and codes included.
            "httpcore": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            # It warns of each malformed body, of which the client is told.
            "python_multipart": {"level": "ERROR"},
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }
