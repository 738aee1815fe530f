"""The app as each serving process builds it."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from lrs.main import create_app


def create_worker_app() -> object:
    """Build the app, in a process that ends when its supervisor is gone.

    A worker left behind by a supervisor that was killed would keep the port from the next start.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor,), daemon=True).start()
    return create_app()


def _end_after(supervisor: BaseProcess) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
