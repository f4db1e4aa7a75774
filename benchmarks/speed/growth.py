"""How time grows with the length of a sentence, the number of terms, of labels and of rows.

Terms and labels are those of synthetic models: words are drawn by Zipf's law, a table's terms are
the most frequent words and pairs of such a text, and the sentences scored are another stretch of
it. So a larger table is met as one is in practice: mostly where it is frequent, often where not.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.processes import pinned
from benchmarks.speed.kernels import Score, build_kernel
from benchmarks.speed.material import SEED, labelled_sentences, take
from benchmarks.speed.measure import Result, Scale, alternate, micro_rows, ratio
from labels import kernel
from labels.lexicon import Lexicon
from service.classifier import Classifier, load

UNIT = "µs a sentence"
LENGTHS, TERMS, LABELS, ROWS = "words a sentence", "terms", "labels", "rows"
N_WORDS = (10, 20, 40, 80, 160, 320)
WORDS_A_SENTENCE = 22
"""As the labelled set has in the mean."""
N_CHUNK = 10_000


def measure(scale: Scale) -> Result:
    """Measure each kind of growth; the sizes of one take turns."""
    classifier = load(scale.model)
    texts = [s.text for s in labelled_sentences(scale) if s.lang != "zh"]
    kinds = {LENGTHS: _lengths(classifier, texts, scale), ROWS: _rows(classifier, texts, scale)}
    if kernel.AVAILABLE:
        kinds |= _synthetic(scale)
    with pinned():
        found = {kind: alternate(calls, scale) for kind, calls in kinds.items()}
    rows = [row for kind, rounds in found.items() for row in micro_rows(f"by {kind}", UNIT, rounds)]
    ratios = {}
    if TERMS in found:
        sizes = list(found[TERMS].values())
        ratios["terms"] = ratio(sizes[-1], sizes[0])
    return Result(rows, ratios)


def _lengths(
    classifier: Classifier, texts: Sequence[str], scale: Scale
) -> dict[str, Callable[[int], int]]:
    words = " ".join(texts).split()

    def calls(n_words: int) -> Callable[[int], int]:
        n = max(1, min(scale.n_batch, len(words) // n_words))
        sample = [" ".join(words[i * n_words : (i + 1) * n_words]) for i in range(n)]
        return _constant(classifier.score, sample)

    return {f"{n:,} words": calls(n) for n in N_WORDS}


def _rows(
    classifier: Classifier, texts: Sequence[str], scale: Scale
) -> dict[str, Callable[[int], int]]:
    def calls(n_rows: int) -> Callable[[int], int]:
        def call(number: int) -> int:
            for start in range(0, n_rows, N_CHUNK):
                n = min(N_CHUNK, n_rows - start)
                classifier.score(take(texts, n, start // N_CHUNK))
            return n_rows

        return call

    return {f"{n:,} rows": calls(n) for n in scale.n_rows}


def _synthetic(scale: Scale) -> dict[str, dict[str, Callable[[int], int]]]:
    """Return what to call for each number of terms, and of labels at the middle one of these."""
    rng = np.random.default_rng(SEED)
    words = _words(max(scale.n_terms) // 5)
    sample = _sentences(_draw(rng, len(words), WORDS_A_SENTENCE * scale.n_batch), words)
    terms = _most_frequent(_draw(rng, len(words), 3 * max(scale.n_terms)), words)
    middle = sorted(scale.n_terms)[len(scale.n_terms) // 2]

    def calls(n_terms: int, n_labels: int) -> Callable[[int], int]:
        coefficients = rng.normal(size=(n_terms, n_labels))
        score = build_kernel(Lexicon(), {"word": terms[:n_terms]}, {"word": 1.0}, coefficients)
        return _constant(score, sample)

    few = min(scale.n_labels)
    return {
        TERMS: {f"{n:,} terms": calls(n, few) for n in scale.n_terms},
        LABELS: {f"{n:,} labels": calls(middle, n) for n in scale.n_labels},
    }


def _constant(
    score: Score | Callable[[list[str]], object], sample: list[str]
) -> Callable[[int], int]:
    def call(number: int) -> int:
        score(sample)
        return len(sample)

    return call


def _words(n: int) -> list[str]:
    """Return different words of six letters, no more than count."""
    order = np.random.default_rng(SEED).permutation(20**3 * 5**3)[:n]
    consonants, vowels = "bcdfghjklmnpqrstvwxz", "aeiou"
    words = []
    for number in order.tolist():
        letters = []
        for _ in range(3):
            number, consonant = divmod(number, 20)
            number, vowel = divmod(number, 5)
            letters += [consonants[consonant], vowels[vowel]]
        words.append("".join(letters))
    return words


def _draw(rng: np.random.Generator, n_words: int, n: int) -> NDArray[np.int64]:
    shares = 1 / np.arange(1, n_words + 1)
    found: NDArray[np.int64] = rng.choice(n_words, n, p=shares / shares.sum())
    return found


def _sentences(numbers: NDArray[np.int64], words: Sequence[str]) -> list[str]:
    return [
        " ".join(words[i] for i in row) + "."
        for row in numbers.reshape(-1, WORDS_A_SENTENCE).tolist()
    ]


def _most_frequent(numbers: NDArray[np.int64], words: Sequence[str]) -> list[str]:
    """Return the different words and pairs of neighbours of a text, most frequent first."""
    n = len(words)
    # A pair is numbered beyond the words.
    keys = np.concatenate([numbers, n + numbers[:-1] * n + numbers[1:]])
    different, counts = np.unique(keys, return_counts=True)
    ordered = different[np.argsort(-counts, kind="stable")]
    return [
        words[key] if key < n else f"{words[(key - n) // n]} {words[(key - n) % n]}"
        for key in ordered.tolist()
    ]
