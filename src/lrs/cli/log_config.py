"""How the processes of the service log: one line each, to standard error."""

from typing import TypedDict


class LogConfig(TypedDict):
    """What `logging.config.dictConfig` reads."""

    version: int
    disable_existing_loggers: bool
    formatters: dict[str, dict[str, str]]
    handlers: dict[str, dict[str, str]]
    loggers: dict[str, dict[str, str]]
    root: dict[str, str | list[str]]


def log_config(level: str) -> LogConfig:
    """Return the configuration for a level such as `info`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
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
            # It warns of each malformed body, of which the client is told.
            "python_multipart": {"level": "ERROR"},
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }
