"""A training run beside the same steps written plainly with scikit-learn.

Plainly: a pipeline of vectoriser and classifier is cross-validated by passage, which reads all
sentences anew in every fold, and then fitted on everything. Folds, calibration and thresholds are
chosen by the same code, and both must come to the same model.
"""

import time

import numpy as np
from scipy.special import expit
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from benchmarks.processes import MeasurementError, pinned
from benchmarks.speed.material import labelled_sentences
from benchmarks.speed.measure import Result, Row, Scale
from labels.lexicon import Lexicon, read_lexicon
from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy, read_taxonomy
from training.config import TrainingConfig
from training.decisions import fit_calibration, prevalence_weights
from training.pipeline import build_classifier, build_vectorizer
from training.train import Floats, TrainedModel, indicator_matrix, train

CASE, CLOCK = "CPU time", "by the clock"
OURS, PLAIN = "`training.train`", "scikit-learn, plainly"
TOLERANCE = 1e-6


def measure(scale: Scale) -> Result:
    """Train both ways, once each.

    Raises
    ------
    MeasurementError
        If they come to other scores out of fold.
    """
    # The order of the file: the solver's path depends on it, the comparison does not.
    sentences = sorted(labelled_sentences(scale), key=lambda s: s.id)
    sentences = sentences[: scale.n_training_sentences]
    taxonomy, lexicon = read_taxonomy(scale.labels), read_lexicon(scale.labels)
    config = TrainingConfig()
    with pinned():
        start, clock = time.process_time(), time.perf_counter()
        model = train(sentences, taxonomy, lexicon, config)
        ours, ours_clock = time.process_time() - start, time.perf_counter() - clock
        start = time.process_time()
        logits = _train_plainly(sentences, taxonomy, lexicon, config)
        plain = time.process_time() - start
    difference = _difference(model, logits, sentences, taxonomy)
    if difference >= TOLERANCE:
        raise MeasurementError(f"scores out of fold differ by {difference:.1e}")
    note = f"{len(sentences):,} sentences, {config.n_folds} folds and the final fit"
    same = f"scores out of fold differ by at most {difference:.0e}"
    rows = [
        Row.of(CASE, OURS, "s", [ours], note),
        Row.of(CASE, PLAIN, "s", [plain], same),
        Row.of(CLOCK, OURS, "s", [ours_clock], "one core"),
    ]
    return Result(rows, {"straightforward": plain / ours})


def _train_plainly(
    sentences: list[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    config: TrainingConfig,
) -> Floats:
    """Return the logits out of fold, of shape (n_sentences, n_labels)."""
    texts = [sentence.text for sentence in sentences]
    truth = indicator_matrix(sentences, taxonomy)
    pipeline = Pipeline(
        [("terms", build_vectorizer(config, lexicon)), ("labels", build_classifier(config))]
    )
    folds = GroupKFold(config.n_folds, shuffle=True, random_state=config.seed)
    logits = cross_val_predict(
        pipeline,
        texts,
        truth.astype(int),
        groups=[sentence.passage for sentence in sentences],
        cv=folds,
        method="decision_function",
    )
    pipeline.fit(texts, truth.astype(int))
    return np.asarray(logits, dtype=np.float64)


def _difference(
    model: TrainedModel, logits: Floats, sentences: list[LabelledSentence], taxonomy: Taxonomy
) -> float:
    """Return the largest difference of the scores out of fold, after the same calibration."""
    truth = indicator_matrix(sentences, taxonomy)
    scores = np.empty_like(logits)
    for column in range(truth.shape[1]):
        has_label = truth[:, column]
        share = taxonomy.prevalence or float(has_label.mean())
        weights = prevalence_weights(has_label, share)
        slope, intercept = fit_calibration(logits[:, column], has_label, weights)
        scores[:, column] = expit(slope * logits[:, column] + intercept)
    return float(np.abs(scores - model.scores).max())
