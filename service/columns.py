"""What scoring adds to each row of a file.

Called by ``service.writers``. To a row that is one sentence:

``labels``         those given
``scores``         of each label, also where it cannot be given
``reason``         why it gets no label whatever its scores (``labels.world``); empty if they decide
``uncertain``      whether the other answer for a label is possible, too
``language``       ISO 639 code in which it was read, ``und`` if that cannot be told
``model_version``

To a text of several, whose labels are those of all its sentences and whose scores are the highest:
``sentences`` and ``counts`` (how many there are, and how many carry each label), ``outside`` and
``uncertain`` (how many have a reason, and how many are uncertain) in the place of ``reason`` and
``uncertain``. A table has one column ``score_<label>`` and ``count_<label>`` each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from labels.world import REASONS
from service.cells import to_cell
from service.decisions import TextScores

if TYPE_CHECKING:
    import pyarrow as pa

_LAST = ("uncertain", "language", "model_version")


@dataclass(frozen=True, slots=True)
class Added:
    """The added columns, every name with ``prefix`` before it.

    ``languages`` are the codes by which ``TextScores`` numbers them. ``is_text``: a row is a text
    of several sentences.
    """

    labels: tuple[str, ...]
    languages: tuple[str, ...]
    model_version: str
    is_text: bool
    prefix: str = ""

    def nested_names(self) -> list[str]:
        """Return the names of the fields of a JSON Lines row."""
        about = ["sentences", "counts", "outside"] if self.is_text else ["reason"]
        return self._named(["labels", "scores", *about, *_LAST])

    def flat_names(self) -> list[str]:
        """Return the names of the columns of a table."""
        scores = [f"score_{label}" for label in self.labels]
        counts = [f"count_{label}" for label in self.labels]
        about = ["sentences", *counts, "outside"] if self.is_text else ["reason"]
        return self._named(["labels", *scores, *about, *_LAST])

    def nested_rows(self, rows: TextScores) -> Iterator[dict[str, Any]]:
        """Yield the added fields of JSON Lines rows."""
        names = self.nested_names()
        each = zip(*(getattr(rows, field.name).tolist() for field in fields(rows)), strict=True)
        for scores, counts, n_sentences, n_outside, reason, n_uncertain, language in each:
            labels = list(compress(self.labels, counts))
            values = [labels, dict(zip(self.labels, scores, strict=True))]
            if self.is_text:
                values += [n_sentences, dict(zip(self.labels, counts, strict=True)), n_outside]
                values.append(n_uncertain)
            else:
                values += [REASONS[reason], n_uncertain > 0]
            values += [self.languages[language], self.model_version]
            yield dict(zip(names, values, strict=True))

    def flat_rows(self, rows: TextScores) -> Iterator[list[Any]]:
        """Yield the added cells of table rows, ``labels`` joined by ``|``."""
        for row in self.nested_rows(rows):
            yield [cell for value in row.values() for cell in _cells(value)]

    def columns(self, rows: TextScores) -> "pa.RecordBatch":
        """Return the added columns, ``labels`` as a list."""
        import pyarrow as pa

        given = rows.counts > 0
        starts = np.concatenate([[0], np.cumsum(given.sum(axis=1))])
        names = pa.array(self.labels, pa.string()).take(pa.array(np.nonzero(given)[1]))
        arrays = [pa.ListArray.from_arrays(pa.array(starts, pa.int32()), names)]
        arrays += [pa.array(column) for column in np.ascontiguousarray(rows.scores.T)]
        if self.is_text:
            numbers = (rows.n_sentences, *np.ascontiguousarray(rows.counts.T), rows.n_outside)
            arrays += [pa.array(column, pa.int64()) for column in numbers]
            arrays.append(pa.array(rows.n_uncertain, pa.int64()))
        else:
            arrays.append(pa.array(REASONS, pa.string()).take(pa.array(rows.reasons)))
            arrays.append(pa.array(rows.n_uncertain > 0))
        arrays.append(pa.array(self.languages, pa.string()).take(pa.array(rows.languages)))
        arrays.append(pa.repeat(pa.scalar(self.model_version, pa.string()), len(given)))
        return pa.RecordBatch.from_arrays(arrays, names=self.flat_names())

    def schema(self) -> "pa.Schema":
        """Return the names and types of ``columns``."""
        import pyarrow as pa

        scores = [pa.float64()] * len(self.labels)
        counts = [pa.int64()] * (len(self.labels) + 3)
        about = counts if self.is_text else [pa.string(), pa.bool_()]
        types = [pa.list_(pa.string()), *scores, *about, pa.string(), pa.string()]
        return pa.schema(zip(self.flat_names(), types, strict=True))

    def _named(self, names: list[str]) -> list[str]:
        return [self.prefix + name for name in names]


def _cells(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return ["|".join(value)] if isinstance(value, list) else [to_cell(value)]
