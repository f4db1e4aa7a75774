"""The whole training run, from labelled sentences to a calibrated pipeline with thresholds.

Called by ``stance train``. Reads and writes no file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.decisions import choose_threshold, fit_calibration, prevalence_weights
from training.pipeline import build_classifier, build_pipeline, build_vectorizer

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class TrainingError(ValueError):
    """A labelled set from which no model can be trained."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A fitted pipeline, calibration included, and what was learned about it out of fold.

    ``thresholds`` and ``calibration`` (slope, intercept) are in taxonomy order; ``scores``, of
    shape (n_sentences, n_labels), are out of fold and calibrated.
    """

    pipeline: Pipeline
    thresholds: tuple[float, ...]
    calibration: tuple[tuple[float, float], ...]
    scores: Floats


def n_steps(config: TrainingConfig) -> int:
    """Return how often ``train`` reports a step."""
    return config.n_folds + 2


def train(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    config: TrainingConfig,
    on_step: Callable[[str], None] = lambda step: None,
) -> TrainedModel:
    """Fit everything on ``sentences``; the same input gives the same weights.

    Raises
    ------
    TrainingError
        If a label has too few positive sentences or passages.
    DecisionError
        If the scores carry no information about a label.
    """
    truth = indicator_matrix(sentences, taxonomy)
    check_trainable(sentences, truth, taxonomy, config)
    logits = out_of_fold_logits(sentences, truth, config, on_step)
    scores = np.empty_like(logits)
    calibration, thresholds = [], []
    for column in range(truth.shape[1]):
        has_label = truth[:, column]
        weights = prevalence_weights(has_label, config.prevalence)
        slope, intercept = fit_calibration(logits[:, column], has_label, weights)
        scores[:, column] = expit(slope * logits[:, column] + intercept)
        calibration.append((slope, intercept))
        thresholds.append(choose_threshold(scores[:, column], has_label, weights))
    on_step("calibrated, thresholds chosen")
    pipeline = fit_calibrated(sentences, truth, calibration, config)
    on_step("fitted on all sentences")
    return TrainedModel(pipeline, tuple(thresholds), tuple(calibration), scores)


def indicator_matrix(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> Bools:
    """Return which sentence has which label, of shape (n_sentences, n_labels)."""
    return np.array([[label in s.labels for label in taxonomy.ids] for s in sentences], dtype=bool)


def check_trainable(
    sentences: Sequence[LabelledSentence], truth: Bools, taxonomy: Taxonomy, config: TrainingConfig
) -> None:
    """Refuse a labelled set whose folds would miss a label.

    Raises
    ------
    TrainingError
        Naming the label, what was found and what is needed.
    """
    passages = np.array([s.passage for s in sentences])
    for label, has_label in zip(taxonomy.ids, truth.T, strict=True):
        n_passages = len(set(passages[has_label]))
        if n_passages < config.n_folds:
            raise TrainingError(
                f"label {label!r} has {int(has_label.sum())} positive sentences in {n_passages} "
                f"passages; at least {config.n_folds} passages are needed. Label more sentences, "
                "or take the label out of taxonomy.json"
            )
        if has_label.all():
            raise TrainingError(f"every sentence has label {label!r}; some without it are needed")


def out_of_fold_logits(
    sentences: Sequence[LabelledSentence],
    truth: Bools,
    config: TrainingConfig,
    on_step: Callable[[str], None],
) -> Floats:
    """Return each sentence's uncalibrated logits from a model that saw nothing of its passage.

    Of shape (n_sentences, n_labels).
    """
    texts = np.array([s.text for s in sentences], dtype=object)
    passages = [s.passage for s in sentences]
    folds = GroupKFold(config.n_folds, shuffle=True, random_state=config.seed)
    logits = np.empty(truth.shape)
    for number, (seen, held_out) in enumerate(folds.split(texts, groups=passages), 1):
        vectorizer, classifier = build_vectorizer(config), build_classifier(config)
        classifier.fit(vectorizer.fit_transform(texts[seen]), truth[seen].astype(int))
        X = vectorizer.transform(texts[held_out])
        for column, decision in enumerate(classifier.estimators_):
            logits[held_out, column] = decision.decision_function(X)
        on_step(f"fold {number} of {config.n_folds}")
    return logits


def fit_calibrated(
    sentences: Sequence[LabelledSentence],
    truth: Bools,
    calibration: Sequence[tuple[float, float]],
    config: TrainingConfig,
) -> Pipeline:
    """Fit on all sentences and multiply the calibration into the weights.

    Platt's sigmoid of a linear model is a linear model, so ``predict_proba`` of the result is
    calibrated without a further step, and every term's contribution stays exact. Rounded to
    float32, the precision in which the artifact keeps them.
    """
    pipeline = build_pipeline(config).fit([s.text for s in sentences], truth.astype(int))
    for decision, (slope, shift) in zip(pipeline["labels"].estimators_, calibration, strict=True):
        decision.coef_ = (slope * decision.coef_).astype(np.float32).astype(np.float64)
        intercept = slope * decision.intercept_ + shift
        decision.intercept_ = intercept.astype(np.float32).astype(np.float64)
    return pipeline
