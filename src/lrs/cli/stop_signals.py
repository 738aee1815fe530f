"""The signals that ask us to stop, from the first moment of a command to its last."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignals:
    """Turns the first stop signal into KeyboardInterrupt and ignores all that follow.

    So whoever cleans up is not interrupted by an impatient second Ctrl-C. While uvicorn serves it
    handles the signals itself, and raises them here again when it has ended.
    """

    def __init__(self) -> None:
        self._came = False

    def install(self) -> None:
        """Handle the signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(signal.SIGHUP, _pass_on)

    @contextmanager
    def ignored_afterwards(self) -> Iterator[None]:
        """Ignore signals as soon as the block ends, however it ends."""
        try:
            yield
        finally:
            self._came = True

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM interrupt the block as Ctrl-C does, so that it can clean up behind itself."""
    previous = signal.getsignal(signal.SIGTERM)
    if previous is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _pass_on(_number: int, _frame: FrameType | None) -> None:
    """Answer a closed terminal as SIGTERM is answered just now, by uvicorn or by us."""
    os.kill(os.getpid(), signal.SIGTERM)
