"""How far scores can be read as probabilities: two numbers and the bins of a diagram.

Plain functions over one label's arrays; called by ``training.page``. They change no score: that
is the part of ``training.decisions``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_WILSON_Z = 1.959964
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Sentences of similar score: their mean score, and how many of them have the label."""

    mean_score: float
    n_sentences: int
    n_true: int

    @property
    def share(self) -> float:
        """Share of the sentences that have the label."""
        return self.n_true / self.n_sentences

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share.

        References
        ----------
        Wilson (1927), "Probable inference, the law of succession, and statistical inference".
        """
        n, z2 = self.n_sentences, _WILSON_Z**2
        middle = (self.share + z2 / (2 * n)) / (1 + z2 / n)
        spread = self.share * (1 - self.share) / n + z2 / (4 * n * n)
        half = _WILSON_Z / (1 + z2 / n) * float(np.sqrt(spread))
        return max(0.0, middle - half), min(1.0, middle + half)


def expected_calibration_error(scores: Floats, truth: Bools, n_bins: int = 10) -> float:
    """Return the mean distance between score and share of the label, over bins of equal width.

    Each bin counts as often as it holds sentences. NaN without sentences.

    Parameters
    ----------
    scores : of shape (n_sentences,), in [0, 1]
    truth : of shape (n_sentences,)
    n_bins : int
        A score on the edge of two bins is in the upper one; 1 is in the last.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
    binning"; Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks".
    """
    if not len(scores):
        return float("nan")
    # Times the number of bins, as linspace's 0.3 is not the literal 0.3.
    index = np.minimum((scores * n_bins).astype(np.intp), n_bins - 1)
    gaps = np.bincount(index, weights=truth - scores, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(scores))


def brier_score(scores: Floats, truth: Bools) -> float:
    """Return the mean squared distance between score and label; NaN without sentences.

    0 is perfect. Giving every sentence the label's share ``p`` as its score has ``p * (1 - p)``.

    Parameters
    ----------
    scores : of shape (n_sentences,), in [0, 1]
    truth : of shape (n_sentences,)

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability".
    """
    return float(np.mean((scores - truth) ** 2)) if len(scores) else float("nan")


def quantile_bins(scores: Floats, truth: Bools, n_bins: int = 10) -> tuple[Bin, ...]:
    """Return bins of about equally many sentences, lowest scores first.

    Equal scores stay in one bin, so that there can be fewer than ``n_bins``.

    Parameters
    ----------
    scores : of shape (n_sentences,), in [0, 1]
    truth : of shape (n_sentences,)
    n_bins : int
    """
    if not len(scores):
        return ()
    order = np.argsort(scores, kind="stable")
    ranked, has_label = scores[order], truth[order]
    starts = np.arange(1, n_bins) * len(ranked) // n_bins
    edges = np.unique(np.searchsorted(ranked, ranked[starts], side="left"))
    return tuple(
        Bin(float(ranked[rows].mean()), len(rows), int(has_label[rows].sum()))
        for rows in np.split(np.arange(len(ranked)), edges)
        if len(rows)
    )
