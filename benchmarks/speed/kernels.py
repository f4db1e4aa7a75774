"""The kernel over tables of our own making: without terms, or with more of them than any model."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from labels.lexicon import Lexicon

Score = Callable[[list[str]], None]
"""Scores texts and throws the answers away."""


def build_kernel(
    lexicon: Lexicon,
    terms: Mapping[str, list[str]],
    weight_of: Mapping[str, float],
    coefficients: NDArray[np.float64],
) -> Score:
    """Return the kernel with these terms by family, all of idf 1.

    ``coefficients`` are of shape (n_terms of all families, n_labels). Needs the compiled kernel.
    """
    # Here, so that the other subjects run where the kernel is not built.
    from labels.kernel._kernel import Kernel
    from labels.kernel.tables import FamilyWeights, build_tables

    families = {
        name: FamilyWeights(found, np.ones(len(found)), weight_of[name])
        for name, found in terms.items()
    }
    n_labels = coefficients.shape[1]
    kernel = Kernel(build_tables(lexicon, families, coefficients, np.zeros(n_labels), 0.0))
    about = np.zeros(n_labels, dtype=np.uint64)

    def score(texts: list[str]) -> None:
        n = len(texts)
        logits, known = np.empty((n, n_labels)), np.empty(n)
        outside, possible = np.empty(n, dtype=np.uint8), np.empty((n, n_labels), dtype=bool)
        kernel.score(texts, False, about, logits, known, outside, possible)

    return score
