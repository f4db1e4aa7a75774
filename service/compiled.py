"""Score sentences with the compiled kernel; gives what ``service.scorer`` gives, faster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.kernel import NEEDS_PYTHON, ONLY_PYTHON, OUTSIDE
from labels.language import UNDETERMINED
from labels.text import compose
from service.artifact import TABLES, Artifact, ArtifactError
from service.scorer import Readings, Scorer


@dataclass(frozen=True, slots=True)
class Utf8Texts:
    """Texts in the form of an Arrow column: UTF-8 one after the other, n + 1 offsets into it."""

    content: Any
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        return bytes(self.content[self.offsets[i] : self.offsets[i + 1]]).decode()


Texts = Sequence[str] | Utf8Texts


class CompiledScorer:
    """Logits of sentences under one artifact; safe to share by threads, which it lets run.

    A text whose small letters depend on context (a Greek capital sigma, a Turkish dotted capital
    I) is left to Python, which knows the rules; ``python`` makes that scorer when it is needed.
    """

    def __init__(self, artifact: Artifact, python: Callable[[], Scorer]) -> None:
        # Here, so that this module can be imported where the kernel is not built.
        from labels.kernel._kernel import Kernel

        self._codes = (*artifact.language_codes, UNDETERMINED)
        self._python = python
        try:
            self._kernel = Kernel(artifact.tables | artifact.language)
        except ValueError as error:
            raise ArtifactError(f"{artifact.path / TABLES}: {error}; train again") from error
        bit = {name: np.uint64(1 << i) for i, name in enumerate(artifact.names)}
        about = [[bit[name] for name in label.about] for label in artifact.taxonomy.labels]
        self._about = np.array([sum(bits, start=np.uint64(0)) for bits in about], dtype=np.uint64)
        self._is_about_nobody = self._about == 0

    def read(self, sentences: Texts) -> Readings:
        """Return the logits of sentences, and whether they lie in the model's world."""
        readings, left = self._read(sentences, is_composed=False)
        if len(left):
            # Most of these only hold an accent written as two characters, or marks of a script
            # that has no composed letters.
            composed = [compose(sentences[i]) for i in left]
            again, still_left = self._read(composed, is_composed=True)
            _replace(readings, left, again)
            if len(still_left):
                rows = left[still_left]
                _replace(readings, rows, self._python().read([sentences[i] for i in rows]))
        return readings

    def identify(self, texts: Texts) -> list[str]:
        """Return the ISO 639 code of the language of each text."""
        numbers = np.empty(len(texts), dtype=np.int32)
        self._kernel.identify(_for_kernel(texts), numbers)
        return [
            self._codes[number] if number != ONLY_PYTHON else self._python().identify([texts[i]])[0]
            for i, number in enumerate(numbers.tolist())
        ]

    def _read(self, texts: Texts, *, is_composed: bool) -> tuple[Readings, NDArray[np.intp]]:
        """Return the readings, and the rows that only Python can read."""
        n = len(texts)
        logits, known = np.empty((n, len(self._about))), np.empty(n)
        outside, named = np.empty(n, dtype=np.uint8), np.empty(n, dtype=np.uint64)
        self._kernel.score(_for_kernel(texts), is_composed, logits, known, outside, named)
        left = np.flatnonzero(outside == NEEDS_PYTHON)
        outside[left] = 0
        is_possible = ((named[:, None] & self._about) != 0) | self._is_about_nobody
        reasons = [OUTSIDE[code] for code in outside.tolist()]
        return Readings(logits, is_possible, known, reasons), left


def _for_kernel(texts: Texts) -> Any:
    return (texts.content, texts.offsets) if isinstance(texts, Utf8Texts) else list(texts)


def _replace(readings: Readings, rows: NDArray[np.intp], by: Readings) -> None:
    readings.logits[rows] = by.logits
    readings.is_possible[rows] = by.is_possible
    readings.known[rows] = by.known
    for row, reason in zip(rows.tolist(), by.outside, strict=True):
        readings.outside[row] = reason
