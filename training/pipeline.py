"""The unfitted scikit-learn pipeline: TF-IDF of two blocks of terms, one regression per label."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from labels.text import character_terms, word_terms
from training.config import TrainingConfig

BLOCKS = ("word", "character")
"""Blocks of terms in column order; each is normalised on its own."""


def build_pipeline(config: TrainingConfig) -> Pipeline:
    """Return the unfitted pipeline: ``terms`` (TF-IDF) and ``labels`` (one decision per label)."""
    return Pipeline([("terms", build_vectorizer(config)), ("labels", build_classifier(config))])


def build_vectorizer(config: TrainingConfig) -> FeatureUnion:
    """Return the unfitted union of the word block and the character block.

    The analyzers are the functions of ``labels.text``, so that a stored pipeline and the service
    cannot cut a sentence differently.
    """
    weights = {"word": config.word_weight, "character": config.character_weight}
    analyzers = {"word": word_terms, "character": character_terms}
    return FeatureUnion(
        [
            (
                block,
                TfidfVectorizer(analyzer=analyzers[block], sublinear_tf=True, min_df=config.min_df),
            )
            for block in BLOCKS
        ],
        transformer_weights=weights,
    )


def build_classifier(config: TrainingConfig) -> OneVsRestClassifier:
    """Return one unfitted logistic regression per label.

    liblinear, because its weights rounded to float32 are the same bytes over BLAS threads, CPU
    kernels and hash seeds (lbfgs at a tolerance of 1e-10 was not); dual, because it is the faster
    form when there are more terms than sentences.
    """
    return OneVsRestClassifier(
        LogisticRegression(
            C=config.C,
            solver="liblinear",
            dual=True,
            tol=config.tolerance,
            max_iter=config.max_iter,
            random_state=config.seed,
        )
    )
