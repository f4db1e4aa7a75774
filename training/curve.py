"""The learning curve: what a model learns from parts of the labelled set, on a held-out file.

Called by ``stance curve``. Parts are whole passages, drawn evenly over the languages; each part
holds the smaller ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labels.lexicon import Lexicon
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
    lexicon: Lexicon,
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
        model = train(own, taxonomy, lexicon, config, on_step)
        scores, given = model.label([s.text for s in held_out], taxonomy, lexicon)
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


def rows(points: Sequence[Point]) -> list[list[str]]:
    """Return the curve as a table, header first."""
    labels = [metrics.label for metrics in points[0].overall.labels]
    languages = list(points[0].by_language)
    table = [
        ["part", "sentences", *labels, "macro F1", *(f"macro F1 {lang}" for lang in languages)]
    ]
    for point in points:
        precisions = [_format(m.average_precision.value) for m in point.overall.labels]
        own = [_format(point.by_language[lang].macro_f1.value) for lang in languages]
        macro = point.overall.macro_f1
        interval = f"{macro.value:.2f} [{macro.low:.2f}, {macro.high:.2f}]"
        table.append([f"{point.part:g}", f"{point.n_sentences:,}", *precisions, interval, *own])
    return table


def values(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the curve as data for the report: average precision per label."""
    return [
        {
            "n_sentences": point.n_sentences,
            "values": {m.label: m.average_precision.value for m in point.overall.labels},
        }
        for point in points
    ]


def _format(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
