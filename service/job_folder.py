"""The temporary folder in which a service keeps the files that are sent to it.

A service that is killed cannot remove its own; the next one does. Which is abandoned is told by a
lock, which the system takes back from the dead.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX, _LOCK = "stance-jobs-", "lock"


def take_folder() -> Path:
    """Return a new folder for the jobs of this process and all that come from it.

    They hold a lock on it as long as one of them lives.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Forked workers hold it, too; what is started to read a file is a new program and does not.
    return folder


def remove_abandoned() -> None:
    """Remove the folders of services of this user that were killed and could not do it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
