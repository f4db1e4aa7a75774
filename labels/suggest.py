"""Choose the unlabelled sentences that would teach the model most: uncertain and diverse.

Called by ``stance labels suggest``. Knows scores, not the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labels.text import chunk_tokens, chunks_of, compose

Floats = NDArray[np.float64]

CANDIDATES_PER_SUGGESTION = 20
"""The most uncertain sentences that are looked at for each one to choose: bounds the cost."""

SIMILARITY_PENALTY = 3.0
"""What being the same as a chosen sentence costs, in logits of certainty."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A sentence of the pool: its index, and the label whose decision is least certain."""

    index: int
    label: str
    score: float
    distance: float


def suggest(
    texts: Sequence[str],
    scores: Floats,
    thresholds: Floats,
    label_ids: Sequence[str],
    n: int,
) -> list[Suggestion]:
    """Return up to ``n`` sentences, the most useful first.

    Uncertain is a score whose logit is close to that of its threshold. Labels take turns, so that
    none is forgotten, and a sentence loses worth with the tokens it shares with chosen ones.

    Parameters
    ----------
    texts : of length n_sentences
    scores : of shape (n_sentences, n_labels), in [0, 1]
    thresholds : of shape (n_labels,)

    References
    ----------
    Lewis and Gale (1994), uncertainty sampling; Carbonell and Goldstein (1998), maximal marginal
    relevance.
    """
    distance = np.abs(_logit(scores) - _logit(thresholds))
    per_label = -(-n // len(label_ids)) * CANDIDATES_PER_SUGGESTION
    queues = [
        list(np.argsort(distance[:, column], kind="stable")[:per_label])
        for column in range(len(label_ids))
    ]
    tokens = {int(i): _tokens(texts[i]) for queue in queues for i in queue}
    similarity = dict.fromkeys(tokens, 0.0)
    chosen: list[Suggestion] = []
    while len(chosen) < min(n, len(tokens)):
        column = len(chosen) % len(label_ids)
        taken = {suggestion.index for suggestion in chosen}
        open_indices = [int(i) for i in queues[column] if int(i) not in taken]
        if not open_indices:
            open_indices = [i for i in tokens if i not in taken]
        best = min(
            open_indices, key=lambda i: distance[i, column] + SIMILARITY_PENALTY * similarity[i]
        )
        chosen.append(
            Suggestion(
                best, label_ids[column], float(scores[best, column]), float(distance[best, column])
            )
        )
        for i, own in tokens.items():
            similarity[i] = max(similarity[i], _jaccard(own, tokens[best]))
    return chosen


def _logit(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities, 1e-9, 1 - 1e-9)
    result: Floats = np.log(clipped / (1 - clipped))
    return result


def _tokens(text: str) -> frozenset[str]:
    return frozenset(t for chunk in chunks_of(compose(text)) for t in chunk_tokens(chunk))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
