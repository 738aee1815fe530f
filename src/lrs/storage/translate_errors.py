"""The one place where a driver's error becomes one of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lrs.errors import UnavailableError

# SQLSTATE classes of a server that is away, overloaded, shutting down, timing out, or does not
# let us in.
_UNAVAILABLE = ("08", "25P03", "28", "3D", "40", "53", "55P03", "57")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the driver raises into our errors.

    Raises:
        UnavailableError: the database cannot be reached, or gave up on the request in time.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translated(error) from error
    except PoolTimeoutError as error:
        raise UnavailableError("all connections to the database are busy") from error
    except asyncpg.PostgresError as error:
        # While it connects, SQLAlchemy lets the driver's own errors through.
        raise _translated(error) from error
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # The last one: the server hung up while the driver was about to send.
        raise UnavailableError("the database cannot be reached") from error


def _translated(error: DBAPIError | asyncpg.PostgresError) -> Exception:
    original = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(original, "sqlstate", None) or "")
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_lost or state.startswith(_UNAVAILABLE):
        return UnavailableError("the database did not complete the request; it can be sent again")
    return error
