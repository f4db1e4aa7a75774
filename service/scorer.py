"""Score one sentence: terms to TF-IDF to logits, in plain Python and numpy.

Gives what scikit-learn's fitted pipeline gives, within 1e-6, without importing it. Each sentence
is scored on its own, so an answer cannot depend on what else is in the batch.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labels.text import chunk_character_terms, chunks, compose, tokens, word_terms
from service.artifact import Artifact, Block

Floats = NDArray[np.float64]
MAX_CACHED_CHUNKS = 1 << 16
"""Words whose columns are remembered. Texts repeat their words; 65,536 cost about 25 MB."""


class Span(NamedTuple):
    """A stretch of the sentence and what it adds to each label's logit, of shape (n_labels,)."""

    start: int
    end: int
    contributions: Floats


class Scorer:
    """Logits of single sentences under one artifact."""

    def __init__(self, artifact: Artifact) -> None:
        n_word_terms = len(artifact.blocks["word"].terms)
        self._word = _BlockScorer(artifact.blocks["word"], artifact.coefficients[:n_word_terms])
        self._character = _BlockScorer(
            artifact.blocks["character"], artifact.coefficients[n_word_terms:]
        )
        self._intercepts = artifact.intercepts
        self._chunk_columns: dict[tuple[str, bool], tuple[int, ...]] = {}

    def logits(self, sentence: str) -> tuple[Floats, int]:
        """Return the logits, of shape (n_labels,), and how many different terms are known."""
        text = compose(sentence)
        words = self._word.add_up(map(self._word.column_of.get, word_terms(text)))
        characters = self._character.add_up(self._character_columns(text))
        return self._intercepts + words[0] + characters[0], words[1] + characters[1]

    def evidence(self, sentence: str) -> tuple[Floats, list[Span]]:
        """Return the logits and the spans whose contributions, with the intercepts, sum to them.

        All terms cut from one stretch of text are one span: a word (with its character terms) or
        a pair of words; inside a run of Chinese characters every term has its own. Offsets are
        code points of ``sentence`` as given.
        """
        text = compose(sentence)
        places: dict[tuple[int, int], Floats] = {}
        word_places, character_places = _word_places(text), _character_places(text)
        for block, occurrences in ((self._word, word_places), (self._character, character_places)):
            shares = block.shares(term for term, _ in occurrences)
            for term, place in occurrences:
                if (share := shares.get(term)) is not None:
                    places[place] = places.get(place, np.zeros_like(share)) + share
        offset = _offsets_before_composing(sentence) if text != sentence else None
        spans = [
            Span(*(place if offset is None else (offset[place[0]], offset[place[1]])), total)
            for place, total in sorted(places.items())
        ]
        logits = self._intercepts + sum((span.contributions for span in spans), np.zeros(1))
        return logits, spans

    def _character_columns(self, text: str) -> list[int | None]:
        columns: list[int | None] = []
        for chunk in chunks(text):
            key = (chunk.form, chunk.is_han)
            known = self._chunk_columns.get(key)
            if known is None:
                terms = chunk_character_terms(chunk.form, is_han=chunk.is_han)
                found = map(self._character.column_of.get, terms)
                known = tuple(column for column in found if column is not None)
                # Chinese runs hardly ever come back whole; remembering them would only cost.
                if not chunk.is_han and len(self._chunk_columns) < MAX_CACHED_CHUNKS:
                    self._chunk_columns[key] = known
            columns += known
        return columns


class _BlockScorer:
    """One block of terms: sublinear term frequency times idf, l2-normalised, times coefficients."""

    def __init__(self, block: Block, coefficients: Floats) -> None:
        self.column_of = {term: column for column, term in enumerate(block.terms)}
        self._idf = block.idf
        self._coefficients = np.ascontiguousarray(block.weight * coefficients)

    def add_up(self, columns: Iterable[int | None]) -> tuple[Floats, int]:
        """Return the block's part of the logits and its number of different known terms."""
        weighted = self._weigh(columns)
        if weighted is None:
            return np.zeros(self._coefficients.shape[1]), 0
        known, values = weighted[0], weighted[2]
        return values @ self._coefficients[known], len(known)

    def shares(self, terms: Iterable[str]) -> dict[str, Floats]:
        """Return, for each known term, what each of its occurrences adds to the logits."""
        names: dict[int, str] = {}
        columns = []
        for term in terms:
            if (column := self.column_of.get(term)) is not None:
                names[column] = term
                columns.append(column)
        weighted = self._weigh(columns)
        if weighted is None:
            return {}
        known, counts, values = weighted
        each = (values / counts)[:, None] * self._coefficients[known]
        return {names[int(column)]: share for column, share in zip(known, each, strict=True)}

    def _weigh(
        self, columns: Iterable[int | None]
    ) -> tuple[NDArray[np.intp], Floats, Floats] | None:
        """Return columns, counts and normalised values of the known terms; None without any."""
        counter = Counter(columns)
        counter.pop(None, None)
        if not counter:
            return None
        known = np.fromiter(counter.keys(), dtype=np.intp, count=len(counter))
        counts = np.fromiter(counter.values(), dtype=np.float64, count=len(counter))
        values = (1.0 + np.log(counts)) * self._idf[known]
        return known, counts, values / np.sqrt(values @ values)


def _word_places(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Return each word term of composed ``text`` with its place, as ``word_terms`` gives them."""
    found = tokens(text)
    places = [(token.form, (token.start, token.end)) for token in found]
    for first, second in pairwise(found):
        places.append((f"{first.form} {second.form}", (first.start, second.end)))
    return places


def _character_places(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Return each character term with its place: the word it is cut from, or its own in Chinese."""
    places = []
    for chunk in chunks(text):
        if not chunk.is_han:
            terms = chunk_character_terms(chunk.form, is_han=False)
            places += [(term, (chunk.start, chunk.end)) for term in terms]
            continue
        position: Counter[str] = Counter()
        for term in chunk_character_terms(chunk.form, is_han=True):
            at = chunk.form.index(term, position[term])
            position[term] = at + 1
            places.append((term, (chunk.start + at, chunk.start + at + len(term))))
    return places


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
