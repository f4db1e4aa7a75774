"""Which label sets are taken for which others: a table of counts.

Called by ``training.page``.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
LabelSet = tuple[int, ...]

N_SETS = 8


@dataclass(frozen=True, slots=True)
class Confusion:
    """Sentences by true label set (row) and given label set (column).

    A set is the column numbers of its labels; the empty one is "no label". ``has_rest`` tells
    whether the last row and column, beyond ``sets``, count all other sets.
    """

    sets: tuple[LabelSet, ...]
    counts: tuple[tuple[int, ...], ...]
    has_rest: bool


def confusion_of_sets(given: Bools, truth: Bools, n_sets: int = N_SETS) -> Confusion:
    """Count sentences by true and by given label set, the most frequent sets first.

    Parameters
    ----------
    given, truth : of shape (n_sentences, n_labels)
    n_sets : int
        Sets that get a row of their own, by how often they are true or given.
    """
    pairs = Counter(zip(_sets(truth), _sets(given), strict=True))
    frequency: Counter[LabelSet] = Counter()
    for pair, n in pairs.items():
        for label_set in pair:
            frequency[label_set] += n
    ranked = sorted(frequency, key=lambda label_set: (-frequency[label_set], label_set))
    shown = sorted(ranked[:n_sets], key=lambda label_set: (len(label_set), label_set))
    place = {label_set: index for index, label_set in enumerate(shown)}
    has_rest = len(ranked) > n_sets
    counts = np.zeros((len(shown) + has_rest,) * 2, dtype=int)
    for (true_set, given_set), n in pairs.items():
        counts[place.get(true_set, len(shown)), place.get(given_set, len(shown))] += n
    return Confusion(tuple(shown), tuple(tuple(row) for row in counts.tolist()), has_rest)


def _sets(flags: Bools) -> list[LabelSet]:
    return [tuple(int(column) for column in np.flatnonzero(row)) for row in flags]
