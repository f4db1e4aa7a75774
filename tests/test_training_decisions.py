"""Calibration, thresholds and the ranges in which nothing is certain."""

import numpy as np
import pytest

from training.decisions import (
    DecisionError,
    choose_threshold,
    fit_calibration,
    prevalence_weights,
    threshold_curve,
    uncertain_range,
)


def test_an_uncertain_range_holds_its_error_rate() -> None:
    rng = np.random.default_rng(1)
    has_label = rng.random(40_000) < 0.3
    scores = np.clip(rng.normal(np.where(has_label, 0.6, 0.4), 0.15), 0, 1)
    low, high = uncertain_range(scores[:20_000], has_label[:20_000], 0.1)
    new, truth = scores[20_000:], has_label[20_000:]
    assert low < high
    assert np.mean(new[truth] < low) == pytest.approx(0.1, abs=0.015)
    assert np.mean(new[~truth] > high) == pytest.approx(0.1, abs=0.015)


def test_few_sentences_leave_everything_uncertain() -> None:
    scores, has_label = np.array([0.1, 0.9]), np.array([False, True])
    assert uncertain_range(scores, has_label, 0.1) == (0.0, 1.0)


def test_weights_restore_the_stated_prevalence() -> None:
    has_label = np.array([True] * 40 + [False] * 60)
    weights = prevalence_weights(has_label, 0.05)
    assert weights.mean() == pytest.approx(1)
    assert weights[has_label].sum() / weights.sum() == pytest.approx(0.05)


def test_calibration_recovers_the_probabilities_that_drew_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    has_label = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    slope, intercept = fit_calibration(logits, has_label, np.ones(20_000))
    assert slope == pytest.approx(0.5, abs=0.02)
    assert intercept == pytest.approx(-1, abs=0.05)


def test_calibration_refuses_scores_that_say_nothing() -> None:
    logits, has_label = np.array([2.0, 1.0, -1.0, -2.0]), np.array([False, False, True, True])
    with pytest.raises(DecisionError, match="nothing was learned"):
        fit_calibration(logits, has_label, np.ones(4))


def test_the_threshold_has_the_best_f1_and_of_equal_ones_the_highest() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.2])
    has_label = np.array([True, True, False, False])
    threshold = choose_threshold(scores, has_label, np.ones(4))
    assert threshold == pytest.approx(0.75)


def test_equal_scores_are_never_cut_apart() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    has_label = np.array([True, True, False, False])
    threshold = choose_threshold(scores, has_label, np.ones(4))
    assert threshold < 0.5 or threshold > 0.5
    assert ((scores >= threshold).sum()) in (1, 3)


def test_the_curve_tells_what_each_threshold_would_give_at_the_stated_prevalence() -> None:
    scores = np.array([0.9, 0.6, 0.4, 0.0])
    has_label = np.array([True, False, True, False])
    weights = prevalence_weights(has_label, 0.1)
    curve = threshold_curve(scores, has_label, weights, threshold=0.5)
    chosen = next(point for point in curve if point.threshold == 0.5)
    # Of a tenth that carry the label half is found; of nine tenths that do not, half gets it.
    assert chosen.recall == pytest.approx(0.5)
    assert chosen.given_share == pytest.approx(0.05 + 0.45)
    assert chosen.precision == pytest.approx(0.1)
    assert curve[-1].threshold == pytest.approx(0.9)
    assert curve[-1].precision == pytest.approx(1.0)


def test_a_curve_rises_in_threshold_falls_in_recall_and_is_short() -> None:
    random = np.random.default_rng(1)
    scores, has_label = random.random(5000), random.random(5000) < 0.3
    curve = threshold_curve(scores, has_label, np.ones(5000), threshold=0.4)
    assert len(curve) <= 60
    assert [p.threshold for p in curve] == sorted({p.threshold for p in curve})
    assert [p.recall for p in curve] == sorted((p.recall for p in curve), reverse=True)
