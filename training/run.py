"""One training run with its files: train, measure, write the artifact.

Called by ``stance train``.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import orjson

from labels.arrays import pack_arrays
from labels.identifier import build_identifier
from labels.lexicon import read_lexicon
from labels.sentences import LabelledSentence
from labels.taxonomy import CODEBOOK_FILE, Taxonomy
from training.artifact import (
    CARD,
    CODEBOOK,
    LANGUAGE,
    LEXICON,
    NEAREST,
    PIPELINE,
    REPORT,
    TABLES,
    WEIGHTS,
    pipeline_bytes,
    weights_bytes,
    write_artifact,
)
from training.config import TrainingConfig
from training.evaluation import build_page, strongest_terms
from training.manifest import build_manifest
from training.nearest import nearest_bytes
from training.page import render_page
from training.report import Report, build_report, markdown
from training.tables import kernel_tables
from training.train import explain, indicator_matrix, pipeline_weights, train


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
    TrainingError, DecisionError, LexiconError
        If no model can be trained from these sentences; nothing is written.
    ArtifactWriteError
        If the artifact cannot be put in place; an older one stays.
    """
    lexicon = read_lexicon(labels_dir)
    model = train(sentences, taxonomy, lexicon, config, on_step)
    truth = indicator_matrix(sentences, taxonomy)
    title = "labelled set, out of fold"
    report = build_report(title, sentences, taxonomy, model.scores, model.given, truth, config.seed)
    weights = weights_bytes(model.pipeline)
    language, language_codes = build_identifier(taxonomy.languages)
    manifest = build_manifest(
        sentences,
        taxonomy,
        lexicon,
        labels_dir,
        config,
        model,
        weights,
        report.overall,
        language_codes,
    )
    files = {
        WEIGHTS: weights,
        LEXICON: orjson.dumps(lexicon.to_dict()),
        LANGUAGE: pack_arrays(language),
        NEAREST: nearest_bytes(sentences, taxonomy, model.weighing),
        PIPELINE: pipeline_bytes(model.pipeline),
        CARD: f"# Model {manifest['version']}\n\n{markdown(report)}".encode(),
        REPORT: render_page(
            build_page(
                report,
                manifest["version"],
                sentences,
                taxonomy,
                (model.scores, model.given, truth),
                dict(zip(taxonomy.ids, model.thresholds, strict=True)),
                strongest_terms(*pipeline_weights(model.pipeline), taxonomy),
                partial(explain, model.pipeline, taxonomy),
            )
        ).encode(),
    }
    if (codebook := labels_dir / CODEBOOK_FILE).exists():
        files[CODEBOOK] = codebook.read_bytes()
    if tables := kernel_tables(model, lexicon):
        files[TABLES] = pack_arrays(tables)
    write_artifact(out, manifest, files)
    return report, manifest["version"]
