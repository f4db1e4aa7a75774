"""The whole training run, from labelled sentences to a calibrated pipeline with thresholds.

Called by ``stance train``. Reads and writes no file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from labels.decisions import give_labels, possible_labels
from labels.lexicon import ACTORS_FILE, Lexicon
from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from labels.terms import named, read_items
from labels.text import compose
from training.config import TrainingConfig
from training.counts import TermCounts, Weighing, count_terms, weigh
from training.decisions import (
    CurvePoint,
    choose_threshold,
    fit_calibration,
    min_known_share,
    prevalence_weights,
    threshold_curve,
    uncertain_range,
)
from training.pipeline import build_classifier

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PARALLEL_FROM = 50_000
"""Sentences from which on the folds are worth further processes, which take 1.5 s each to start.

Measured with 25,783 sentences: five folds take 4.4 s one after the other, in two processes 11 s of
CPU time.
"""


class TrainingError(ValueError):
    """A labelled set from which no model can be trained."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A fitted pipeline, calibration included, and what was learned about it out of fold.

    ``weighing`` counts and weighs the terms of the training sentences. ``thresholds``,
    ``calibration`` (slope, intercept), ``uncertain`` (the score from which a label is possible,
    that up to which its absence is) and ``curves`` are in taxonomy order. ``scores`` and
    ``given``, of shape (n_sentences, n_labels), are out of fold, the scores calibrated.
    ``min_known`` is the share of known words under which a sentence is outside the model's world.
    """

    pipeline: Pipeline
    weighing: Weighing
    thresholds: tuple[float, ...]
    calibration: tuple[tuple[float, float], ...]
    uncertain: tuple[tuple[float, float], ...]
    curves: tuple[tuple[CurvePoint, ...], ...]
    min_known: float
    scores: Floats
    given: Bools

    def label(
        self, texts: Sequence[str], taxonomy: Taxonomy, lexicon: Lexicon
    ) -> tuple[Floats, Bools]:
        """Return scores of new sentences and labels given, both of shape (n_texts, n_labels)."""
        scores: Floats = self.pipeline.predict_proba(list(texts))
        named_in = [named(read_items(compose(text), lexicon)) for text in texts]
        is_possible = possible_matrix(named_in, taxonomy)
        return scores, give_labels(scores, np.array(self.thresholds), is_possible, taxonomy)


def n_steps(config: TrainingConfig) -> int:
    """Return how often ``train`` reports a step."""
    return config.n_folds + 3


def train(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    config: TrainingConfig,
    on_step: Callable[[str], None] = lambda step: None,
) -> TrainedModel:
    """Fit everything on ``sentences``; the same input gives the same weights.

    Raises
    ------
    TrainingError
        If a label has too few positive sentences or passages, or is about nobody known.
    DecisionError
        If the scores carry no information about a label.
    """
    truth = indicator_matrix(sentences, taxonomy)
    check_trainable(sentences, truth, taxonomy, lexicon, config)
    counts = count_terms([s.text for s in sentences], lexicon, config)
    is_possible = possible_matrix(counts.named, taxonomy)
    on_step("sentences read")
    logits, known = out_of_fold(counts, sentences, truth, lexicon, config, on_step)
    scores = np.empty_like(logits)
    calibration, thresholds, uncertain, curves = [], [], [], []
    for column in range(truth.shape[1]):
        has_label, possible = truth[:, column], is_possible[:, column]
        share = taxonomy.prevalence or float(has_label.mean())
        weights = prevalence_weights(has_label, share)
        slope, intercept = fit_calibration(logits[:, column], has_label, weights)
        scores[:, column] = expit(slope * logits[:, column] + intercept)
        calibration.append((slope, intercept))
        reachable = np.where(possible, scores[:, column], 0.0)
        threshold = choose_threshold(reachable, has_label, weights)
        thresholds.append(threshold)
        curves.append(threshold_curve(reachable, has_label, weights, threshold))
        uncertain.append(uncertain_range(scores[:, column], has_label, config.error_rate))
    on_step("calibrated, thresholds chosen")
    weighing = weigh(counts, np.arange(len(sentences)), lexicon, config)
    pipeline = fit_calibrated(weighing, truth, calibration, lexicon, config)
    on_step("fitted on all sentences")
    return TrainedModel(
        pipeline,
        weighing,
        tuple(thresholds),
        tuple(calibration),
        tuple(uncertain),
        tuple(curves),
        min_known_share(known),
        scores,
        give_labels(scores, np.array(thresholds), is_possible, taxonomy),
    )


def indicator_matrix(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> Bools:
    """Return which sentence has which label, of shape (n_sentences, n_labels)."""
    return np.array([[label in s.labels for label in taxonomy.ids] for s in sentences], dtype=bool)


def possible_matrix(named_in: Sequence[set[str]], taxonomy: Taxonomy) -> Bools:
    """Return which labels sentences that name these can carry, (n_sentences, n_labels)."""
    possible = [possible_labels(names, taxonomy) for names in named_in]
    return np.array(possible, dtype=bool).reshape(len(named_in), len(taxonomy.ids))


def check_trainable(
    sentences: Sequence[LabelledSentence],
    truth: Bools,
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    config: TrainingConfig,
) -> None:
    """Refuse a labelled set whose folds would miss a label, or a label about nobody.

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
    known = {*lexicon.sides, *lexicon.third_parties}
    for entry in taxonomy.labels:
        if unknown := sorted(set(entry.about) - known):
            raise TrainingError(
                f"label {entry.id!r} is about {unknown[0]!r}, whom {ACTORS_FILE} does not name"
            )


def out_of_fold(
    counts: TermCounts,
    sentences: Sequence[LabelledSentence],
    truth: Bools,
    lexicon: Lexicon,
    config: TrainingConfig,
    on_step: Callable[[str], None],
) -> tuple[Floats, Floats]:
    """Return what models that saw nothing of a sentence's passage say of it.

    The uncalibrated logits, of shape (n_sentences, n_labels), and the share of the sentence's
    words that the model knows, of shape (n_sentences,).
    """
    passages = [s.passage for s in sentences]
    folds = GroupKFold(config.n_folds, shuffle=True, random_state=config.seed)
    splits = list(folds.split(truth, groups=passages))
    # Processes: liblinear draws from one generator a process, so threads would mix its order.
    n_jobs = min(cpu_count(), len(splits)) if len(sentences) >= PARALLEL_FROM else 1
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    fits = run(
        delayed(_score_fold)(counts, seen, held_out, truth, lexicon, config)
        for seen, held_out in splits
    )
    logits, known = np.empty(truth.shape), np.empty(len(sentences))
    for number, ((_, held_out), fold) in enumerate(zip(splits, fits, strict=True), 1):
        logits[held_out], known[held_out] = fold
        on_step(f"fold {number} of {config.n_folds}")
    return logits, known


def _score_fold(
    counts: TermCounts,
    seen: NDArray[np.intp],
    held_out: NDArray[np.intp],
    truth: Bools,
    lexicon: Lexicon,
    config: TrainingConfig,
) -> tuple[Floats, Floats]:
    """Return logits and known shares of the sentences held out."""
    weighing = weigh(counts, seen, lexicon, config)
    classifier = build_classifier(config).fit(weighing.transform(seen), truth[seen].astype(int))
    X = weighing.transform(held_out)
    logits = np.column_stack([label.decision_function(X) for label in classifier.estimators_])
    return logits, counts.known_share(weighing, held_out)


def fit_calibrated(
    weighing: Weighing,
    truth: Bools,
    calibration: Sequence[tuple[float, float]],
    lexicon: Lexicon,
    config: TrainingConfig,
) -> Pipeline:
    """Fit on all sentences and multiply the calibration into the weights.

    Platt's sigmoid of a linear model is a linear model, so ``predict_proba`` of the result is
    calibrated without a further step, and every term's contribution stays exact. Rounded to
    float32, the precision in which the artifact keeps them.
    """
    X = weighing.transform(np.arange(len(truth)))
    classifier = build_classifier(config).fit(X, truth.astype(int))
    for decision, (slope, shift) in zip(classifier.estimators_, calibration, strict=True):
        decision.coef_ = (slope * decision.coef_).astype(np.float32).astype(np.float64)
        intercept = slope * decision.intercept_ + shift
        decision.intercept_ = intercept.astype(np.float32).astype(np.float64)
    return Pipeline([("terms", weighing.vectorizer(config, lexicon)), ("labels", classifier)])


def pipeline_weights(pipeline: Pipeline) -> tuple[list[str], Floats]:
    """Return the terms of all families, and what one occurrence adds before normalisation.

    The weights, coefficients times idf and family weight, are of shape (n_terms, n_labels).
    """
    union = pipeline["terms"]
    terms, scale = [], []
    for family, vectorizer in union.transformer_list:
        terms += list(vectorizer.get_feature_names_out())
        scale.append(union.transformer_weights[family] * vectorizer.idf_)
    coefficients = np.vstack([d.coef_[0] for d in pipeline["labels"].estimators_]).T
    weights: Floats = coefficients * np.concatenate(scale)[:, None]
    return terms, weights


def explain(
    pipeline: Pipeline, taxonomy: Taxonomy, text: str, label: str
) -> tuple[tuple[str, float], ...]:
    """Return the terms of a sentence and what each adds to the logit of a label, largest first."""
    row = pipeline["terms"].transform([text]).tocsr()
    decision = pipeline["labels"].estimators_[taxonomy.ids.index(label)]
    names = pipeline["terms"].get_feature_names_out()
    parts = [
        (str(names[i]).partition("__")[2], float(value * decision.coef_[0][i]))
        for i, value in zip(row.indices, row.data, strict=True)
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part[1])))
