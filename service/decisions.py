"""From readings to answers: which labels, whether that is uncertain, and why there can be none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.decisions import give_labels
from labels.world import LANGUAGE_UNSUPPORTED, NOBODY_NAMED, REASONS
from service.artifact import Artifact
from service.prediction import Judgement

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Readings:
    """What the model sees in sentences.

    ``scores`` (calibrated probabilities) and ``is_possible`` (whether the sentence names somebody
    whom the label is about) are of shape (n_sentences, n_labels). Of shape (n_sentences,) are
    ``known``, the share of known words, and ``outside``: why a sentence is outside the model's
    world, as a number in ``labels.world.REASONS``.
    """

    scores: Floats
    is_possible: Bools
    known: Floats
    outside: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is decided for sentences.

    ``scores`` and ``given`` are of shape (n_sentences, n_labels), ``is_uncertain`` and ``reasons``
    (why a sentence gets no label whatever its scores, a number in ``labels.world.REASONS``) of
    shape (n_sentences,).
    """

    scores: Floats
    given: Bools
    is_uncertain: Bools
    reasons: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TextScores:
    """The answers to many texts, or to many single sentences, one a row.

    Of shape (n_texts, n_labels) are ``scores``, those of each text's highest sentence, and
    ``counts``, how many of its sentences carry a label. The others are of shape (n_texts,):
    ``n_sentences`` is 0 for a blank text; ``n_outside`` are those that get no label whatever their
    scores, ``reasons`` why (a number in ``labels.world.REASONS``; 0 for texts, whose sentences have
    one each); ``n_uncertain`` are those for which another answer is possible; ``languages`` are
    numbers in ``Classifier.languages``.
    """

    scores: Floats
    counts: NDArray[np.intp]
    n_sentences: NDArray[np.intp]
    n_outside: NDArray[np.intp]
    reasons: NDArray[np.uint8]
    n_uncertain: NDArray[np.intp]
    languages: NDArray[np.int32]

    def take(self, rows: Sequence[int]) -> "TextScores":
        """Return the answers of some rows."""
        return TextScores(*(getattr(self, field.name)[list(rows)] for field in fields(self)))


def tell_decisions(
    ids: Sequence[str], readings: Readings, decisions: Decisions
) -> Iterator[Judgement]:
    """Yield what is decided for each sentence, in Python's own objects."""
    rows = zip(
        decisions.given.tolist(),
        decisions.scores.tolist(),
        readings.is_possible.tolist(),
        readings.known.tolist(),
        decisions.reasons.tolist(),
        decisions.is_uncertain.tolist(),
        strict=True,
    )
    for given, scores, is_possible, known, reason, is_uncertain in rows:
        yield (
            tuple(compress(ids, given)),
            dict(zip(ids, scores, strict=True)),
            tuple(compress(ids, is_possible)) if reason == 0 else (),
            known,
            REASONS[reason],
            is_uncertain,
        )


def join_sentences(
    decisions: Decisions, n_sentences: NDArray[np.intp], languages: NDArray[np.int32]
) -> TextScores:
    """Return the answers to texts from the decisions for all their sentences, in order."""
    starts = np.cumsum(n_sentences) - n_sentences
    has_sentences = n_sentences > 0

    def per_text(gather: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        gathered = np.zeros((len(n_sentences), *values.shape[1:]), dtype=values.dtype)
        if len(values):
            gathered[has_sentences] = gather.reduceat(values, starts[has_sentences])
        return gathered

    return TextScores(
        scores=per_text(np.maximum, decisions.scores),
        counts=per_text(np.add, decisions.given.astype(np.intp)),
        n_sentences=n_sentences,
        n_outside=per_text(np.add, (decisions.reasons != 0).astype(np.intp)),
        reasons=np.zeros(len(n_sentences), dtype=np.uint8),
        n_uncertain=per_text(np.add, decisions.is_uncertain.astype(np.intp)),
        languages=languages,
    )


class Decider:
    """The thresholds of one artifact, and the bounds between which it is uncertain."""

    def __init__(self, artifact: Artifact) -> None:
        self._taxonomy = artifact.taxonomy
        self._thresholds = np.array(artifact.thresholds)
        self._bounds = np.array(artifact.uncertain)

    def decide(self, readings: Readings, is_supported: Bools) -> Decisions:
        """Return the decisions for sentences.

        Parameters
        ----------
        readings : Readings
        is_supported : of shape (n_sentences,)
            Whether labels are given in the sentence's language.
        """
        scores, is_possible = readings.scores, readings.is_possible
        reasons = readings.outside.copy()
        reasons[(reasons == 0) & ~is_possible.any(axis=1)] = NOBODY_NAMED
        reasons[~is_supported] = LANGUAGE_UNSUPPORTED
        is_open = reasons == 0
        given = give_labels(scores, self._thresholds, is_possible, self._taxonomy)
        low, high = self._bounds.T
        other_is_possible = np.where(given, scores <= high, scores >= low)
        is_uncertain = is_open & (is_possible & other_is_possible).any(axis=1)
        return Decisions(scores, given & is_open[:, None], is_uncertain, reasons)


class CompiledDecider(Decider):
    """The same by the compiled kernel: for a single sentence ten times faster than by numpy."""

    def __init__(self, artifact: Artifact) -> None:
        # Here, so that this module can be imported where the kernel is not built.
        from labels.kernel import _kernel

        super().__init__(artifact)
        self._decide = _kernel.decide

    def decide(self, readings: Readings, is_supported: Bools) -> Decisions:
        """Return what ``Decider.decide`` returns."""
        scores = readings.scores
        reasons = readings.outside.copy()
        given, is_uncertain = np.empty(scores.shape, dtype=bool), np.empty(len(scores), dtype=bool)
        self._decide(
            self._taxonomy.is_multi_label,
            self._thresholds,
            self._bounds,
            scores,
            readings.is_possible,
            is_supported,
            given,
            is_uncertain,
            reasons,
        )
        return Decisions(scores, given, is_uncertain, reasons)
