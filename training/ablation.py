"""What each family of terms is worth: train without it, or with it, and measure.

Called by ``stance ablation``. Everything but the families stays as in the default configuration,
thresholds included: each variant chooses its own out of fold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labels.lexicon import Lexicon
from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from labels.terms import FAMILIES
from training.config import TrainingConfig
from training.metrics import Evaluation, evaluate
from training.train import indicator_matrix, train

KEPT = "word"
"""Never left out: the share of known words is counted by it."""

ADDED_WEIGHT = 0.7
"""Weight of a family that the default configuration does not use."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A choice of families, how it did on all held-out sentences, and its mean over languages."""

    name: str
    overall: Evaluation
    mean_f1_of_languages: float

    @property
    def mean_average_precision(self) -> float:
        """The mean over labels of the average precision."""
        return float(np.mean([m.average_precision.value for m in self.overall.labels]))


def variants(config: TrainingConfig, lexicon: Lexicon) -> dict[str, dict[str, float]]:
    """Return the families and weights of each variant by its name, the default first."""
    default = config.families_for(lexicon)
    chosen = {"as it is": dict(default)}
    for family in default:
        if family == KEPT:
            continue
        chosen[f"without {family}"] = {f: w for f, w in default.items() if f != family}
    for family in FAMILIES:
        if family not in default:
            chosen[f"with {family}"] = {**default, family: ADDED_WEIGHT}
    words_only = {"word": 1.0}
    return chosen | {
        "words only": words_only,
        "words and characters": words_only | {"character": 0.7},
    }


def ablate(
    sentences: Sequence[LabelledSentence],
    held_out: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    config: TrainingConfig,
    on_step: Callable[[str], None] = lambda step: None,
) -> list[Variant]:
    """Train every variant on ``sentences`` and measure it on ``held_out``."""
    truth = indicator_matrix(held_out, taxonomy)
    texts, documents = [s.text for s in held_out], [s.passage for s in held_out]
    languages = np.array([s.lang for s in held_out], dtype=object)
    measured = []
    for name, families in variants(config, lexicon).items():
        model = train(sentences, taxonomy, lexicon, replace(config, families=families), on_step)
        scores, given = model.label(texts, taxonomy, lexicon)
        by_language = [
            evaluate(
                scores[rows],
                given[rows],
                truth[rows],
                list(np.array(documents)[rows]),
                taxonomy.ids,
            ).macro_f1.value
            for lang in sorted(set(languages))
            if truth[rows := languages == lang].any()
        ]
        overall = evaluate(scores, given, truth, documents, taxonomy.ids, config.seed)
        measured.append(Variant(name, overall, float(np.mean(by_language))))
    return measured


def rows(measured: Sequence[Variant]) -> list[list[str]]:
    """Return the table, header first."""
    labels = [m.label for m in measured[0].overall.labels]
    header = ["terms", "macro F1", "mean over languages", "average precision"]
    table = [[*header, *(f"F1 {label}" for label in labels)]]
    for variant in measured:
        macro = variant.overall.macro_f1
        table.append(
            [
                variant.name,
                f"{macro.value:.2f} [{macro.low:.2f}, {macro.high:.2f}]",
                f"{variant.mean_f1_of_languages:.2f}",
                f"{variant.mean_average_precision:.2f}",
                *(f"{m.f1.value:.2f}" for m in variant.overall.labels),
            ]
        )
    return table


def values(measured: Sequence[Variant]) -> list[dict[str, Any]]:
    """Return the table as data for the report; higher is better everywhere."""
    return [
        {
            "name": variant.name,
            "values": {
                "macro F1": variant.overall.macro_f1.value,
                "macro F1, mean over languages": variant.mean_f1_of_languages,
                "average precision": variant.mean_average_precision,
            },
        }
        for variant in measured
    ]
