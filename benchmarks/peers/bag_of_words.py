"""scikit-learn as its documentation shows it: TF-IDF of words, one logistic regression a label.

Defaults everywhere but for the range of words. So a Chinese clause is one word, and "U.S." none.
"""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.peers.training_set import (
    Bools,
    Floats,
    Label,
    Rows,
    TrainingSet,
    choose_thresholds,
)

WORDS = (1, 2)
"""Shortest and longest run of words that is a term."""

DEFAULT_THRESHOLD = 0.5


def train_at_default(training: TrainingSet) -> Label:
    """Return the fitted model cut where ``predict`` cuts."""
    pipeline = _fit(training.texts, training.truth)

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        scores: Floats = pipeline.predict_proba(list(texts))
        return scores, scores >= DEFAULT_THRESHOLD

    return label


def train_with_thresholds(training: TrainingSet) -> Label:
    """Return the fitted model cut at thresholds chosen out of fold."""
    texts, truth = training.texts, training.truth

    def score_fold(seen: Rows, held_out: Rows) -> Floats:
        pipeline = _fit([texts[row] for row in seen], truth[seen])
        scores: Floats = pipeline.predict_proba([texts[row] for row in held_out])
        return scores

    thresholds = choose_thresholds(training, score_fold)
    pipeline = _fit(texts, truth)

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        scores: Floats = pipeline.predict_proba(list(texts))
        return scores, scores >= thresholds

    return label


def _fit(texts: Sequence[str], truth: Bools) -> Pipeline:
    terms = TfidfVectorizer(ngram_range=WORDS)
    pipeline: Pipeline = make_pipeline(terms, OneVsRestClassifier(LogisticRegression()))
    return pipeline.fit(texts, truth.astype(int))
