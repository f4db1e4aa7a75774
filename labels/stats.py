"""Count what is in a labelled set: per language, label and register.

Called by ``stance labels stats``. Computes; does not print.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy

NO_LABEL = "(no label)"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sentences of one language carry one label, in all and per register."""

    lang: str
    label: str
    total: int
    by_register: dict[str, int]


def count_labels(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> list[Counts]:
    """Return one entry per language and label, ``(no label)`` last, then ``all`` languages.

    A sentence with two labels is counted under both, so the rows of a language may add up to
    more than its sentences.
    """
    cells: Counter[tuple[str, str, str]] = Counter()
    for sentence in sentences:
        for label in sentence.labels or (NO_LABEL,):
            for lang in (sentence.lang, "all"):
                cells[lang, label, sentence.register] += 1
    langs = [*sorted({s.lang for s in sentences}), "all"]
    registers = registers_in(sentences, taxonomy)
    counts = []
    for lang in langs:
        for label in (*taxonomy.ids, NO_LABEL):
            by_register = {register: cells[lang, label, register] for register in registers}
            counts.append(Counts(lang, label, sum(by_register.values()), by_register))
    return counts


def registers_in(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> list[str]:
    """Return the registers that occur, in taxonomy order, unknown ones last."""
    present = {s.register for s in sentences}
    known = [register for register in taxonomy.registers if register in present]
    return known + sorted(present.difference(known))
