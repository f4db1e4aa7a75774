"""Score one file that was sent, inside a process of its own.

``service.jobs`` starts ``score_job`` with ``service.confined`` and reads what it writes into the
job's folder.
"""

import os
import time
from pathlib import Path
from typing import Any

import orjson

from service.artifact import ArtifactError
from service.batch import added_columns, score_files
from service.chart import GroupCounts
from service.classifier import load
from service.columns import Added
from service.progress import JOB, START, RemovedError, write_progress
from service.rows import Chunk, InputError, Unit
from service.writers import OutputError

WRITE_SECONDS = 0.25
"""How often progress is told: as often as somebody looks."""


def score_job(_: bytes, folder: str, model: str) -> None:
    """Score the file in ``folder`` as its ``start.json`` says, and tell how it goes."""
    os.chdir(folder)
    job, start = (orjson.loads(Path(name).read_bytes()) for name in (JOB, START))
    progress = _Progress(Path(folder), job["rows"], start["group_column"])
    try:
        classifier = load(model)
        unit = Unit(start["unit"])
        added = added_columns(classifier, unit)
        progress.counts = GroupCounts(added.labels)
        score_files(
            [Path(job["name"])],
            Path(job["result"]),
            classifier,
            text_column=start["text_column"],
            unit=unit,
            delimiter=job["delimiter"],
            encoding=job["encoding"],
            prefix=_free_prefix(job["columns"], added),
            on_progress=progress.end_chunk,
            on_row=progress.count,
        )
        progress.finish()
    except RemovedError:
        return
    except (InputError, OutputError) as error:
        progress.fail(str(error))
    except ArtifactError:
        progress.fail("the folder of the model holds none now that can be trusted")
    except MemoryError:
        progress.fail("scoring it takes more memory than a job may use")
    except OSError as error:
        progress.fail(f"the service cannot write the result ({error.strerror})")


def _free_prefix(columns: list[str], added: Added) -> str:
    """Return a prefix for the added columns if the file has one of their names already."""
    names = {*added.nested_names(), *added.flat_names()}
    return "" if names.isdisjoint(columns) else "stance_"


class _Progress:
    """Rows counted, written to the job's folder for whoever asks."""

    def __init__(self, folder: Path, rows: int, group_column: str | None) -> None:
        self._folder = folder
        self._rows = rows
        self._group_column = group_column
        self._written = 0.0
        self._scored = self._rejected = 0
        self.counts = GroupCounts(())

    def count(self, chunk: Chunk, index: int, labels: tuple[str, ...] | None) -> None:
        """Count one row with its labels, None if it was rejected."""
        if labels is None:
            self._rejected += 1
        else:
            self._scored += 1
            if self._group_column is not None:
                value = chunk.row(index).get(self._group_column)
                self.counts.add(value, labels)
        if time.monotonic() - self._written > WRITE_SECONDS:
            self._write("running")

    def end_chunk(self, done: int, total: int, rows: int) -> None:
        """Count what could not be read as rows."""
        self._rejected = rows - self._scored

    def finish(self) -> None:
        """Tell that the result is there."""
        kind, chart = (None, None) if self._group_column is None else self.counts.chart()
        self._write("done", chart_kind=kind, chart=chart)

    def fail(self, detail: str) -> None:
        """Tell why there will be no result."""
        self._write("failed", detail=detail)

    def _write(self, state: str, **more: Any) -> None:
        done = self._scored + self._rejected
        told = {"state": state, "done": done, "scored": self._scored, "rejected": self._rejected}
        told["share"] = 1.0 if state == "done" else min(1.0, done / max(self._rows, 1))
        write_progress(self._folder, told | more)
        self._written = time.monotonic()
