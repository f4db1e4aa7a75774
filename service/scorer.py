"""Score sentences in plain Python and numpy: terms to TF-IDF to logits.

Gives what scikit-learn's fitted pipeline gives, within 1e-6, without importing it. It is the
reference for ``service.compiled``, which does the same faster, and explains every score. Each
sentence is scored on its own, so an answer cannot depend on what else is in the batch.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labels.decisions import possible_labels
from labels.terms import Item, named, read_items, read_terms
from labels.text import compose
from labels.world import REASONS, known_share, reason_outside
from service.artifact import Artifact
from service.decisions import Readings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int32]


class Span(NamedTuple):
    """A stretch of the sentence and what it adds to each label's logit, of shape (n_labels,)."""

    start: int
    end: int
    contributions: Floats


class TermPart(NamedTuple):
    """A term of a family and what it adds to each label's logit, of shape (n_labels,)."""

    family: str
    text: str
    contributions: Floats


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a sentence has its logits, of shape (n_labels,).

    With the intercepts the contributions of all ``spans`` sum to them, and so do those of all
    ``terms``. ``rows`` and ``values`` are the numbers of the known terms and their normalised
    frequencies.
    """

    logits: Floats
    spans: list[Span]
    terms: list[TermPart]
    rows: Rows
    values: Floats


class Scorer:
    """Logits of sentences under one artifact; safe to share by threads.

    The terms of all families are the rows of one matrix. A row holds the term's part of each
    logit before normalisation (family weight times idf times coefficient) and, last, its squared
    idf, so that one look-up serves the sum and the norm.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._lexicon = artifact.lexicon
        self._taxonomy = artifact.taxonomy
        self._min_known = artifact.min_known
        self._row_of: dict[str, dict[str, int]] = {}
        starts = [0]
        weights = artifact.weights
        for family, block in weights.blocks.items():
            self._row_of[family] = {term: row for row, term in enumerate(block.terms, starts[-1])}
            starts.append(starts[-1] + len(block.terms))
        self._ends = np.array(starts[1:], dtype=np.int32)
        blocks = list(weights.blocks.values())
        self._terms = [term for block in blocks for term in block.terms]
        idf = np.concatenate([block.idf for block in blocks])
        weight = np.repeat([b.weight for b in blocks], [len(b.terms) for b in blocks])
        parts = (weight * idf)[:, None] * weights.coefficients
        self._rows = np.column_stack([parts, idf**2])
        self._idf = idf
        self._intercepts = weights.intercepts
        self._vocabulary = self._row_of.get("word", {})

    def read(self, sentences: Sequence[str]) -> Readings:
        """Return the scores of sentences, and whether they lie in the model's world."""
        shape = (len(sentences), len(self._intercepts))
        logits, is_possible = np.empty(shape), np.empty(shape, dtype=bool)
        known = np.empty(len(sentences))
        outside = np.empty(len(sentences), dtype=np.uint8)
        for row, sentence in enumerate(sentences):
            text = compose(sentence)
            items = read_items(text, self._lexicon)
            logits[row] = self._logits(text, items)
            is_possible[row] = possible_labels(named(items), self._taxonomy)
            known[row] = known_share(items, self._vocabulary)
            reason = reason_outside(text, items, known[row], self._min_known)
            outside[row] = REASONS.index(reason)
        return Readings(expit(logits), is_possible, known, outside)

    def _logits(self, text: str, items: Sequence[Item]) -> Floats:
        rows = [
            row_of[term]
            for family, row_of in self._row_of.items()
            for term, _ in read_terms(text, items, family, self._lexicon.side_names)
            if term in row_of
        ]
        if not rows:
            return self._intercepts
        parts, values, _, _ = self._weigh(np.array(rows, dtype=np.int32))
        return self._intercepts + values @ parts

    def explain(self, sentence: str) -> Explanation:
        """Return why a sentence has its logits.

        A term's contribution belongs in equal parts to the words and names that it rests on, and
        each of these is a span of code points of ``sentence`` as given.
        """
        text = compose(sentence)
        items = read_items(text, self._lexicon)
        found: list[tuple[int, str, tuple[int, ...]]] = []
        for family, row_of in self._row_of.items():
            for term, at in read_terms(text, items, family, self._lexicon.side_names):
                if term in row_of:
                    found.append((row_of[term], family, at))
        logits = self._intercepts.copy()
        if not found:
            return Explanation(logits, [], [], np.zeros(0, dtype=np.int32), np.zeros(0))
        rows = np.array([row for row, _, _ in found], dtype=np.int32)
        parts, values, counts, known = self._weigh(rows.copy())
        contributions = values[:, None] * parts
        terms = [
            TermPart(family, self._terms[row], contributions[i])
            for i, row in enumerate(known.tolist())
            for family in (self._family(row),)
        ]
        # What one occurrence of a term adds: its part, shared equally by its occurrences.
        each = contributions / counts[:, None]
        totals = self._share_out(found, np.searchsorted(known, rows), each, items)
        offsets = range(len(text) + 1) if text == sentence else _offsets_before_composing(sentence)
        spans = [
            Span(offsets[start], offsets[end], part)
            for (start, end), part in sorted(totals.items())
        ]
        logits += contributions.sum(axis=0)
        return Explanation(logits, spans, terms, known, values * self._idf[known])

    def _share_out(
        self,
        found: list[tuple[int, str, tuple[int, ...]]],
        index: "NDArray[np.intp]",
        each: Floats,
        items: list[Item],
    ) -> dict[tuple[int, int], Floats]:
        """Return the contribution of each span; a term without a place belongs to the whole."""
        whole = (items[0].start, items[-1].end) if items else (0, 0)
        totals: dict[tuple[int, int], Floats] = {}
        for (_, _, at), i in zip(found, index.tolist(), strict=True):
            places = [(items[k].start, items[k].end) for k in at] or [whole]
            for place in places:
                totals[place] = totals.get(place, 0.0) + each[i] / len(places)
        return totals

    def _family(self, row: int) -> str:
        return list(self._row_of)[int(self._ends.searchsorted(row, side="right"))]

    def _weigh(self, rows: Rows) -> tuple[Floats, Floats, Floats, Rows]:
        """Return, for the different rows in order, their parts, values, counts and numbers.

        ``parts``, of shape (n_terms, n_labels), hold idf, family weight and coefficients; values
        are the sublinear frequencies over the norm of their family, both of shape (n_terms,).
        """
        # What numpy.unique does, without its overhead, which is most of the cost on short arrays.
        rows.sort()
        is_first = np.empty(len(rows), dtype=bool)
        is_first[0] = True
        np.not_equal(rows[1:], rows[:-1], out=is_first[1:])
        starts = is_first.nonzero()[0]
        known = rows[starts]
        counts = np.empty(len(starts))
        np.subtract(starts[1:], starts[:-1], out=counts[:-1])
        counts[-1] = len(rows) - starts[-1]
        found = self._rows[known]
        values = 1.0 + np.log(counts)
        weighted = values * found[:, -1]
        start = 0
        for end in known.searchsorted(self._ends).tolist():
            if square := values[start:end] @ weighted[start:end]:
                values[start:end] /= math.sqrt(square)
            start = end
        return found[:, :-1], values, counts, known


def _offsets_before_composing(sentence: str) -> list[int]:
    """Return, for each position in the composed text, the position in ``sentence``.

    Composition joins a base character with the marks behind it; taking one such group after the
    other shows how long each becomes. The last entry is the length of ``sentence``.
    """
    offsets: list[int] = []
    start = 0
    for end in range(1, len(sentence) + 1):
        if end < len(sentence) and unicodedata.combining(sentence[end]):
            continue
        offsets += [start] * len(compose(sentence[start:end]))
        start = end
    return [*offsets, len(sentence)]


def expit(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
