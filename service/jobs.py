"""Files that are scored for the page: kept in a private folder each, for a while, then removed.

A job's state is what its folder holds, so every process of the service that shares the folder of
jobs can answer for it: ``job.json`` from its arrival on, ``start.json`` once it shall be scored,
``progress.json`` while it is and after. Called by ``service.uploads``; knows no HTTP.
"""

import asyncio
import os
import re
import secrets
import shutil
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from service import confined
from service.confined import READING_BYTES, Allowance
from service.progress import JOB, PROGRESS, START, RemovedError, write_progress
from service.rows import INPUT_SUFFIXES
from service.schemas import JobResponse, JobStart
from service.settings import Settings

SCORING_BYTES = 3_000_000_000
"""Memory that scoring one file may take: the model and the columns of a packed parquet file."""

RESULT_FACTOR = 20
"""How many times ``max_upload_bytes`` a result may hold. Of rows with a sentence each it takes six
times the file; of ten million empty ones, or packed ones, without this limit all of the disk."""

LOOK_AT, SCORE_JOB = "service.preview.look_at", "service.job_process.score_job"
"""What runs in processes of its own; by name, since nothing of it is needed here."""

SWEEP_SECONDS = 30
KEPT_PER_RUNNING = 10
"""How many files may be kept for each that may be scored at a time.

A further one takes the place of the oldest that was sent and never started.
"""

_ID = re.compile(r"[\w-]{32}", re.ASCII)
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


class BusyError(Exception):
    """No further file is taken now."""


class NoJobError(LookupError):
    """There is no such job, or no longer."""


class StateError(ValueError):
    """The job is not in the state that was needed."""


class Jobs:
    """The jobs in the folder of the settings; without one, in a temporary folder of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.job_folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._looking = asyncio.Semaphore(settings.max_jobs)
        self._running: dict[str, tuple[Process, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Remove old jobs from time to time; at the end stop all that this process started."""
        sweeping = asyncio.create_task(self._sweep_always())
        try:
            yield
        finally:
            sweeping.cancel()
            for process, task in list(self._running.values()):
                await confined.stop(process)
                await task
            if self._own is not None:
                self._own.cleanup()

    async def create(self, name: str, body: AsyncIterator[bytes]) -> JobResponse:
        """Store a file and look at it.

        Raises
        ------
        BusyError
            If as many files as may be are kept, and all of them were started.
        RefusalError
            If it cannot be read.
        OSError
            If it cannot be stored.
        """
        if len(self._folders()) >= KEPT_PER_RUNNING * self._settings.max_jobs:
            self._make_room()
        job_id = secrets.token_urlsafe(24)
        folder = self._root() / job_id
        folder.mkdir(mode=0o700)
        try:
            stored = stored_name(name)
            with (folder / stored).open("wb") as file:
                async for part in body:
                    file.write(part)
            async with self._looking:
                look = Allowance(self._settings.extract_seconds, READING_BYTES)
                seen = await confined.call(LOOK_AT, b"", look, folder=str(folder), name=stored)
            job = {"id": job_id, "name": stored, "result": result_name(stored), **seen}
            (folder / f".{JOB}").write_bytes(orjson.dumps(job))
            os.replace(folder / f".{JOB}", folder / JOB)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self.read(job_id)

    def read(self, job_id: str) -> JobResponse:
        """Return the job as it stands.

        Raises
        ------
        NoJobError
            If there is none.
        """
        folder = self._folder_of(job_id)
        job = _read(folder / JOB)
        if job is None:
            raise NoJobError
        state = "running" if (folder / START).exists() else "uploaded"
        progress = _read(folder / PROGRESS) or {}
        return JobResponse.model_validate({"state": state} | job | progress)

    async def start(self, job_id: str, request: JobStart) -> JobResponse:
        """Begin to score the file.

        Raises
        ------
        NoJobError, StateError
            If there is no such job; if it has been started before.
        BusyError
            If as many files as may be are being scored.
        OSError
            If no process can be started.
        """
        folder = self._folder_of(job_id)
        if self._count_running() >= self._settings.max_jobs:
            raise BusyError
        try:
            with (folder / START).open("xb") as file:
                file.write(orjson.dumps(request.model_dump()))
        except FileExistsError:
            raise StateError("the job has been started already") from None
        settings = self._settings
        most_bytes = RESULT_FACTOR * settings.max_upload_bytes
        allowance = Allowance(60 * settings.job_minutes, SCORING_BYTES, most_bytes)
        model = str(settings.model.absolute())
        try:
            process = await confined.start(SCORE_JOB, allowance, folder=str(folder), model=model)
        except OSError:
            (folder / START).unlink(missing_ok=True)
            raise
        task = asyncio.create_task(self._watch(job_id, folder, process))
        self._running[job_id] = (process, task)
        return self.read(job_id)

    async def remove(self, job_id: str) -> JobResponse:
        """Stop the job, remove all of it, and return what it was.

        A process of another worker ends by itself when it finds the folder gone.
        """
        job = self.read(job_id)
        if running := self._running.get(job_id):
            await confined.stop(running[0])
        _discard(self._folder_of(job_id))
        return job.model_copy(update={"state": "cancelled"})

    def result(self, job_id: str, *, rejects: bool = False) -> Path:
        """Return the file with the scored rows, or with the rejected ones.

        Raises
        ------
        NoJobError, StateError
            If there is no such job or file; if the job is not done.
        """
        folder, job = self._folder_of(job_id), self.read(job_id)
        if job.state != "done":
            raise StateError(f"the job is {job.state}; its result is there when it is done")
        name = result_name(job.name) + (".rejects.jsonl" if rejects else "")
        if not (folder / name).exists():
            raise NoJobError
        return folder / name

    async def sweep(self) -> None:
        """Remove jobs in which nothing has happened for too long."""
        oldest = time.time() - 60 * self._settings.job_minutes
        for folder in self._folders():
            changed = [_changed(folder / name) for name in (".", JOB, START, PROGRESS)]
            if max(changed) < oldest:
                if running := self._running.get(folder.name):
                    await confined.stop(running[0])
                _discard(folder)

    async def _sweep_always(self) -> None:
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def _watch(self, job_id: str, folder: Path, process: Process) -> None:
        """Wait for the end of a process; if it ended without telling why, tell that."""
        await process.wait()
        del self._running[job_id]
        with suppress(NoJobError, RemovedError):
            if self.read(job_id).state == "running":
                detail = "scoring it ended early: it needs more memory or time than a job may use"
                progress = _read(folder / PROGRESS) or {}
                write_progress(folder, progress | {"state": "failed", "detail": detail})

    def _make_room(self) -> None:
        """Remove the oldest file that was sent and never started.

        Raises
        ------
        BusyError
            If there is none.
        """
        waiting = [f for f in self._folders() if (f / JOB).exists() and not (f / START).exists()]
        if not waiting:
            raise BusyError
        _discard(min(waiting, key=lambda folder: _changed(folder / JOB)))

    def _count_running(self) -> int:
        n = 0
        for folder in self._folders():
            with suppress(NoJobError):
                n += self.read(folder.name).state == "running"
        return n

    def _folders(self) -> list[Path]:
        return [] if self._folder is None else _job_folders(self._folder)

    def _folder_of(self, job_id: str) -> Path:
        if self._folder is None or not _ID.fullmatch(job_id):
            raise NoJobError
        return self._folder / job_id

    def _root(self) -> Path:
        if self._folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="stance-jobs-")
            self._folder = Path(self._own.name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder


def remove_jobs(folder: Path) -> None:
    """Remove every job in ``folder``, and nothing else."""
    for job in _job_folders(folder):
        shutil.rmtree(job, ignore_errors=True)


def _discard(folder: Path) -> None:
    """Remove a job's folder; whoever still works in it finds it gone at once.

    Should a file be written into it meanwhile, the next sweep removes the rest.
    """
    hidden = folder.with_name("." + folder.name.removeprefix("."))
    with suppress(FileNotFoundError):
        folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def _job_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if _ID.fullmatch(path.name.removeprefix("."))]


def stored_name(name: str) -> str:
    """Return a file's name without what could mean something to a file system.

    Raises
    ------
    ValueError
        If its ending is none that can be read.
    """
    path = Path(name.replace("\\", "/").rpartition("/")[2])
    suffix = path.suffix.lower()
    if suffix not in INPUT_SUFFIXES:
        raise ValueError(f"the name ends in none of {', '.join(INPUT_SUFFIXES)}")
    stem = _UNSAFE.sub("_", path.stem).strip("._")[:80] or "file"
    return stem + suffix


def result_name(stored: str) -> str:
    """Return the name of the scored file: of the same kind, a table for plain lines."""
    path = Path(stored)
    return f"{path.stem}.stance{'.csv' if path.suffix == '.txt' else path.suffix}"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return content


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
