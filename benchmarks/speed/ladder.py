"""How near scoring comes to passes over the same sentences that do less and less.

The kernel without known terms is the kernel itself over an empty table of terms: it decodes,
lower-cases, cuts, and makes and hashes the key of every term, and each look-up ends at once at a
free slot. Without a lexicon it finds no names and no concept classes either, so that its terms
are the words and their pairs.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.processes import pinned
from benchmarks.speed.kernels import Score, build_kernel
from benchmarks.speed.material import labelled_sentences, take
from benchmarks.speed.measure import Result, Scale, alternate, micro_rows, ratio
from labels import kernel
from labels.lexicon import Lexicon
from service.artifact import Artifact
from service.classifier import load

CASE, UNIT = "in batches", "µs a sentence"
OURS, HASH_ONLY = "stance, whole", "kernel, no terms known, no lexicon"
WITH_LEXICON = "kernel, no terms known"
_TOKEN = re.compile(r"\b\w\w+\b")

_NOTES = {
    OURS: "`Classifier.score`",
    WITH_LEXICON: "decode, lower-case, find names and concept classes, make and hash all terms",
    HASH_ONLY: "decode, lower-case, make and hash all words and pairs",
    "re.findall": r"`\b\w\w+\b`, tokens only",
    "str.lower": "in Python, a call a sentence",
    "bytes.decode": "UTF-8 to str, a call a sentence",
    "memory copy": "all sentences as one piece of memory",
}


def measure(scale: Scale) -> Result:
    """Measure every rung; they take turns."""
    texts = [sentence.text for sentence in labelled_sentences(scale)]
    classifier = load(scale.model)
    calls: dict[str, Callable[[list[str]], object]] = {OURS: classifier.score}
    if kernel.AVAILABLE:
        artifact = classifier.artifact
        calls[WITH_LEXICON] = _hash_only(artifact, artifact.lexicon)
        calls[HASH_ONLY] = _hash_only(artifact, Lexicon())
    calls["re.findall"] = lambda sample: [_TOKEN.findall(text) for text in sample]
    calls["str.lower"] = lambda sample: [text.lower() for text in sample]
    samples = [take(texts, scale.n_batch, number) for number in range(scale.n_rounds + 1)]
    encoded = [[text.encode() for text in sample] for sample in samples]
    joined = [b"".join(sample) for sample in encoded]

    def decode(number: int) -> int:
        return len([content.decode() for content in encoded[number]])

    def copy(number: int) -> int:
        return scale.n_batch if bytearray(joined[number]) else 0

    rungs = {name: _over(samples, call) for name, call in calls.items()}
    rungs |= {"bytes.decode": decode, "memory copy": copy}
    with pinned():
        rounds = alternate(rungs, scale)
    ratios = {"hash-only": ratio(rounds[OURS], rounds[HASH_ONLY])} if HASH_ONLY in rounds else {}
    return Result(micro_rows(CASE, UNIT, rounds, _NOTES), ratios)


def _over(
    samples: Sequence[list[str]], call: Callable[[list[str]], object]
) -> Callable[[int], int]:
    def run(number: int) -> int:
        call(samples[number])
        return len(samples[number])

    return run


def _hash_only(artifact: Artifact, lexicon: Lexicon) -> Score:
    nothing: dict[str, list[str]] = {family: [] for family in artifact.weight_of}
    coefficients = np.zeros((0, len(artifact.taxonomy.ids)))
    return build_kernel(lexicon, nothing, artifact.weight_of, coefficients)
