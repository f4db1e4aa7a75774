"""The learning curve: what a model learns from parts of the labelled set, on a held-out file.

Called by ``stance curve``. Parts are whole passages, drawn evenly over the languages; each part
holds the smaller ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.metrics import Evaluation, evaluate
from training.train import indicator_matrix, train

PARTS = (0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Point:
    """One part of the labelled set and what its model does on the held-out file.

    ``by_language`` holds the same per language of the file.
    """

    part: float
    n_sentences: int
    overall: Evaluation
    by_language: dict[str, Evaluation]


def learning_curve(
    sentences: Sequence[LabelledSentence],
    held_out: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    config: TrainingConfig,
    on_step: Callable[[str], None] = lambda step: None,
) -> list[Point]:
    """Train on each part with its own thresholds and measure it on ``held_out``.

    Raises
    ------
    TrainingError
        If a part is too small to train on.
    """
    truth = indicator_matrix(held_out, taxonomy)
    documents = np.array([s.passage for s in held_out], dtype=object)
    languages = np.array([s.lang for s in held_out], dtype=object)
    points = []
    for part in PARTS:
        own = draw_part(sentences, part, config.seed)
        model = train(own, taxonomy, config, on_step)
        scores = model.pipeline.predict_proba([s.text for s in held_out])
        given = scores >= np.array(model.thresholds)
        by_language = {
            lang: evaluate(
                scores[rows], given[rows], truth[rows], list(documents[rows]), taxonomy.ids
            )
            for lang in sorted(set(languages))
            if (rows := languages == lang).any()
        }
        overall = evaluate(scores, given, truth, list(documents), taxonomy.ids, config.seed)
        points.append(Point(part, len(own), overall, by_language))
    return points


def draw_part(
    sentences: Sequence[LabelledSentence], part: float, seed: int
) -> list[LabelledSentence]:
    """Return the sentences of a share of the passages of each language, in their own order."""
    rng = np.random.default_rng(seed)
    kept: set[str] = set()
    for lang in sorted({s.lang for s in sentences}):
        passages = sorted({s.passage for s in sentences if s.lang == lang})
        order = rng.permutation(len(passages))
        n_kept = max(1, round(part * len(passages)))
        kept |= {passages[i] for i in order[:n_kept]}
    return [s for s in sentences if s.passage in kept]


def table(points: Sequence[Point]) -> Table:
    """Return the curve as a table for the terminal."""
    header, *rows = _rows(points)
    shown = Table(title="Learning curve: average precision; macro F1 with own thresholds")
    for number, heading in enumerate(header):
        shown.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        shown.add_row(*row)
    return shown


def markdown(points: Sequence[Point]) -> str:
    """Return the curve as a Markdown table."""
    header, *rows = _rows(points)
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _rows(points: Sequence[Point]) -> list[list[str]]:
    labels = [metrics.label for metrics in points[0].overall.labels]
    languages = list(points[0].by_language)
    rows = [["part", "sentences", *labels, "macro F1", *(f"macro F1 {lang}" for lang in languages)]]
    for point in points:
        precisions = [_format(m.average_precision.value) for m in point.overall.labels]
        own = [_format(point.by_language[lang].macro_f1.value) for lang in languages]
        macro = point.overall.macro_f1
        interval = f"{macro.value:.2f} [{macro.low:.2f}, {macro.high:.2f}]"
        rows.append([f"{point.part:g}", f"{point.n_sentences:,}", *precisions, interval, *own])
    return rows


def _format(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
