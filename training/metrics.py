"""Metrics of labels given to sentences, with bootstrap intervals by document.

Plain functions over arrays: they know neither model nor file. A metric that does not exist
(recall of a label that never occurs) is NaN, never 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
"""Percentiles of the bootstrap: a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A value with its 95 % bootstrap interval; ``low`` and ``high`` are NaN without one."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """What was measured for one label. ``n_true`` and ``n_given`` count sentences."""

    label: str
    n_true: int
    n_given: int
    precision: Metric
    recall: Metric
    f1: Metric
    average_precision: Metric


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics of all labels on some sentences; ``macro_f1`` is over labels that occur."""

    n_sentences: int
    n_documents: int
    labels: tuple[LabelMetrics, ...]
    macro_f1: Metric


def evaluate(
    scores: Floats,
    given: Bools,
    truth: Bools,
    documents: Sequence[str],
    label_ids: Sequence[str],
    seed: int | None = None,
) -> Evaluation:
    """Measure labels given to sentences against those of a labelled file.

    Parameters
    ----------
    scores, given, truth : of shape (n_sentences, n_labels)
        Probabilities, labels given, labels of the labelled file.
    documents : of length n_sentences
        What each sentence was taken from; the bootstrap draws whole documents, since sentences
        of one document are alike.
    label_ids : of length n_labels
    seed : int, optional
        Seed of the bootstrap. Without it no interval is computed.
    """
    n_documents = len(set(documents))
    # Drawn once for all metrics, so that their intervals speak of the same resamples.
    draws = None if seed is None else _draw_documents(documents, seed)
    f1_samples, labels = [], []
    for column, label in enumerate(label_ids):
        hit = _totals(given[:, column] & truth[:, column], draws)
        n_given, n_true = _totals(given[:, column], draws), _totals(truth[:, column], draws)
        f1 = _ratio(2 * hit, n_given + n_true, undefined=n_true == 0)
        average_precision = _average_precision(scores[:, column], truth[:, column], draws)
        f1_samples.append(f1)
        labels.append(
            LabelMetrics(
                label=label,
                n_true=int(n_true[0]),
                n_given=int(n_given[0]),
                precision=_metric(_ratio(hit, n_given)),
                recall=_metric(_ratio(hit, n_true)),
                f1=_metric(f1),
                average_precision=_metric(average_precision),
            )
        )
    macro = _mean_of_defined(np.array(f1_samples))
    return Evaluation(len(truth), n_documents, tuple(labels), _metric(macro))


def baseline_none(truth: Bools, documents: Sequence[str], label_ids: Sequence[str]) -> Evaluation:
    """Return the metrics of giving no label to any sentence."""
    nothing = np.zeros(truth.shape)
    return evaluate(nothing, nothing.astype(bool), truth, documents, label_ids)


def baseline_prevalence(
    truth: Bools, documents: Sequence[str], label_ids: Sequence[str]
) -> Evaluation:
    """Return the expected metrics of giving each label at random, as often as it occurs.

    Precision, recall, F1 and average precision then all equal the label's share of the sentences.
    """
    n_sentences = len(truth)
    labels = []
    for column, label in enumerate(label_ids):
        n_true = int(truth[:, column].sum())
        share = Metric(n_true / n_sentences if n_true else float("nan"))
        labels.append(LabelMetrics(label, n_true, n_true, share, share, share, share))
    macro = _mean_of_defined(np.array([[label.f1.value] for label in labels]))
    return Evaluation(n_sentences, len(set(documents)), tuple(labels), _metric(macro))


def _draw_documents(documents: Sequence[str], seed: int) -> Floats:
    """Return how often each resample holds each sentence, of shape (n_resamples, n_sentences)."""
    _, index = np.unique(np.asarray(documents, dtype=object).astype(str), return_inverse=True)
    n_documents = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_documents, np.full(n_documents, 1 / n_documents), N_RESAMPLES)
    return counts.astype(np.float64)[:, index]


def _totals(flags: Bools, draws: Floats | None) -> Floats:
    """Return the number of true flags in the data, then in each resample."""
    total = np.array([flags.sum()], dtype=np.float64)
    return total if draws is None else np.concatenate([total, draws[:, flags].sum(axis=1)])


def _ratio(over: Floats, under: Floats, undefined: Bools | None = None) -> Floats:
    is_undefined = under == 0 if undefined is None else undefined | (under == 0)
    return np.where(is_undefined, np.nan, over / np.where(under == 0, 1, under))


def _average_precision(scores: Floats, truth: Bools, draws: Floats | None) -> Floats:
    """Return the area under the step-wise precision-recall curve, equal scores taken together."""
    if not truth.any():
        return np.full(1 if draws is None else 1 + len(draws), np.nan)
    order = np.argsort(-scores, kind="stable")
    positives = order[truth[order]]
    # The curve steps only at scores that some positive has: `last` is the last sentence with such
    # a score, `upto` the last positive.
    cuts = np.flatnonzero(np.append(np.diff(scores[order]) < 0, True))
    n_positive = np.cumsum(truth[order])[cuts]
    is_step = np.diff(n_positive, prepend=0) > 0
    last, upto = cuts[is_step], n_positive[is_step] - 1
    values = []
    for weight in chain([np.ones(len(scores))], () if draws is None else draws):
        hits = np.cumsum(weight[positives])[upto]
        given = np.cumsum(weight[order])[last]
        if hits[-1] == 0:
            values.append(float("nan"))
            continue
        precision = np.divide(hits, given, out=np.zeros_like(hits), where=given > 0)
        values.append(float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1]))
    return np.array(values)


def _mean_of_defined(values: Floats) -> Floats:
    """Return the mean over rows of what is not NaN; NaN where nothing is defined."""
    is_defined = ~np.isnan(values)
    return _ratio(np.where(is_defined, values, 0).sum(axis=0), is_defined.sum(axis=0).astype(float))


def _metric(samples: Floats) -> Metric:
    """Return the value and its interval: the first sample is the data, the rest are resamples."""
    value, resampled = float(samples[0]), samples[1:][~np.isnan(samples[1:])]
    if not len(resampled) or np.isnan(value):
        return Metric(value)
    low, high = np.percentile(resampled, INTERVAL)
    return Metric(value, float(low), float(high))
