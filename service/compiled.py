"""Score many sentences by the compiled kernel: what ``service.scorer`` gives, faster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labels.identifier import LanguageIdentifier
from labels.kernel import NEEDS_PYTHON, ONLY_PYTHON
from labels.text import compose
from service.decisions import Readings
from service.kernel import TextKernel
from service.texts import MAX_SENTENCE_CHARACTERS

if TYPE_CHECKING:
    from service.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Utf8Texts:
    """Texts in the form of an Arrow column: UTF-8 one after the other, n + 1 offsets into it."""

    content: Any
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        return bytes(self.content[self.offsets[i] : self.offsets[i + 1]]).decode()


_NO_ROWS = np.zeros(0, dtype=np.intp)

Texts = Sequence[str] | Utf8Texts


class CompiledScorer:
    """Readings of sentences, as arrays; safe to share by threads, which it lets run.

    A text whose small letters depend on context (a Greek capital sigma, a Turkish dotted capital
    I) is left to Python, which knows the rules; ``python`` makes that scorer when it is needed.
    """

    def __init__(
        self,
        text_kernel: TextKernel,
        identifier: LanguageIdentifier,
        python: "Callable[[], Scorer]",
    ) -> None:
        self._kernel, self._about = text_kernel.kernel, text_kernel.about
        self._n_labels = len(self._about)
        self._identifier = identifier
        self._python = python

    def read(self, sentences: Texts) -> Readings:
        """Return the scores of sentences, and whether they lie in the model's world."""
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

    def score(self, sentences: list[str]) -> NDArray[np.float64] | None:
        """Return the scores alone, of shape (n_sentences, n_labels); for few sentences faster.

        None if one of them must be looked at first: it is no text, or too long for a sentence, or
        holds what the kernel does not read, combining marks among it.
        """
        scores = np.empty((len(sentences), self._n_labels))
        try:
            n_left = self._kernel.score(
                sentences, False, self._about, scores, None, None, None, MAX_SENTENCE_CHARACTERS
            )
        except (TypeError, UnicodeEncodeError):
            return None
        return None if n_left else scores

    def identify(self, texts: Texts) -> NDArray[np.int32]:
        """Return the number of each text's language in ``codes``, -1 for ``und``."""
        numbers = np.empty(len(texts), dtype=np.int32)
        if self._kernel.identify(_for_kernel(texts), numbers):
            for i in np.flatnonzero(numbers == ONLY_PYTHON).tolist():
                numbers[i] = self._identifier.number(texts[i])
        return numbers

    def _read(self, texts: Texts, *, is_composed: bool) -> tuple[Readings, NDArray[np.intp]]:
        """Return the readings, and the rows that only Python can read."""
        n, n_labels = len(texts), self._n_labels
        scores, known = np.empty((n, n_labels)), np.empty(n)
        outside, is_possible = np.empty(n, dtype=np.uint8), np.empty((n, n_labels), dtype=bool)
        n_left = self._kernel.score(
            _for_kernel(texts), is_composed, self._about, scores, known, outside, is_possible
        )
        left = np.flatnonzero(outside == NEEDS_PYTHON) if n_left else _NO_ROWS
        return Readings(scores, is_possible, known, outside), left


def _for_kernel(texts: Texts) -> Any:
    if isinstance(texts, Utf8Texts):
        return texts.content, texts.offsets
    return texts if isinstance(texts, list) else list(texts)


def _replace(readings: Readings, rows: NDArray[np.intp], by: Readings) -> None:
    readings.scores[rows] = by.scores
    readings.is_possible[rows] = by.is_possible
    readings.known[rows] = by.known
    readings.outside[rows] = by.outside
