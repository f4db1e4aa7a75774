"""Many sentences at once are read as one by one, by the compiled kernel and without it."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels import kernel
from labels.lexicon import Lexicon, parse_lexicon
from labels.occurrences import Reading, read_occurrences
from labels.sentences import read_labelled_set
from labels.terms import FAMILIES, Analyzer, named, read_items
from labels.text import compose
from tests.texts import TRAPS, TRICKY_LEXICON, WORDS, texts

TRAINED = ("word", "concept", "presence")


@pytest.fixture(params=["compiled", "python"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(kernel, "AVAILABLE", False)
    elif not kernel.AVAILABLE:
        pytest.skip("the kernel is not built: there was no C compiler")


def occurring(reading: Reading, family: str, n_texts: int) -> list[Counter[str]]:
    """Return how often each text holds each term."""
    found = reading.families[family]
    counts: list[Counter[str]] = [Counter() for _ in range(n_texts)]
    for text, number in zip(found.texts.tolist(), found.numbers.tolist(), strict=True):
        counts[text][found.terms[number]] += 1
    return counts


def assert_read_as_one_by_one(
    given_texts: Sequence[str], lexicon: Lexicon, families: Sequence[str] = FAMILIES
) -> None:
    composed = [compose(text) for text in given_texts]
    reading = read_occurrences(composed, lexicon, families)
    assert list(reading.families) == list(families)
    for family, found in reading.families.items():
        analyzer = Analyzer(family, lexicon)
        expected = [Counter(analyzer(text)) for text in given_texts]
        assert occurring(reading, family, len(composed)) == expected, family
        # Every term once, and none that does not occur.
        assert sorted(found.terms) == sorted(set().union(*expected)), family
    assert reading.named == [named(read_items(text, lexicon)) for text in composed]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("lexicon", [Lexicon(), TRICKY_LEXICON], ids=["none", "tricky"])
def test_traps_are_read_as_one_by_one(lexicon: Lexicon) -> None:
    assert_read_as_one_by_one([*TRAPS, *WORDS, *TRAPS], lexicon)


@settings(max_examples=150, deadline=None)
@given(many=st.lists(texts, max_size=6))
def test_all_of_unicode_is_read_as_one_by_one(many: list[str]) -> None:
    assert_read_as_one_by_one(many, TRICKY_LEXICON)


@pytest.mark.usefixtures("reader")
def test_the_labelled_set_is_read_as_one_by_one(lexicon: Lexicon) -> None:
    sentences = [s.text for s in read_labelled_set()][::200]
    assert_read_as_one_by_one(sentences, lexicon)
    assert_read_as_one_by_one(sentences[:20], lexicon, TRAINED)


@pytest.mark.usefixtures("reader")
def test_nothing_holds_no_terms() -> None:
    reading = read_occurrences([], Lexicon(), FAMILIES)
    assert [found.terms for found in reading.families.values()] == [[]] * len(FAMILIES)
    assert reading.named == []


def test_a_lexicon_that_the_kernel_cannot_hold_is_read_by_python() -> None:
    sides = {f"side{i}": {"en": [f"Land{i}"]} for i in range(65)}
    lexicon = parse_lexicon({"sides": sides, "third_parties": {}}, "large")
    assert_read_as_one_by_one(["Land3 and Land64 met", "nobody"], lexicon)
