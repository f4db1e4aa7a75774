"""The sentences and the article that are scored."""

from collections.abc import Sequence

import numpy as np

from benchmarks.speed.measure import Scale
from labels.sentences import LabelledSentence, read_labelled_set

SEED = 20261122

SENTENCE = (
    "The new container terminal, built with Chinese loans, cut freight costs for growers in the "
    "valley by a third, the transport minister said on Tuesday."
)

_PARAGRAPH = (
    SENTENCE,
    "Dock workers had gone on strike twice while it was being built.",
    "Officials in Washington called the deal a trap and offered no money of their own.",
    "Nobody at the ministry would say what happens if a payment is missed.",
    "A retired admiral warned that the harbour could be closed to allied ships overnight.",
    "The opposition wants the contract published before the election.",
    "Beijing's ambassador praised the friendship of two peoples who feed each other.",
    "Rain had turned the access road to mud, and three lorries waited by the gate.",
    "Exports of cherries, copper and frozen squid rose for the fifth month in a row.",
    "Two banks in the capital have asked for the same guarantee and were refused.",
)

ARTICLE = " ".join(_PARAGRAPH * 4)
"""40 sentences, about 3,300 characters; ten that are invented, four times."""


def labelled_sentences(scale: Scale) -> list[LabelledSentence]:
    """Return the labelled set in a shuffled order that is always the same."""
    sentences = read_labelled_set(scale.labels)
    order = np.random.default_rng(SEED).permutation(len(sentences))
    return [sentences[i] for i in order]


def take(texts: Sequence[str], n: int, number: int = 0) -> list[str]:
    """Return ``n`` texts for round ``number``: others than in the round before, then again."""
    start = number * n
    return [texts[i % len(texts)] for i in range(start, start + n)]
