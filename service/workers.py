"""Worker processes that share what was loaded before them; ``service.server`` has uvicorn use them.

Uvicorn starts each worker as a new program, which imports and reads everything again: a second of
processor time and 65 MB. A forked one begins with all of it, in memory that it shares.
"""

import gc
import os
import signal
from contextlib import suppress
from multiprocessing.context import ForkContext, ForkProcess

from uvicorn import _subprocess
from uvicorn.supervisors.multiprocess import SIGNALS, Multiprocess


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
        # It would end a worker that has not loaded its model; the folder is watched anyway.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        super().run()


class _Workers(ForkContext):
    Process = _Worker


def _pass_on_hangup(supervisor: Multiprocess) -> None:
    """Tell every worker to read the model again.

    Uvicorn would put new ones in their place, one by one, and meanwhile hear no other signal.
    """
    for worker in supervisor.processes:
        if worker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGHUP)


def fork_workers() -> None:
    """Have uvicorn fork its workers from this process as it is then; it must run one thread only.

    Uvicorn has no setting for it. If it comes to name this otherwise, tests/test_faults.py fails.
    """
    _subprocess.spawn = _Workers()  # type: ignore[assignment]
    Multiprocess.handle_hup = _pass_on_hangup  # type: ignore[method-assign,assignment]
    # The collector writes into every object that it walks, and a page written to is shared no more.
    gc.collect()
    gc.freeze()
