"""From scores and labels to the content of ``report.html``.

Called by ``training.run`` with out-of-fold scores and by ``stance evaluate`` with those of an
artifact.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labels.sentences import LabelledSentence, wording_key
from labels.taxonomy import Taxonomy
from training.page import Example, PageContent
from training.report import Report
from training.studies import read_study

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Explain = Callable[[str, str], tuple[tuple[str, float], ...]]
"""From a sentence and a label to spans with their contributions, largest first."""

N_ERRORS = 12
N_STRONGEST = 12


def build_page(
    report: Report,
    version: str,
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    outcome: tuple[Floats, Bools, Bools],
    thresholds: dict[str, float],
    strongest: dict[str, tuple[tuple[str, float], ...]],
    explain: Explain,
    studies: tuple[Path, str, Path] | None = None,
) -> PageContent:
    """Return what the page shows.

    Parameters
    ----------
    outcome : scores, labels given and labels true, each of shape (n_sentences, n_labels)
    studies : the held-out file, the digest of the labelled set and the folder of the studies
    """
    scores, given, truth = outcome
    found = {} if studies is None else {n: read_study(n, *studies) for n in _STUDIES}
    return PageContent(
        title=report.title,
        model_version=version,
        taxonomy=taxonomy,
        report=report,
        scores=scores,
        given=given,
        truth=truth,
        thresholds=thresholds,
        prevalence=taxonomy.prevalence,
        ablation=tuple((row["name"], row["values"]) for row in found.get("ablation", ())),
        curve=tuple((row["n_sentences"], row["values"]) for row in found.get("curve", ())),
        peers=tuple((row["name"], row["values"]) for row in found.get("peers", ())),
        strongest=strongest,
        errors=worst_errors(sentences, taxonomy, outcome, thresholds, explain),
    )


_STUDIES = ("ablation", "curve", "peers")


def count_seen(sentences: Sequence[LabelledSentence], learned: Iterable[str]) -> int:
    """Return how many sentences, but for case and marks, are among those learned from."""
    keys = {wording_key(text) for text in learned}
    return sum(wording_key(sentence.text) in keys for sentence in sentences)


def worst_errors(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    outcome: tuple[Floats, Bools, Bools],
    thresholds: dict[str, float],
    explain: Explain,
) -> tuple[Example, ...]:
    """Return the errors whose scores lie furthest on the wrong side of the threshold.

    Half of them are labels given in error, half labels missed, as far as there are so many.
    """
    scores, given, truth = outcome
    cuts = np.array([thresholds[label] for label in taxonomy.ids])
    distance = np.log(np.clip(scores, 1e-9, 1)) - np.log(np.clip(cuts, 1e-9, 1))
    chosen: list[tuple[int, int]] = []
    for is_wrong, order in ((given & ~truth, -distance), (truth & ~given, distance)):
        places = np.argwhere(is_wrong)
        ranked = places[np.argsort(order[is_wrong], kind="stable")]
        chosen += [(int(row), int(column)) for row, column in ranked[: N_ERRORS // 2]]
    return tuple(
        Example(
            text=sentences[row].text,
            language=sentences[row].lang,
            register=sentences[row].register,
            true=sentences[row].labels,
            given=tuple(
                i for i, is_given in zip(taxonomy.ids, given[row], strict=True) if is_given
            ),
            scores=dict(zip(taxonomy.ids, scores[row].tolist(), strict=True)),
            because=explain(sentences[row].text, taxonomy.ids[column]),
            label=taxonomy.ids[column],
        )
        for row, column in chosen
    )


def strongest_terms(
    terms: Sequence[str], weights: Floats, taxonomy: Taxonomy
) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return, by label, the terms that speak most for it and most against it.

    ``weights``, of shape (n_terms, n_labels), are the coefficients times idf and family weight.
    """
    strongest = {}
    for column, label in enumerate(taxonomy.ids):
        order = np.argsort(weights[:, column], kind="stable")
        chosen = [*order[::-1][:N_STRONGEST], *order[:N_STRONGEST][::-1]]
        strongest[label] = tuple((terms[i], float(weights[i, column])) for i in chosen)
    return strongest
