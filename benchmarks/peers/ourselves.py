"""Our own artifact, as a Python caller meets it: ``stance.load().score_sentences(...)``."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.training_set import Bools, Floats, Label, TrainingSet
from service.classifier import load
from training.run import run


class OtherModelError(ValueError):
    """An artifact that was not trained from the labelled set that the peers are trained on."""


def train(training: TrainingSet, model: Path) -> Label:
    """Train as ``stance train`` does and return the artifact in folder ``model``.

    Training the same sentences twice gives the same version, so the run that is timed also tells
    whether the artifact and the peers learned from the same sentences.

    Raises
    ------
    OtherModelError
        If the run gives another version than the artifact has.
    """
    classifier = load(model)
    with tempfile.TemporaryDirectory() as folder:
        arguments = (training.sentences, training.taxonomy, training.labels_dir)
        _, version = run(*arguments, Path(folder, "model"), training.config)
    if version != classifier.model.version:
        raise OtherModelError(
            f"{model}: model {classifier.model.version}, but {training.labels_dir} and this code "
            f"give {version}; train again: make train"
        )

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        answers = classifier.score_sentences(texts)
        return answers.scores, answers.counts > 0

    return label
