"""How far a job has come: what its process writes into its folder and ``service.jobs`` reads."""

import os
from pathlib import Path
from typing import Any

import orjson

JOB, START, PROGRESS = "job.json", "start.json", "progress.json"


class RemovedError(Exception):
    """The job's folder is gone: it was cancelled."""


def write_progress(folder: Path, content: dict[str, Any]) -> None:
    """Put the progress of a job in place in one step; readers see the old or the new one.

    Raises
    ------
    RemovedError
        If the job's folder is gone.
    """
    temporary = folder / f".{PROGRESS}.{os.getpid()}"
    try:
        temporary.write_bytes(orjson.dumps(content))
        os.replace(temporary, folder / PROGRESS)
    except FileNotFoundError:
        raise RemovedError from None
