"""From scores to labels: the rule that training, evaluation and service share."""

import numpy as np
from numpy.typing import NDArray

from labels.taxonomy import Taxonomy

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def give_labels(
    scores: Floats, thresholds: Floats, is_possible: Bools, taxonomy: Taxonomy
) -> Bools:
    """Return which labels each sentence gets.

    A label is given where its score reaches its threshold and it is possible. Where a sentence
    may carry one label only, the one furthest above its threshold, as a ratio, is given.

    Parameters
    ----------
    scores, is_possible : of shape (n_sentences, n_labels)
        Probabilities; whether the sentence names somebody whom the label is about.
    thresholds : of shape (n_labels,)
    """
    given = (scores >= thresholds) & is_possible
    if taxonomy.is_multi_label:
        return given
    ratio = np.where(given, scores / np.maximum(thresholds, np.finfo(float).tiny), -1.0)
    is_best = np.arange(scores.shape[1]) == ratio.argmax(axis=1)[:, None]
    best: Bools = given & is_best
    return best


def possible_labels(named: set[str], taxonomy: Taxonomy) -> tuple[bool, ...]:
    """Return which labels a sentence that names these sides and third parties can carry."""
    return tuple(not label.about or not named.isdisjoint(label.about) for label in taxonomy.labels)
