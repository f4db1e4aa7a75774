"""The terms of many sentences at once, as training counts them.

The compiled kernel reads what it can, with the code that scores; Python reads the rest, and all
sentences where there is no kernel.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from labels import kernel
from labels.lexicon import Lexicon
from labels.terms import FAMILIES, Analyzer, named, read_items

Numbers = NDArray[np.int64]


@dataclass(slots=True)
class Occurrences:
    """The terms of one family: occurrence i is of ``terms[numbers[i]]``, in text ``texts[i]``."""

    terms: list[str] = field(default_factory=list)
    texts: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    numbers: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(slots=True)
class Reading:
    """The occurrences in some texts by family, and whom each text names."""

    families: dict[str, Occurrences]
    named: list[set[str]]


def read_occurrences(texts: Sequence[str], lexicon: Lexicon, families: Sequence[str]) -> Reading:
    """Return all occurrences of terms of some families in composed texts, in no order."""
    reading = Reading({family: Occurrences() for family in families}, [set() for _ in texts])
    left = _read_compiled(texts, lexicon, reading) if kernel.AVAILABLE else range(len(texts))
    if left:
        _read_rest(texts, left, lexicon, reading)
    return reading


def _read_compiled(texts: Sequence[str], lexicon: Lexicon, reading: Reading) -> Sequence[int]:
    """Add what the kernel reads; return the texts that are left."""
    from labels.kernel._kernel import Kernel
    from labels.kernel.tables import FamilyWeights, TablesError, build_tables

    no_weights = dict.fromkeys(reading.families, FamilyWeights((), np.zeros(0), 1.0))
    try:
        tables = build_tables(lexicon, no_weights, np.zeros((0, 0)), np.zeros(0), 0.0)
    except TablesError:
        return range(len(texts))
    n_terms, bits = np.empty(len(texts), dtype=np.int64), np.empty(len(texts), dtype=np.uint64)
    content, ends, family_of, occurring = Kernel(tables).count(list(texts), n_terms, bits)
    terms, owners = _cut(content, ends), np.frombuffer(family_of, dtype=np.uint8)
    term = np.frombuffer(occurring, dtype=np.uint32)
    is_left = n_terms == kernel.LEFT_TO_PYTHON
    text = np.repeat(np.arange(len(texts)), np.where(is_left, 0, n_terms))
    for family in reading.families:
        is_own = owners == FAMILIES.index(family)
        number, at = np.cumsum(is_own) - 1, is_own[term]
        own = Occurrences(terms[is_own].tolist(), text[at], number[term[at]])
        reading.families[family] = own
    reading.named = _names(bits.tolist(), lexicon)
    return np.flatnonzero(is_left).tolist()


def _cut(content: bytes, ends: bytes) -> NDArray[np.object_]:
    """Return the strings that stand one after the other in UTF-32, each up to its end."""
    characters = content.decode("utf-32-le", "surrogatepass")
    limits = [0, *np.frombuffer(ends, dtype=np.uint64).tolist()]
    return np.array([characters[start:end] for start, end in pairwise(limits)], dtype=object)


def _names(bits: Sequence[int], lexicon: Lexicon) -> list[set[str]]:
    """Return the names for which bits are set, n for ``lexicon.names[n]``."""
    names = {
        mask: {name for n, name in enumerate(lexicon.names) if mask >> n & 1} for mask in set(bits)
    }
    return [names[mask] for mask in bits]


def _read_rest(
    texts: Sequence[str], left: Sequence[int], lexicon: Lexicon, reading: Reading
) -> None:
    """Add what Python reads of the texts ``left``."""
    read = {i: (texts[i], read_items(texts[i], lexicon)) for i in left}
    for i, (_, items) in read.items():
        reading.named[i] = named(items)
    for family, found in reading.families.items():
        analyzer = Analyzer(family, lexicon)
        number_of = {term: number for number, term in enumerate(found.terms)}
        text, numbers = array("q"), array("q")
        for i, text_and_items in read.items():
            for term in analyzer.of_items(text_and_items):
                text.append(i)
                numbers.append(number_of.setdefault(term, len(number_of)))
        found.terms = list(number_of)
        found.texts = np.concatenate([found.texts, np.array(text, dtype=np.int64)])
        found.numbers = np.concatenate([found.numbers, np.array(numbers, dtype=np.int64)])
