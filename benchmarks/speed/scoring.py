"""Score sentences in batches and one by one: ours, the same model in scikit-learn, and peers."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np

from benchmarks.processes import MeasurementError, n_cores, pinned
from benchmarks.speed.material import labelled_sentences, take
from benchmarks.speed.measure import (
    Result,
    Row,
    Scale,
    alternate,
    micro_rows,
    ratio,
)
from benchmarks.speed.peers import FASTTEXT, STOCK, Caller, Peer
from service.artifact import read_artifact
from service.classifier import Classifier, load
from service.scorer import Scorer

UNIT = "µs a sentence"
OURS, PYTHON = "stance", "stance, Python reference"
SKLEARN = "scikit-learn, the same model"
BATCHES, SINGLY, THREADS = "in batches", "one by one", "two threads"
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class _System:
    name: str
    caller: Caller
    note: str = ""
    is_slow: bool = False


def measure(scale: Scale) -> Result:
    """Train the peers, let all take turns, compare.

    Raises
    ------
    MeasurementError
        If ours and scikit-learn give other scores for the same model.
    """
    sentences = labelled_sentences(scale)
    texts = [sentence.text for sentence in sentences]
    classifier = load(scale.model)
    systems = [*_same_model(scale, classifier, texts)]
    rows_of_absent: list[Row] = []
    for peer in (STOCK, *scale.peers):
        if peer.version:
            systems.append(_trained(peer, peer.train(sentences, classifier.taxonomy.ids)))
        else:
            absent = (
                Row(case, peer.name, UNIT, note="not installed") for case in (BATCHES, SINGLY)
            )
            rows_of_absent += absent
    notes = {system.name: system.note for system in systems}
    with pinned():
        batches = alternate(
            {s.name: _in_batches(s, texts, scale) for s in systems},
            scale,
        )
        singly = alternate({s.name: _one_by_one(s, texts, scale) for s in systems}, scale)
    rows = micro_rows(BATCHES, UNIT, batches, notes) + micro_rows(SINGLY, UNIT, singly, notes)
    ratios = {
        "batches, scikit-learn": ratio(batches[SKLEARN], batches[OURS]),
        "one by one, scikit-learn": ratio(singly[SKLEARN], singly[OURS]),
    }
    if FASTTEXT.name in batches:
        # Its call for many texts is slower than a loop over them: the better of the two counts.
        best = min(batches[FASTTEXT.name], singly[FASTTEXT.name], key=np.median)
        ratios["batches, fastText"] = ratio(best, batches[OURS])
        ratios["one by one, fastText"] = ratio(singly[FASTTEXT.name], singly[OURS])
    threads = _measure_threads(classifier, texts, scale)
    return Result(rows + rows_of_absent + threads.rows, ratios | threads.ratios)


def _same_model(scale: Scale, classifier: Classifier, texts: Sequence[str]) -> list[_System]:
    pipeline = joblib.load(scale.model / "pipeline.joblib")
    sample = take(texts, min(2_000, scale.n_batch))
    difference = float(np.abs(pipeline.predict_proba(sample) - classifier.score(sample)).max())
    if difference >= TOLERANCE:
        raise MeasurementError(f"scores differ by {difference:.1e} from those of scikit-learn")
    reference = Scorer(read_artifact(scale.model))
    same = f"scores differ by at most {difference:.0e}"
    return [
        _System(OURS, _caller(classifier.score), f"`Classifier.score`, {classifier.scorer} scorer"),
        _System(PYTHON, _caller(reference.read), "`service/scorer.py`", is_slow=True),
        _System(SKLEARN, _caller(pipeline.predict_proba), f"`pipeline.joblib`; {same}"),
    ]


def _caller(score: Callable[[list[str]], Any]) -> Caller:
    return Caller(score, lambda text: score([text]))


def _trained(peer: Peer, caller: Caller) -> _System:
    return _System(peer.name, caller, f"{peer.package} {peer.version}", peer.is_slow)


def _in_batches(system: _System, texts: Sequence[str], scale: Scale) -> Callable[[int], int]:
    n = scale.n_slow if system.is_slow else scale.n_batch

    def call(number: int) -> int:
        system.caller.many(samples[number])
        return n

    samples = [take(texts, n, number) for number in range(scale.n_rounds + 1)]
    return call


def _one_by_one(system: _System, texts: Sequence[str], scale: Scale) -> Callable[[int], int]:
    n = min(scale.n_slow, scale.n_single) if system.is_slow else scale.n_single

    def call(number: int) -> int:
        for text in samples[number]:
            system.caller.one(text)
        return n

    samples = [take(texts, n, number) for number in range(scale.n_rounds + 1)]
    return call


def _measure_threads(classifier: Classifier, texts: Sequence[str], scale: Scale) -> Result:
    """Compare one thread with two by the clock: CPU time would not show that they wait."""
    if n_cores() < 2:
        return Result([Row(THREADS, OURS, UNIT, note="not measured: one core")])
    sample = take(texts, 2 * scale.n_batch)
    halves = [sample[: scale.n_batch], sample[scale.n_batch :]]
    one: list[float] = []
    two: list[float] = []
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(classifier.score, halves))
        for _ in range(2 * scale.n_rounds):
            one.append(_clock(lambda: [classifier.score(half) for half in halves]) / len(sample))
            two.append(_clock(lambda: list(pool.map(classifier.score, halves))) / len(sample))
    rounds = {"stance, one thread": one, "stance, two threads": two}
    load = f"by the clock; {os.getloadavg()[0]:.1f} programs wanted the {n_cores()} cores"
    rows = micro_rows(THREADS, UNIT, rounds, dict.fromkeys(rounds, load))
    return Result(rows, {"two threads": ratio(one, two)})


def _clock(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
