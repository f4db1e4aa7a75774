"""What every peer is trained on, and the one way in which thresholds of peers are chosen.

The folds, their seed, the prevalence and the choice of a threshold are those of
``training.train``: a peer is beaten, if it is, by its scores and not by a worse cut.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.decisions import choose_threshold, prevalence_weights
from training.train import indicator_matrix

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

Label = Callable[[Sequence[str]], tuple[Floats, Bools]]
"""Returns scores and labels given for texts, both of shape (n_texts, n_labels)."""

ScoreFold = Callable[[Rows, Rows], Floats]
"""Trains on the first rows and returns scores of the second, of shape (n_rows, n_labels)."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The labelled sentences that all peers get, and the folder they were read from."""

    sentences: tuple[LabelledSentence, ...]
    taxonomy: Taxonomy
    labels_dir: Path
    config: TrainingConfig

    @property
    def texts(self) -> list[str]:
        """Texts in the order of the set."""
        return [sentence.text for sentence in self.sentences]

    @property
    def truth(self) -> Bools:
        """Labels, of shape (n_sentences, n_labels)."""
        return indicator_matrix(self.sentences, self.taxonomy)

    def folds(self) -> list[tuple[Rows, Rows]]:
        """Return rows to train on and rows held out, passages whole: the folds of our own run."""
        folds = GroupKFold(self.config.n_folds, shuffle=True, random_state=self.config.seed)
        passages = [sentence.passage for sentence in self.sentences]
        return list(folds.split(passages, groups=passages))


@dataclass(frozen=True, slots=True)
class Peer:
    """A system to compare with: its name, what it needs and how it is trained.

    ``train`` is counted as its training time. ``packages`` are distributions by the name under
    which they are installed; without one of them the peer is left out.
    """

    name: str
    train: Callable[[TrainingSet], Label]
    packages: tuple[str, ...] = ()


def choose_thresholds(training: TrainingSet, score_fold: ScoreFold) -> Floats:
    """Return one threshold per label from out-of-fold scores, as our own run does."""
    truth = training.truth
    scores = np.empty(truth.shape)
    for seen, held_out in training.folds():
        scores[held_out] = score_fold(seen, held_out)
    thresholds = []
    for column in range(truth.shape[1]):
        has_label = truth[:, column]
        share = training.taxonomy.prevalence or float(has_label.mean())
        weights = prevalence_weights(has_label, share)
        thresholds.append(choose_threshold(scores[:, column], has_label, weights))
    return np.array(thresholds)
