"""What all subjects share: how big a run is, turns of candidates, rows of the table."""

import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.processes import n_cores
from benchmarks.speed.peers import OTHERS, Peer
from labels.taxonomy import LABELS_DIR
from service.artifact import DEFAULT_ARTIFACT

N_LEAST_ROUNDS = 3
"""Rounds that even the slowest candidate gets."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured, and of which model; the tests take less of everything."""

    model: Path = DEFAULT_ARTIFACT
    labels: Path = LABELS_DIR
    n_rounds: int = 5
    budget: float = 30.0
    """CPU seconds after which a candidate sits out, once it had the least rounds."""
    n_batch: int = 10_000
    n_single: int = 2_000
    n_slow: int = 200
    """Sentences a round for candidates that need milliseconds for each."""
    n_loads: int = 7
    load_seconds: float = 3.0
    """Short and many, so that another program's work falls on all servers alike."""
    n_connections: int = 32
    n_workers: int = 3
    n_requests: int = 100
    """Requests before memory is read, so that what they leave behind counts."""
    n_terms: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    n_labels: tuple[int, ...] = (3, 10, 30, 100)
    n_rows: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    n_file_rows: tuple[int, ...] = (100_000, 1_000_000)
    n_training_sentences: int | None = None
    """Labelled sentences to train on; None takes all."""
    peers: tuple[Peer, ...] = OTHERS
    """Those beyond scikit-learn."""

    def with_rows(self, n: int) -> "Scale":
        """Return the same with up to ``n`` rows in memory and in files."""
        fewer = tuple(size for size in self.n_rows if size < n)
        fewest = min(*self.n_file_rows, max(1, n // 10))
        return replace(self, n_rows=(*fewer, n), n_file_rows=(fewest, n))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; the first row of a case is what the others are compared with.

    ``value`` is the median of the rounds, ``low`` and ``high`` are the least and the largest of
    them; NaN and a note if the system could not be measured.
    """

    case: str
    system: str
    unit: str
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""

    @classmethod
    def of(
        cls, case: str, system: str, unit: str, rounds: Sequence[float], note: str = ""
    ) -> "Row":
        """Return the row for what was measured in each round."""
        return cls(case, system, unit, statistics.median(rounds), min(rounds), max(rounds), note)


@dataclass(frozen=True, slots=True)
class Result:
    """What a subject found: rows of its table, and ratios by the name of their goal."""

    rows: list[Row]
    ratios: dict[str, float] = field(default_factory=dict)


Call = Callable[[int], int]
"""Works through the sample of a round, given its number; returns how many things it did."""


def alternate(calls: Mapping[str, Call], scale: Scale) -> dict[str, list[float]]:
    """Return the CPU seconds a thing of each candidate in each round; candidates take turns.

    A first round fills caches and is not counted.
    """
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    spent = dict.fromkeys(calls, 0.0)
    for number in range(scale.n_rounds + 1):
        for name, call in calls.items():
            if spent[name] > scale.budget and len(rounds[name]) >= N_LEAST_ROUNDS:
                continue
            start = time.process_time()
            n = call(number)
            seconds = time.process_time() - start
            spent[name] += seconds
            if number > 0:
                rounds[name].append(seconds / n)
    return rounds


def micro_rows(
    case: str,
    unit: str,
    rounds: Mapping[str, Sequence[float]],
    notes: Mapping[str, str] | None = None,
) -> list[Row]:
    """Return a row per candidate, seconds as microseconds."""
    return [
        Row.of(case, name, unit, [1e6 * seconds for seconds in values], (notes or {}).get(name, ""))
        for name, values in rounds.items()
    ]


def ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """Return how many times larger the median of the first is than that of the second."""
    return statistics.median(of) / statistics.median(to)


def machine() -> str:
    """Return processor, cores, kernel and Python in one line."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    processor = models[0] if models else platform.machine()
    return (
        f"{processor}, {n_cores()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )
