"""The app as each serving process builds it."""

import gc
import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from lrs.main import create_app

# Python looks for garbage in rings after so many new objects. Reading one batch makes far more
# than its 700, and leaves no rings: the looks took a tenth of the time, and found nothing.
_OBJECTS_BETWEEN_LOOKS = 50_000


def create_worker_app() -> object:
    """Build the app, in a process that ends when its supervisor is gone.

    A worker left behind by a supervisor that was killed would keep the port from the next start.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor,), daemon=True).start()
    app = create_app()
    _look_less_for_garbage()
    return app


def _look_less_for_garbage() -> None:
    """Leave what is there by now, and stays, out of all looks to come."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)


def _end_after(supervisor: BaseProcess) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
