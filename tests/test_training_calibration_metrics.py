"""The metrics that only ``report.html`` shows, against values computed by hand."""

import numpy as np
import pytest

from training.calibration_metrics import (
    Bin,
    brier_score,
    expected_calibration_error,
    quantile_bins,
)
from training.confusion import confusion_of_sets


def test_expected_calibration_error_by_hand() -> None:
    scores = np.array([0.1, 0.3, 0.6, 0.9])
    truth = np.array([False, True, True, True])

    # Below 0.5: mean score 0.2, share 0.5. Above: mean score 0.75, share 1.
    assert expected_calibration_error(scores, truth, n_bins=2) == pytest.approx(
        0.5 * 0.3 + 0.5 * 0.25
    )


def test_expected_calibration_error_counts_an_edge_upwards_and_one_in_the_last_bin() -> None:
    scores, truth = np.array([0.5, 1.0]), np.array([True, True])

    assert expected_calibration_error(scores, truth, n_bins=2) == pytest.approx(0.25)


def test_brier_score_by_hand() -> None:
    scores, truth = np.array([0.5, 0.0, 0.8]), np.array([True, False, False])

    assert brier_score(scores, truth) == pytest.approx((0.25 + 0 + 0.64) / 3)


def test_calibration_of_nothing_is_undefined() -> None:
    nothing = np.array([]), np.array([], dtype=bool)

    assert np.isnan(expected_calibration_error(*nothing))
    assert np.isnan(brier_score(*nothing))
    assert quantile_bins(*nothing) == ()


def test_quantile_bins_keep_equal_scores_together() -> None:
    scores = np.array([0.9, 0.1, 0.1, 0.1, 0.5, 0.7])
    truth = np.array([True, False, True, False, False, True])

    assert quantile_bins(scores, truth, n_bins=3) == (
        Bin(pytest.approx(0.2), 4, 1),
        Bin(pytest.approx(0.8), 2, 2),
    )


def test_interval_of_a_bin_is_wilsons() -> None:
    # Newcombe (1998), table I: 81 of 263, score method without continuity correction.
    low, high = Bin(0.3, 263, 81).interval

    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_confusion_counts_true_sets_in_rows() -> None:
    truth = np.array([[0, 0], [0, 0], [1, 0], [1, 1]], dtype=bool)
    given = np.array([[0, 0], [1, 0], [1, 0], [0, 1]], dtype=bool)

    confusion = confusion_of_sets(given, truth)

    assert confusion.sets == ((), (0,), (1,), (0, 1))
    assert confusion.counts == ((1, 1, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 0))
    assert not confusion.has_rest


def test_confusion_puts_rare_sets_together() -> None:
    truth = np.array([[0, 0], [0, 0], [1, 0], [1, 1]], dtype=bool)
    given = np.array([[0, 0], [1, 0], [1, 0], [0, 1]], dtype=bool)

    confusion = confusion_of_sets(given, truth, n_sets=2)

    assert confusion.sets == ((), (0,))
    assert confusion.counts == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert confusion.has_rest
