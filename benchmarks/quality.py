"""Quality beside peers: every one trained on the same sentences, measured on the same file.

``python -m benchmarks.quality FILE`` where FILE is labelled JSON Lines that nobody trained on. All
peers with a score get their thresholds as our own model does (``benchmarks.peers.training_set``).
Intervals are 95 % bootstrap intervals by document; the difference to ``stance`` is paired: both are
measured on the same resamples. Seconds are CPU time on one thread.

Peers beyond scikit-learn are left out if they are not installed. To install them, beside
``requirements/dev.txt``: ``pip install -r benchmarks/peers/torch.txt``, then ``pip install
--require-hashes -r requirements/peers.txt``. PyTorch stands outside the lock because its default
build brings gigabytes for graphics cards; any build of that version will do.
"""

import os

# Before numpy is imported: more than one thread would flatter whoever uses them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson

from benchmarks.peers import (
    bag_of_words,
    fast_text,
    keywords,
    ourselves,
    sentence_embeddings,
)
from benchmarks.peers.results import Outcome, as_markdown, as_rows, as_study, as_table, print_whole
from benchmarks.peers.training_set import Bools, Floats, Peer, TrainingSet
from labels.sentences import (
    LabelError,
    LabelledSentence,
    digest_of,
    read_labelled_set,
    read_sentences,
)
from labels.taxonomy import LABELS_DIR, TaxonomyError, read_taxonomy
from service.artifact import DEFAULT_ARTIFACT, ArtifactError
from training.config import TrainingConfig
from training.metrics import INTERVAL, N_RESAMPLES, Metric, evaluate
from training.report import write_between_markers
from training.studies import STUDIES_DIR, write_study
from training.train import indicator_matrix

Result = TypeVar("Result")

INSTALL = "pip install -r benchmarks/peers/torch.txt, then -r requirements/peers.txt"


def main() -> None:
    """Train, measure and print; peers whose package is missing are named and left out."""
    arguments = _parser().parse_args()
    try:
        taxonomy = read_taxonomy(arguments.labels)
        sentences = tuple(read_labelled_set(arguments.labels))
        held_out = read_sentences(arguments.file, taxonomy)
        training = TrainingSet(sentences, taxonomy, arguments.labels, TrainingConfig())
        outcomes = compare(_installed(peers(arguments.model)), training, held_out)
    except (TaxonomyError, LabelError, ArtifactError, ourselves.OtherModelError) as error:
        raise SystemExit(str(error)) from error
    if arguments.markdown:
        print(as_markdown(outcomes))
    else:
        measured = outcomes[0].evaluation
        size = f"{measured.n_sentences:,} sentences in {measured.n_documents:,} documents"
        print_whole(as_table(outcomes, f"{arguments.file.name}: {size}"))
    if arguments.write_json:
        rows = orjson.dumps(as_rows(outcomes), option=orjson.OPT_INDENT_2)
        arguments.write_json.write_bytes(rows)
    if arguments.write:
        write_between_markers(arguments.write, "peers", as_markdown(outcomes) + "\n")
    digest = digest_of(arguments.labels)
    write_study("peers", as_study(outcomes), arguments.file, digest, STUDIES_DIR)


def peers(model: Path) -> list[Peer]:
    """Return all systems; the first is ours, from the artifact in folder ``model``."""
    sklearn = ("scikit-learn",)
    return [
        Peer("stance", partial(ourselves.train, model=model)),
        Peer("scikit-learn, cut at 0.5", bag_of_words.train_at_default, sklearn),
        Peer("scikit-learn, own thresholds", bag_of_words.train_with_thresholds, sklearn),
        Peer("fastText, autotuned", fast_text.train, fast_text.PACKAGES),
        Peer("MiniLM embeddings + LR", sentence_embeddings.train, sentence_embeddings.PACKAGES),
        Peer("keyword list", keywords.train),
    ]


def compare(
    systems: Sequence[Peer], training: TrainingSet, held_out: Sequence[LabelledSentence]
) -> list[Outcome]:
    """Train and measure each system; differences are to the first one."""
    texts, documents = [s.text for s in held_out], [s.passage for s in held_out]
    truth = indicator_matrix(held_out, training.taxonomy)
    ids, seed = training.taxonomy.ids, training.config.seed
    draws = draw_documents(documents, seed)
    outcomes: list[Outcome] = []
    reference: Bools | None = None
    for system in systems:
        _report(f"{system.name} ...")
        label, training_seconds = _timed(partial(system.train, training))
        label(texts[:1])  # what is loaded at the first call is no cost of a sentence
        (scores, given), seconds = _timed(partial(label, texts))
        if reference is None:
            reference, difference = given, None
        else:
            difference = paired_difference(given, reference, truth, draws)
        outcome = Outcome(
            name=system.name,
            packages={package: _version(package) for package in system.packages},
            evaluation=evaluate(scores, given, truth, documents, ids, seed),
            difference=difference,
            microseconds=seconds / len(texts) * 1e6,
            training_seconds=training_seconds,
        )
        _report(f"{system.name}: macro F1 {outcome.evaluation.macro_f1.value:.2f}")
        outcomes.append(outcome)
    return outcomes


def draw_documents(documents: Sequence[str], seed: int) -> Floats:
    """Return how often each resample holds each sentence, of shape (n_resamples, n_sentences).

    Whole documents are drawn; the resamples are those of ``training.metrics.evaluate``.
    """
    names = sorted(set(documents))
    place = {name: number for number, name in enumerate(names)}
    share = np.full(len(names), 1 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), share, N_RESAMPLES)
    return counts.astype(np.float64)[:, [place[name] for name in documents]]


def paired_difference(given: Bools, reference: Bools, truth: Bools, draws: Floats) -> Metric:
    """Return the macro F1 of ``given`` less that of ``reference``, with its bootstrap interval.

    Parameters
    ----------
    given, reference, truth : of shape (n_sentences, n_labels)
    draws : of shape (n_resamples, n_sentences)
        From ``draw_documents``; both systems are measured on each of them.
    """
    once = np.ones((1, len(truth)))
    value = macro_f1(given, truth, once) - macro_f1(reference, truth, once)
    differences = macro_f1(given, truth, draws) - macro_f1(reference, truth, draws)
    low, high = np.nanpercentile(differences, INTERVAL)
    return Metric(float(value[0]), float(low), float(high))


def macro_f1(given: Bools, truth: Bools, draws: Floats) -> Floats:
    """Return the mean F1 over the labels that occur in each resample, of shape (n_resamples,).

    NaN for a resample in which no label occurs.
    """
    hits, n_given, n_true = draws @ (given & truth), draws @ given, draws @ truth
    occurs = n_true > 0
    f1 = np.divide(2 * hits, n_given + n_true, out=np.zeros_like(hits), where=occurs)
    n_labels = occurs.sum(axis=1)
    mean: Floats = np.where(n_labels, f1.sum(axis=1) / np.maximum(n_labels, 1), np.nan)
    return mean


def _installed(systems: Sequence[Peer]) -> list[Peer]:
    """Return the systems whose packages are installed, and name the others."""
    present = []
    for system in systems:
        missing = [package for package in system.packages if not _version(package)]
        if missing:
            _report(f"{system.name}: left out, {missing[0]} is not installed; {INSTALL}")
        else:
            present.append(system)
    return present


def _report(line: str) -> None:
    # Not to standard output, which holds the table alone.
    print(line, file=sys.stderr, flush=True)


def _timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Return what ``call`` returns and the CPU seconds it took."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def _version(package: str) -> str:
    """Return the version of an installed distribution, empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("file", type=Path, help="labelled JSON Lines, for evaluation only")
    parser.add_argument("--labels", type=Path, default=LABELS_DIR, help="folder of the label set")
    parser.add_argument("--model", type=Path, default=DEFAULT_ARTIFACT, help="our own artifact")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--write", type=Path, help="put it between this file's markers")
    parser.add_argument("--write-json", type=Path, help="write the rows to this file, too")
    return parser


if __name__ == "__main__":
    main()
