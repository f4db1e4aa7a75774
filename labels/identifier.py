"""The language identifier, as arrays, and how they are made; ``labels.language`` is the door.

The model is py3langid's: an automaton over the bytes of a text, whose states stand for features,
and a weight per feature and language. Here it is cut down to the languages that ours could be
mistaken for and kept as plain arrays inside the artifact, so that a service neither parses nor
holds the whole. ``labels/kernel/language.c`` does the same, faster; tests hold both equal.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.language import UNDETERMINED
from labels.text import compose

SAMPLE_CHARACTERS = 1000
"""Code points that are looked at: more changes no answer and costs time."""

GLANCE_CHARACTERS = 60
GLANCE_CERTAIN = 0.8
GLANCE_LIMIT = 400
"""A text of up to 400 code points is first looked at by its beginning.

Most sentences are certain then, at half the cost, and none is told otherwise than by its whole
(tests/test_labels_language.py). A longer text may begin with a headline in another language and is
looked at whole.
"""

CERTAIN = 0.5
"""From this probability on, a language we do not support is believed.

Below it the best supported language is taken, since short and formulaic sentences are often
given to a relative (Galician for Spanish, Nigerian Pidgin for English).
"""

GUESS = 0.05
"""Below this probability even the best supported language is a guess: ``und``."""

_SAME_AS = {"wuu": "zh", "yue": "zh"}
# Neighbours and scripts that our six could be mistaken for. All 139 cost more a sentence
# and change no answer on the languages people send (tests/test_labels_language.py).
_KNOWN = (  # noqa: SIM905 (sixty quoted codes are harder to read)
    "en es pt de fr zh wuu yue "
    "it ca gl oc ro la eu ht qu nl da sv no fi is lb pl cs sk sl hr hu "
    "lt lv et sq el tr ru uk bg sr mk ja ko vi th id "
    "ms tl sw af ar fa ur he hi bn ta eo zxx"
).split()
COST_UNIT = 3 / 64
"""Costs, which reach 11.54, are kept as whole multiples of this, in a byte.

That tells sentences as the package's own precision does (tests/test_labels_language.py).
"""

LINE = 64
"""Costs of a feature stand in whole lines of a processor's cache."""

_NO_FEATURE = 0xFFFFFFFF


class LanguageIdentifier:
    """Tells languages apart by its arrays, which ``build_identifier`` describes."""

    def __init__(
        self, arrays: Mapping[str, NDArray[Any] | memoryview], codes: Sequence[str]
    ) -> None:
        self.codes = (*codes, UNDETERMINED)
        self._parts = np.asarray(arrays["language_parts"])
        self._steps = np.asarray(arrays["language_steps"])
        self._first = int(arrays["language_numbers"][-2])
        self._costs = np.asarray(arrays["language_costs"])
        self._unit = float(arrays["language_numbers"][-1])
        self._prior = np.asarray(arrays["language_prior"])
        self._same = np.asarray(arrays["language_same"]).astype(np.intp)
        self._is_supported = np.asarray(arrays["language_supported"]).astype(bool)

    def identify(self, text: str) -> str:
        """Return the ISO 639 code of the language of ``text``.

        A supported one; or another code, if the text is certainly in that language (``zxx``: no
        language at all); or ``und`` if nothing can be told.
        """
        return self.codes[self.number(text)]

    def number(self, text: str) -> int:
        """Return the same as a number in ``codes``, -1 for ``und``."""
        sample = compose(text[:SAMPLE_CHARACTERS])
        if sample.isupper():
            sample = sample.lower()
        if len(text) <= GLANCE_LIMIT:
            probabilities = self._weigh(sample[:GLANCE_CHARACTERS])
            best = int(probabilities.argmax())
            if self._is_supported[best] and probabilities[best] >= GLANCE_CERTAIN:
                return best
        probabilities = self._weigh(sample)
        best = int(probabilities.argmax())
        if probabilities[best] < (GUESS if self._is_supported[best] else CERTAIN):
            best = int(np.where(self._is_supported, probabilities, -1.0).argmax())
            if probabilities[best] < GUESS:
                return -1
        return best

    def features(self, content: bytes) -> list[int]:
        """Return the features that are completed by the bytes, in order."""
        row, before = self._first, 0
        features: list[int] = []
        for byte in content:
            bits, start = self._parts[byte // 32, row].tolist()
            bit = 1 << byte % 32
            is_own = bits & bit
            at = start + (bits & (bit - 1)).bit_count() if is_own else before * 256 + byte
            feature, row = self._steps[at].tolist()
            features.append(feature)
            before = byte
        return [feature for feature in features if feature != _NO_FEATURE]

    def _weigh(self, sample: str) -> NDArray[np.float64]:
        """Return the probability of each language, of shape (n_languages,)."""
        content = sample.encode()
        counts = Counter(self.features(content))
        scores = np.zeros(len(self._same))
        if counts:
            found = np.array([*counts], dtype=np.intp)
            costs = self._costs[found, : len(scores)] * self._unit
            scores = self._prior - np.log1p(np.array([*counts.values()])) @ costs
        # A temperature of sqrt(bytes) keeps the probabilities honest over lengths (py3langid).
        scores = np.exp((scores - scores.max()) / math.sqrt(len(content) or 1))
        merged: NDArray[np.float64] = np.bincount(
            self._same, scores / scores.sum(), minlength=len(self._same)
        ).astype(np.float64)
        return merged


def build_identifier(supported: Sequence[str]) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Return the identifier's arrays and its languages, from the model that py3langid ships.

    ``language_steps``, of shape (n_steps, 2)
        The feature that the next byte completes, if any, and the row that follows by it. First, for
        each byte and each byte before it, what those two alone make follow; behind them, where a
        row knows more, its own steps, by 32 bytes, row and byte.
    ``language_parts``, of shape (8, n_rows, 2)
        For 32 bytes each: a bit for each that has a step of the row's own, and where these begin.
        What the small letters of all rows need stands together: a text asks little else.
    ``language_costs``, of shape (n_features, n_languages, rounded up to a multiple of ``LINE``)
        How much lower the log-probability of a feature is in a language than in the likeliest of
        them, in units of ``COST_UNIT``.
    ``language_prior``, of shape (n_languages,)
        Log-probability of each language before anything is seen.
    ``language_same``, ``language_supported``, of shape (n_languages,)
        The language that one counts as, and whether it is among ``supported``.
    ``language_numbers``
        The constants of this module, the first row, and the unit.
    """
    # Only who trains needs the package; a service reads the artifact.
    from py3langid.langid import MODEL_FILE
    from py3langid.langid import LanguageIdentifier as Packaged

    packaged = Packaged.from_model_file(MODEL_FILE, norm_probs=True)
    packaged.set_languages([*dict.fromkeys([*_KNOWN, *supported])])
    codes = tuple(packaged.nb_classes)
    same = [codes.index(_SAME_AS.get(code, code)) for code in codes]
    feature = np.array(packaged.tk_output, dtype=np.int64)
    feature[feature < 0] = _NO_FEATURE
    row = np.frombuffer(packaged.tk_row, dtype=np.uint16)
    state = np.frombuffer(packaged.tk_nextmove, dtype=np.uint32).reshape(-1, 256)
    parts, state = _compress(row, state)
    arrays: dict[str, NDArray[Any]] = {
        "language_parts": parts,
        "language_steps": np.stack([feature[state], row[state]], axis=1).astype(np.uint32),
        "language_costs": _costs(np.asarray(packaged.nb_ptc, dtype=np.float64)),
        "language_prior": np.asarray(packaged.nb_pc, dtype=np.float32),
        "language_same": np.array(same, dtype=np.uint32),
        "language_supported": np.array([codes[i] in supported for i in same], dtype=np.uint32),
        "language_numbers": np.array(
            [
                GLANCE_CHARACTERS,
                GLANCE_LIMIT,
                SAMPLE_CHARACTERS,
                GLANCE_CERTAIN,
                CERTAIN,
                GUESS,
                row[0],
                COST_UNIT,
            ]
        ),
    }
    return arrays, codes


def _costs(weights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return ``language_costs`` for log-probabilities of shape (n_features, n_languages)."""
    n_features, n_languages = weights.shape
    costs = np.full((n_features, -(-n_languages // LINE) * LINE), 255, dtype=np.uint8)
    lower = weights.max(axis=1, keepdims=True) - weights
    costs[:, :n_languages] = np.rint(lower / COST_UNIT).clip(max=255)
    return costs


def _compress(
    row: NDArray[np.uint16], state: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return ``language_parts``, and the states of all steps.

    ``state``, of shape (n_rows, 256), follows a row by the next byte; ``row`` is that of each
    state. Of all steps 6 % differ from what the byte and the one before it alone make follow.
    """
    first = int(row[0])
    after_byte = state[row[state[first]]]  # of shape (256 bytes before, 256)
    is_own = np.zeros(state.shape, dtype=bool)
    is_own[first] = state[first] != after_byte[0]  # a text begins as if behind a 0
    for byte in range(256):
        entered = np.unique(row[state[:, byte]])
        is_own[entered] |= state[entered] != after_byte[byte]
    by_part = is_own.reshape(-1, 8, 32).swapaxes(0, 1)
    own_states = state.reshape(-1, 8, 32).swapaxes(0, 1)[by_part]
    bits = np.packbits(by_part, axis=2, bitorder="little").view("<u4")[..., 0]
    counts = by_part.sum(axis=2).ravel()
    starts = after_byte.size + np.cumsum(counts) - counts
    parts = np.stack([bits, starts.reshape(bits.shape).astype(np.uint32)], axis=-1)
    return parts, np.concatenate([after_byte.ravel(), own_states])
