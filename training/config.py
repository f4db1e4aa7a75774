"""Every number that shapes the model, in one frozen object that the manifest records."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Parameters of a training run.

    The defaults were chosen by grouped cross-validation on the labelled set (see MODEL_CARD.md,
    "How decisions are made"); to be compared again when the set or the terms change.
    """

    C: float = 16.0
    """Inverse regularisation strength of each logistic regression."""

    min_df: int = 2
    """Sentences a term must occur in: a term seen once teaches nothing that carries over."""

    word_weight: float = 1.0
    """Weight of the block of word terms beside the character terms; each block has l2 norm 1."""

    character_weight: float = 0.7
    """Weight of the block of character terms."""

    n_folds: int = 5
    """Folds for the out-of-fold scores that calibration and thresholds are fitted on."""

    prevalence: float = 0.06
    """Share of sentences that carry one given label in text about the subject.

    Real articles carry any label on 5 to 20 % of their sentences, spread over three labels; the
    labelled set holds far more positives so that there is something to learn from. Calibration
    and thresholds weigh the out-of-fold sentences back to this share.
    """

    tolerance: float = 1e-6
    """Stopping tolerance of the solver."""

    max_iter: int = 2000
    """Solver iterations; not converging within them is an error."""

    seed: int = 20261122
    """Seed of the solver's coordinate order and of every bootstrap."""
