"""Start the embedded PostgreSQL again if it ends while the service runs."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lrs.errors import ClusterError
from lrs.storage.embedded.cluster import Cluster

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_STARTS = 3.0


@contextmanager
def watched(cluster: Cluster) -> Iterator[None]:
    """Watch over the cluster, from a thread, for the length of the block."""
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(cluster, over), name="cluster watch")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(cluster: Cluster, over: threading.Event) -> None:
    while not over.wait(_SECONDS_BETWEEN_LOOKS):
        if not cluster.is_running:
            _start_again(cluster)
            over.wait(_SECONDS_BETWEEN_STARTS)


def _start_again(cluster: Cluster) -> None:
    _LOG.error("PostgreSQL has ended by itself; starting it again")
    try:
        cluster.launch()
    except ClusterError as error:
        _LOG.error("PostgreSQL did not start: %s", error)
