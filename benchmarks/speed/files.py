"""``stance score`` on parquet files of sentences: one core, two, peak memory.

The command is run as its users run it, from its start to its end. Its speed on one core is compared
with scoring the same sentences in memory, by CPU time; two cores with one, by the clock.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.processes import ROOT, MeasurementError, n_cores, peak_memory_of, pinned
from benchmarks.speed.material import labelled_sentences, take
from benchmarks.speed.measure import Result, Row, Scale
from service.classifier import Classifier, load

CPU, CLOCK, MEMORY = "CPU time", "by the clock", "peak memory"
UNIT = "µs a row"
N_CHUNK = 10_000
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the command: CPU seconds, seconds by the clock, peak memory in megabytes."""

    cpu: float
    clock: float
    peak: float


def measure(scale: Scale) -> Result:
    """Run the command on every size of file, on one core and on two."""
    texts = [sentence.text for sentence in labelled_sentences(scale)]
    classifier = load(scale.model)
    with tempfile.TemporaryDirectory() as folder:
        paths = {n: Path(folder, f"{n}.parquet") for n in sorted(scale.n_file_rows)}
        for n, path in paths.items():
            _write(path, texts, n)
        largest = max(paths)
        # Before and after: a machine is not always as fast.
        before = _in_memory(classifier, texts, largest // 2)
        one = {n: _run(path, scale, 1) for n, path in paths.items()}
        in_memory = (before + _in_memory(classifier, texts, largest // 2)) / 2
        two = _run(paths[largest], scale, 2) if n_cores() > 1 else None
    load_now = f"{os.getloadavg()[0]:.1f} programs wanted the {n_cores()} cores"
    rows = [
        _row(CPU, f"`Classifier.score` in memory, {largest:,} rows", UNIT, 1e6 * in_memory),
        *(_row(CPU, _name(n), UNIT, 1e6 * run.cpu / n) for n, run in one.items()),
        _row(CLOCK, f"{_name(largest)}, one core", "s", one[largest].clock, load_now),
        *([] if two is None else [_row(CLOCK, f"{_name(largest)}, two cores", "s", two.clock)]),
        *(_row(MEMORY, _name(n), "MB", run.peak) for n, run in one.items()),
    ]
    ratios = {
        "share of memory speed": in_memory / (one[largest].cpu / largest),
        "memory": one[largest].peak / one[min(paths)].peak,
    }
    if two is not None:
        ratios["two cores"] = one[largest].clock / two.clock
        rows.append(_row(MEMORY, f"{_name(largest)}, two cores", "MB", two.peak))
    return Result(rows, ratios)


def _row(case: str, system: str, unit: str, value: float, note: str = "") -> Row:
    return Row.of(case, system, unit, [value], note)


def _name(n: int) -> str:
    return f"`stance score`, {n:,} rows"


def _write(path: Path, texts: Sequence[str], n: int) -> None:
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    # Without a dictionary: real rows do not repeat as these do.
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for start in range(0, n, N_CHUNK):
            ids = list(range(start, min(start + N_CHUNK, n)))
            chunk = [texts[i % len(texts)] for i in ids]
            writer.write_table(pa.table([ids, chunk], schema=schema))


def _run(path: Path, scale: Scale, cores: int) -> _Run:
    output = path.with_name("scored.parquet")
    command = [sys.executable, "-m", "stance", "score", str(path), "-o", str(output)]
    command += ["--unit", "sentence", "--overwrite", "--model", str(scale.model)]
    os.sync()  # else files are written back meanwhile, and the disk is waited for
    start = time.perf_counter()
    with pinned(cores):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    peak = 0.0
    while True:
        peak = max(peak, peak_memory_of(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(SAMPLE_SECONDS)
    clock = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise MeasurementError(f"{' '.join(command)}: exit code {process.returncode}")
    return _Run(usage.ru_utime + usage.ru_stime, clock, peak)


def _in_memory(classifier: Classifier, texts: Sequence[str], n: int) -> float:
    """Return the CPU seconds a sentence of scoring as many sentences as the largest file has."""
    samples = [take(texts, min(N_CHUNK, n), number) for number in range(3)]
    with pinned():
        classifier.score(samples[-1])
        start = time.process_time()
        n_done = 0
        while n_done < n:
            n_done += len(classifier.score(samples[n_done // N_CHUNK % 3]))
        return (time.process_time() - start) / n_done
