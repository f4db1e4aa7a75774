"""Find the labelled sentences nearest to a new one.

The file is described in ``training/nearest.py``.
"""

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_SHOWN = 3


class Neighbour(NamedTuple):
    """A labelled sentence: its labels, of shape (n_labels,), and how alike it is, from 0 to 1."""

    id: str
    text: str
    labels: NDArray[np.bool_]
    similarity: float


class NearestSentences:
    """The labelled sentences of an artifact by term; ``content`` is that of ``nearest.npz``.

    ``texts`` are those of the sentences.
    """

    def __init__(self, content: memoryview) -> None:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            self._ids = _split(arrays["ids"])
            self.texts = _split(arrays["texts"])
            self._labels: NDArray[np.bool_] = arrays["labels"]
            self._start: NDArray[np.int32] = arrays["start"]
            self._sentence: NDArray[np.int32] = arrays["sentence"]
            self._value: NDArray[np.float16] = arrays["value"]
        squares = np.square(self._value.astype(np.float64))
        norms = np.sqrt(np.bincount(self._sentence, squares, minlength=len(self._ids)))
        self._norms = np.where(norms == 0, 1.0, norms)

    def find(
        self, terms: NDArray[np.int32], values: NDArray[np.float64], n: int = N_SHOWN
    ) -> list[Neighbour]:
        """Return the ``n`` most alike sentences that share a term at all, most alike first.

        Likeness is the cosine of the vectors of word and concept terms.

        Parameters
        ----------
        terms, values : of shape (n_terms,)
            Numbers of the new sentence's terms and their normalised frequencies.
        """
        totals = np.zeros(len(self._ids))
        square = 0.0
        for term, value in zip(terms.tolist(), values.tolist(), strict=True):
            start, end = self._start[term], self._start[term + 1]
            if start == end:
                continue
            square += value * value
            # A sentence stands at most once under a term, so that plain indexing adds right.
            totals[self._sentence[start:end]] += value * self._value[start:end].astype(np.float64)
        if not square:
            return []
        similarity = totals / (self._norms * np.sqrt(square))
        found = []
        # Sorting all of them costs more than everything else about evidence.
        for _ in range(min(n, len(similarity))):
            i = int(similarity.argmax())
            if similarity[i] <= 0:
                break
            likeness = min(float(similarity[i]), 1.0)
            found.append(Neighbour(self._ids[i], self.texts[i], self._labels[i], likeness))
            similarity[i] = 0
        return found


def _split(joined: NDArray[np.uint8]) -> list[str]:
    return joined.tobytes().decode().split("\n")
