"""Worker processes that share what was loaded before them; ``service.server`` has uvicorn use them.

Uvicorn starts each worker as a new program, which imports and reads everything again: a second of
processor time and 65 MB. A forked one begins with all of it, in memory that it shares.
"""

import gc
import signal
from multiprocessing.context import ForkContext, ForkProcess

from uvicorn import _subprocess
from uvicorn.supervisors.multiprocess import SIGNALS


class _Worker(ForkProcess):
    """A forked process to which signals mean what they mean to a new program."""

    def start(self) -> None:
        # Signals wait until the worker has let go of the supervisor's handlers: one that came
        # before would be put into its copy of the supervisor's queue and lost.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def run(self) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        super().run()


class _Workers(ForkContext):
    Process = _Worker


def fork_workers() -> None:
    """Have uvicorn fork its workers from this process as it is then; it must run one thread only.

    Uvicorn has no setting for it. If it comes to name this otherwise, tests/test_faults.py fails.
    """
    _subprocess.spawn = _Workers()  # type: ignore[assignment]
    # The collector writes into every object that it walks, and a page written to is shared no more.
    gc.collect()
    gc.freeze()
