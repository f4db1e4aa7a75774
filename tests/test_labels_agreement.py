"""How far two readers agree, and Krippendorff's published examples."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from labels.agreement import cohen_kappa, krippendorff_alpha, measure_agreement
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import Taxonomy, read_taxonomy

# Worked examples B, C and D of Krippendorff (2011); readers in rows, units in columns.
BINARY = ["0100000010", "1110010000"]
NOMINAL = ["aabbdcccedda", "babbbcccedDd".replace("D", "d")]
MISSING = [
    "123321412...",
    "12332241 25.3".replace(" ", ""),
    ".333234225 1.".replace(" ", ""),
    "12332441251.",
]


@pytest.mark.parametrize(
    ("readers", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)]
)
def test_alpha_is_that_of_the_published_examples(readers: list[str], alpha: float) -> None:
    units = [[None if v == "." else v for v in unit] for unit in zip(*readers, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(alpha, abs=0.0005)


def test_alpha_of_one_value_only_is_not_defined() -> None:
    assert np.isnan(krippendorff_alpha([["a", "a"], ["a", "a"]]))


def test_kappa_is_that_of_the_textbook_and_of_scikit_learn() -> None:
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_agreement_counts_only_sentences_read_twice(
    sentences: list[LabelledSentence], taxonomy: Taxonomy
) -> None:
    one, two = sentences[:2]
    read = [
        replace(one, first=("us_critical",), second=("us_critical",)),
        replace(two, first=("us_critical",), second=()),
        *sentences[2:],
    ]
    rows = {(row.lang, row.label): row for row in measure_agreement(read, taxonomy)}
    assert rows["all", "us_critical"].n_sentences == 2
    assert rows["all", "us_critical"].n_differing == 1


def test_agreement_of_the_labelled_set_is_high_for_every_label_and_language() -> None:
    rows = measure_agreement(read_labelled_set(), read_taxonomy())
    assert len(rows) == 7 * 3
    for row in rows:
        assert row.alpha >= 0.8, row
