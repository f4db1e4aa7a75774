"""The labelled sentences inside the artifact, to show those nearest to a new one.

``nearest.npz`` holds plain arrays: ``ids`` and ``texts`` (UTF-8, separated by line feeds),
``labels`` of shape (n_sentences, n_labels), and the normalised ``word`` and ``concept`` terms of
the sentences by column: term number i, as in ``weights.npz``, stands in the sentences
``sentence[start[i]:start[i + 1]]`` with the values ``value[start[i]:start[i + 1]]``.
"""

import io
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csc_matrix, hstack

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from training.counts import Weighing

COMPARED = ("word", "concept")
"""Families by which sentences are compared: what they say, and what it means."""


def nearest_bytes(
    sentences: Sequence[LabelledSentence], taxonomy: Taxonomy, weighing: Weighing
) -> bytes:
    """Return the content of ``nearest.npz``."""
    texts = [s.text for s in sentences]
    rows = np.arange(len(texts))
    blocks = []
    for family, columns in weighing.columns.items():
        is_compared = family in COMPARED
        empty = csc_matrix((len(texts), len(columns)))
        blocks.append(weighing.transform_family(family, rows) if is_compared else empty)
    by_term = hstack(blocks).tocsc()
    arrays = {
        "ids": _joined([s.id for s in sentences]),
        "texts": _joined([" ".join(text.split()) for text in texts]),
        "labels": np.array([[label in s.labels for label in taxonomy.ids] for s in sentences]),
        "start": by_term.indptr.astype(np.int32),
        "sentence": by_term.indices.astype(np.int32),
        "value": by_term.data.astype(np.float16),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _joined(values: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.frombuffer("\n".join(values).encode(), dtype=np.uint8)
