"""From out-of-fold logits to calibrated probabilities and one threshold per label.

Called by ``training.train``. Works at a stated prevalence: the labelled set holds many more
positives than real text, and a score calibrated to the set would promise too much outside it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class DecisionError(ValueError):
    """Scores from which no calibration or threshold can be fitted."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What one threshold would give: shares in [0, 1] at the stated prevalence."""

    threshold: float
    precision: float
    recall: float
    given_share: float


def prevalence_weights(has_label: Bools, prevalence: float) -> Floats:
    """Return one weight per sentence, of mean 1, under which ``prevalence`` carry the label.

    Raises
    ------
    DecisionError
        If all or none of the sentences have the label.
    """
    share = float(has_label.mean())
    if not 0 < share < 1:
        raise DecisionError(
            f"{int(has_label.sum())} of {len(has_label)} sentences have the label; "
            "some, not all, must"
        )
    return np.where(has_label, prevalence / share, (1 - prevalence) / (1 - share))


def fit_calibration(logits: Floats, has_label: Bools, weights: Floats) -> tuple[float, float]:
    """Return slope and intercept of Platt's sigmoid, ``p = expit(slope * logit + intercept)``.

    Targets are smoothed as in the source, which keeps a separable set from an infinite slope.
    Rounded to six decimals: the optimiser's last digits differ between machines, the artifact
    must not.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines"; Lin, Lin and Weng (2007).
    """
    n_positive, n_negative = int(has_label.sum()), int((~has_label).sum())
    target = np.where(has_label, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * logits + parameters[1]
        error = weights * (expit(z) - target)
        value = float(np.sum(weights * (np.logaddexp(0, z) - target * z)))
        return value, np.array([np.sum(error * logits), np.sum(error)])

    start = np.array([1.0, 0.0])
    fitted = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7 * len(logits)})
    slope, intercept = (round(float(value), 6) for value in fitted.x)
    if slope <= 0:
        raise DecisionError(
            "the out-of-fold scores do not rise with the label: nothing was learned"
        )
    return slope, intercept


def choose_threshold(scores: Floats, has_label: Bools, weights: Floats) -> float:
    """Return the threshold with the best weighted F1; of equal ones the highest.

    The highest gives the fewest labels, as codebook rule 12 asks in case of doubt.

    Parameters
    ----------
    scores : of shape (n_sentences,), in [0, 1]
        Out of fold: no sentence was in the data that its own score was fitted on.
    has_label : of shape (n_sentences,)
    weights : of shape (n_sentences,)
        From ``prevalence_weights``.

    Returns
    -------
    float
        Rounded to four decimals. A score equal to it gives the label.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, weight, positive = scores[order], weights[order], has_label[order]
    true_positives = np.cumsum(weight * positive)
    given = np.cumsum(weight)
    f1 = 2 * true_positives / (given + np.sum(weight * positive))
    # A cut can only lie after the last of several equal scores.
    is_cut = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.argmax(np.where(is_cut, f1, -1.0)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return round(float((ranked[best] + below) / 2), 4)


def threshold_curve(
    scores: Floats, has_label: Bools, weights: Floats, threshold: float, max_points: int = 60
) -> tuple[CurvePoint, ...]:
    """Return what other thresholds would give, in rising order; one of them is ``threshold``.

    The thresholds lie at even steps of recall, where the choice is, not at even steps of score.
    A threshold of 0 is left out: it would give every label. Parameters as in ``choose_threshold``.
    """
    steps = np.quantile(scores[has_label], np.linspace(0, 1, max_points - 1))
    # Rounded down, so that at least the sentence whose score it is gets the label.
    cuts = np.unique(np.append(np.floor(steps * 1e4) / 1e4, threshold))
    positive = weights * has_label
    points = []
    for cut in cuts[cuts > 0]:
        is_given = scores >= cut
        given, hits = weights[is_given].sum(), positive[is_given].sum()
        points.append(
            CurvePoint(
                round(float(cut), 4),
                round(float(hits / given), 4),
                round(float(hits / positive.sum()), 4),
                round(float(given / weights.sum()), 4),
            )
        )
    return tuple(points)


def uncertain_range(scores: Floats, has_label: Bools, error_rate: float) -> tuple[float, float]:
    """Return the scores from which a label is possible, and up to which its absence is.

    Split-conformal, one label at a time and separately for sentences with and without it: at most
    ``error_rate`` of the sentences with the label score lower than the first number, at most
    ``error_rate`` of those without it higher than the second. That holds for sentences drawn like
    those that were scored. A decision is uncertain where the other one is possible.

    Parameters
    ----------
    scores, has_label : of shape (n_sentences,)
        Out of fold.
    error_rate : float
        Between 0 and 1.

    References
    ----------
    Vovk, Gammerman and Shafer (2005), "Algorithmic Learning in a Random World", chapter 4
    (label-conditional conformal prediction).
    """
    with_label, without = np.sort(scores[has_label]), np.sort(scores[~has_label])
    # The k-th smallest of n calibration scores bounds a new one with probability k / (n + 1).
    k_low = int(np.floor(error_rate * (len(with_label) + 1)))
    k_high = int(np.ceil((1 - error_rate) * (len(without) + 1)))
    low = with_label[k_low - 1] if k_low >= 1 else 0.0
    high = without[k_high - 1] if k_high <= len(without) else 1.0
    return round(float(low), 6), round(float(high), 6)


def min_known_share(known: Floats, share_outside: float = 0.005) -> float:
    """Return the share of known words under which a sentence is outside the model's world.

    All but ``share_outside`` of the out-of-fold sentences, of shape (n_sentences,), are inside.
    """
    return round(float(np.quantile(known, share_outside)), 4)
