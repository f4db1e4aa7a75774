"""Score one sentence: terms to TF-IDF to logits, in plain Python and numpy.

Gives what scikit-learn's fitted pipeline gives, within 1e-6, without importing it. Each sentence
is scored on its own, so an answer cannot depend on what else is in the batch.
"""

import math
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labels.text import (
    CHUNK,
    chunk_character_terms,
    chunk_tokens,
    compose,
    is_han,
    place_character_terms,
    place_word_terms,
    with_pairs,
)
from service.artifact import Artifact

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]

MAX_CACHED_CHUNKS = 1 << 16
"""Words whose rows are remembered: texts repeat their words, and a server's memory stays flat."""


class Span(NamedTuple):
    """A stretch of the sentence and what it adds to each label's logit, of shape (n_labels,)."""

    start: int
    end: int
    contributions: Floats


class Scorer:
    """Logits of single sentences under one artifact; safe to share by threads.

    The terms of both blocks are the rows of one matrix, word terms first. A row holds the term's
    part of each logit before normalisation (block weight times idf times coefficient) and, last,
    its squared idf, so that one look-up serves the sum and the norm.
    """

    def __init__(self, artifact: Artifact) -> None:
        word, character = artifact.blocks["word"], artifact.blocks["character"]
        self._n_word_terms = len(word.terms)
        self._row_of_word = {term: row for row, term in enumerate(word.terms)}
        self._row_of_character = {
            term: row for row, term in enumerate(character.terms, self._n_word_terms)
        }
        idf = np.concatenate([word.idf, character.idf])
        weight = np.repeat([word.weight, character.weight], [len(word.terms), len(character.terms)])
        parts = (weight * idf)[:, None] * artifact.coefficients
        self._rows = np.column_stack([parts, idf**2])
        self._intercepts = artifact.intercepts
        self._cache: dict[str, tuple[tuple[str, ...], Rows]] = {}

    def logits(self, sentence: str) -> tuple[Floats, int]:
        """Return the logits, of shape (n_labels,), and how many different terms are known."""
        tokens: list[str] = []
        found: list[Rows] = []
        for chunk in CHUNK.findall(compose(sentence)):
            known_tokens, rows = self._cache.get(chunk) or self._read_chunk(chunk)
            tokens += known_tokens
            found.append(rows)
        found.append(_known(self._row_of_word, with_pairs(tokens)))
        rows = np.concatenate(found)
        if not len(rows):
            return self._intercepts.copy(), 0
        parts, values, _, known = self._weigh(rows)
        return self._intercepts + values @ parts, len(known)

    def evidence(self, sentence: str) -> tuple[Floats, list[Span]]:
        """Return the logits and the spans whose contributions, with the intercepts, sum to them.

        All terms cut from one stretch of text are one span: a word (with its character terms) or
        a pair of words; inside a run of Chinese characters every term has its own. Offsets are
        code points of ``sentence`` as given.
        """
        text = compose(sentence)
        places: list[tuple[int, int]] = []
        rows: list[int] = []
        for row_of, placed in (
            (self._row_of_word, place_word_terms(text)),
            (self._row_of_character, place_character_terms(text)),
        ):
            for term, start, end in placed:
                if term in row_of:
                    rows.append(row_of[term])
                    places.append((start, end))
        logits = self._intercepts.copy()
        if not rows:
            return logits, []
        parts, values, counts, known = self._weigh(np.array(rows, dtype=np.int32))
        # What one occurrence of a term adds: its part, shared equally by its occurrences.
        each = (values / counts)[:, None] * parts
        totals: dict[tuple[int, int], Floats] = {}
        for place, index in zip(places, np.searchsorted(known, rows), strict=True):
            totals[place] = totals.get(place, 0.0) + each[index]
        offsets = range(len(text) + 1) if text == sentence else _offsets_before_composing(sentence)
        spans = []
        for (start, end), contributions in sorted(totals.items()):
            spans.append(Span(offsets[start], offsets[end], contributions))
            logits += contributions
        return logits, spans

    def _read_chunk(self, chunk: str) -> tuple[tuple[str, ...], Rows]:
        """Return the tokens of a chunk and the rows of its known character terms."""
        rows = _known(self._row_of_character, chunk_character_terms(chunk))
        entry = chunk_tokens(chunk), rows
        # Chinese runs and numbers hardly ever come back; remembering them would only cost.
        is_word = not is_han(chunk) and not chunk[0].isdigit()
        if is_word and len(self._cache) < MAX_CACHED_CHUNKS:
            self._cache[chunk] = entry
        return entry

    def _weigh(self, rows: Rows) -> tuple[Floats, Floats, Floats, Rows]:
        """Return, for the different rows in order, their parts, values, counts and numbers.

        ``parts``, of shape (n_terms, n_labels), hold idf, block weight and coefficients; values
        are the sublinear frequencies over the norm of their block, both of shape (n_terms,).
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
        n_words = int(known.searchsorted(self._n_word_terms))
        for block in (slice(0, n_words), slice(n_words, None)):
            if square := values[block] @ weighted[block]:
                values[block] /= math.sqrt(square)
        return found[:, :-1], values, counts, known


def _known(row_of: dict[str, int], terms: Iterable[str]) -> Rows:
    """Return the rows of the terms that are known, with repetitions."""
    return np.array([row_of[term] for term in terms if term in row_of], dtype=np.int32)


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
