"""One training run with its files: train, measure, write the artifact.

Called by ``stance train``.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from training.artifact import (
    CARD,
    PIPELINE,
    REPORT,
    WEIGHTS,
    pipeline_bytes,
    weights_bytes,
    write_artifact,
)
from training.config import TrainingConfig
from training.manifest import build_manifest
from training.report import Report, build_report, html, markdown
from training.train import indicator_matrix, train


def run(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    labels_dir: Path,
    out: Path,
    config: TrainingConfig,
    on_step: Callable[[str], None] = lambda step: None,
) -> tuple[Report, str]:
    """Train on ``sentences`` and write the artifact to ``out``; return the report and the version.

    Raises
    ------
    TrainingError, DecisionError
        If no model can be trained from these sentences; nothing is written.
    ArtifactWriteError
        If the artifact cannot be put in place; an older one stays.
    """
    model = train(sentences, taxonomy, config, on_step)
    truth = indicator_matrix(sentences, taxonomy)
    given = model.scores >= np.array(model.thresholds)
    title = "labelled set, out of fold"
    report = build_report(title, sentences, taxonomy, model.scores, given, truth, seed=None)
    weights = weights_bytes(model.pipeline)
    manifest = build_manifest(
        sentences, taxonomy, labels_dir, config, model, weights, report.overall
    )
    files = {
        WEIGHTS: weights,
        PIPELINE: pipeline_bytes(model.pipeline),
        CARD: f"# Model {manifest['version']}\n\n{markdown(report)}".encode(),
        REPORT: html(report).encode(),
    }
    write_artifact(out, manifest, files)
    return report, manifest["version"]
