"""Count the terms of a labelled set once, and weigh them for any part of it.

Reading sentences costs most of a training run; every fold and the final fit share one reading.
The weights are those of scikit-learn's ``TfidfVectorizer`` fitted on the same sentences (tested).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from labels.lexicon import Lexicon
from labels.occurrences import Occurrences, read_occurrences
from labels.terms import FAMILIES
from labels.text import compose
from training.config import TrainingConfig
from training.pipeline import build_vectorizer

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TermCounts:
    """Per family the terms in order and how often each sentence holds them; whom each names."""

    named: list[set[str]]
    terms: dict[str, "NDArray[np.object_]"]
    counts: dict[str, csr_matrix]

    def known_share(self, weighing: "Weighing", rows: Rows) -> NDArray[np.float64]:
        """Return the share of the words of some sentences that a weighing knows.

        As ``labels.world.known_share`` does, from counts.
        """
        is_word = np.array([" " not in term for term in self.terms["word"]])
        is_kept = np.zeros(len(is_word), dtype=bool)
        is_kept[weighing.columns["word"]] = True
        words = self.counts["word"][rows]
        n_known = np.asarray(words[:, is_word & is_kept].sum(axis=1)).ravel()
        n_words = np.asarray(words[:, is_word].sum(axis=1)).ravel()
        shares: NDArray[np.float64] = np.divide(
            n_known, n_words, out=np.zeros(len(rows)), where=n_words > 0
        )
        return shares


@dataclass(frozen=True, slots=True)
class Weighing:
    """Which terms are kept and what each weighs, learned from some of the sentences."""

    counts: TermCounts
    weights: dict[str, float]
    columns: dict[str, Rows]
    transformers: dict[str, TfidfTransformer]

    def transform(self, rows: Rows) -> csr_matrix:
        """Return the weighted terms of some sentences, of shape (n_rows, n_terms)."""
        blocks = [w * self.transform_family(family, rows) for family, w in self.weights.items()]
        return hstack(blocks).tocsr()

    def transform_family(self, family: str, rows: Rows) -> csr_matrix:
        """Return the normalised terms of one family, not yet times its weight."""
        counts = self.counts.counts[family][rows][:, self.columns[family]]
        return self.transformers[family].transform(counts)

    def vectorizer(self, config: TrainingConfig, lexicon: Lexicon) -> FeatureUnion:
        """Return the same weighing as a fitted scikit-learn vectoriser."""
        union = build_vectorizer(config, lexicon)
        fitted = []
        for family, unfitted in union.transformer_list:
            terms = self.counts.terms[family][self.columns[family]]
            # Given as a parameter, the vocabulary needs no second reading of the sentences.
            vectorizer = TfidfVectorizer(
                **unfitted.get_params() | {"vocabulary": {t: i for i, t in enumerate(terms)}}
            )
            # In the precision of the artifact, so that every scorer reads the same number.
            vectorizer.idf_ = self.transformers[family].idf_.astype(np.float32).astype(np.float64)
            fitted.append((family, vectorizer))
        return FeatureUnion(fitted, transformer_weights=union.transformer_weights)


def count_terms(texts: Sequence[str], lexicon: Lexicon, config: TrainingConfig) -> TermCounts:
    """Return the terms of all families in ``texts``."""
    weights = config.families_for(lexicon)
    families = [family for family in FAMILIES if family in weights]
    reading = read_occurrences([compose(text) for text in texts], lexicon, families)
    terms, counts = {}, {}
    for family, found in reading.families.items():
        terms[family], counts[family] = _count(found, len(texts))
    return TermCounts(reading.named, terms, counts)


def _count(found: Occurrences, n_texts: int) -> tuple["NDArray[np.object_]", csr_matrix]:
    """Return terms in order and their counts; rows in that order, whoever read the texts."""
    terms = np.array(found.terms, dtype=object)
    order = np.argsort(terms, kind="stable")
    column = np.empty_like(order)
    column[order] = np.arange(len(order))
    ones = np.ones(len(found.numbers), dtype=np.int64)
    places = (found.texts, column[found.numbers])
    return terms[order], csr_matrix((ones, places), shape=(n_texts, len(terms)))


def weigh(counts: TermCounts, rows: Rows, lexicon: Lexicon, config: TrainingConfig) -> Weighing:
    """Keep the terms that enough of the sentences ``rows`` hold, and learn their idf."""
    columns, transformers = {}, {}
    for family, matrix in counts.counts.items():
        seen = matrix[rows]
        n_sentences_with = np.bincount(seen.indices, minlength=seen.shape[1])
        columns[family] = np.flatnonzero(n_sentences_with >= config.min_df)
        transformer = TfidfTransformer(sublinear_tf=True)
        transformers[family] = transformer.fit(seen[:, columns[family]])
    weights = config.families_for(lexicon)
    return Weighing(counts, {f: weights[f] for f in columns}, columns, transformers)
