"""Every number that shapes the model, in one frozen object that the manifest records."""

from dataclasses import dataclass, field

from labels.lexicon import Lexicon

WITH_LEXICON = {"word": 1.0, "concept": 0.7, "presence": 0.7}
"""Families of terms and their weights for a label set with names and concept classes."""

WITHOUT_LEXICON = {"word": 0.7, "character": 1.0}
"""The same for a label set without."""

WITH_SIDES_ONLY = {"word": 1.0, "character": 1.0, "near": 1.0}
"""The same for a label set with names, but without concept classes."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Parameters of a training run.

    The defaults hold for every label set. How they were chosen stands in MODEL_CARD.md, "How
    decisions are made"; to be compared again when the set or the terms change.
    """

    C: float = 2.0
    """Inverse regularisation strength of each logistic regression."""

    min_df: int = 2
    """Sentences a term must occur in: a term seen once teaches nothing that carries over."""

    families: dict[str, float] = field(default_factory=dict)
    """Families of terms (``labels.terms``) and the weight of each, whose l2 norm is 1.

    Empty: those for what the label set has, names and concept classes or not.
    """

    n_folds: int = 5
    """Folds for the out-of-fold scores that calibration and thresholds are fitted on."""

    error_rate: float = 0.1
    """Share of the sentences with a label, and of those without, misjudged without a warning."""

    tolerance: float = 1e-6
    """Stopping tolerance of the solver."""

    max_iter: int = 2000
    """Solver iterations; not converging within them is an error."""

    seed: int = 20261122
    """Seed of the solver's coordinate order and of every bootstrap."""

    def families_for(self, lexicon: Lexicon) -> dict[str, float]:
        """Return the families of terms and their weights for a label set with this lexicon."""
        if self.families:
            return dict(self.families)
        if lexicon.concepts:
            return WITH_LEXICON
        return WITH_SIDES_ONLY if lexicon.sides else WITHOUT_LEXICON
