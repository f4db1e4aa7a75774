"""How a sentence becomes terms: which tokens are right is decided here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.text import (
    CHUNK,
    character_terms,
    chunk_tokens,
    compose,
    place_character_terms,
    place_word_terms,
    word_terms,
)


def tokens(text: str) -> list[str]:
    return [token for chunk in CHUNK.findall(compose(text)) for token in chunk_tokens(chunk)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("U.S. tariffs", ["u.s.", "tariffs"], id="dotted"),
        pytest.param("US tariffs hurt us", ["u.s.", "tariffs", "hurt", "us"], id="by-case"),
        pytest.param("EE. UU. y EEUU", ["u.s.", "y", "u.s."], id="spanish"),
        pytest.param("os EUA", ["os", "u.s."], id="portuguese"),
        pytest.param("the U.K. and the U.N.", ["the", "u.k.", "and", "the", "u.n."], id="others"),
        pytest.param("cafe\u0301 fuerte", ["caf\u00e9", "fuerte"], id="decomposed-accent"),
        pytest.param("up 12,500 in 2024", ["up", "0", "in", "0"], id="numbers"),
        pytest.param("not without 5G", ["not", "without", "0", "g"], id="negation-kept"),
        pytest.param("中国与U.S.合作", ["中", "国", "与", "u.s.", "合", "作"], id="chinese"),
        pytest.param("l'accord", ["l", "accord"], id="elision"),
        pytest.param("Really?", ["really", "?"], id="question"),
        pytest.param("— … —", [], id="nothing"),
    ],
)
def test_tokens_are_those_that_the_codebook_depends_on(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_word_terms_are_tokens_and_neighbours() -> None:
    assert word_terms("Beijing only warns") == [
        "beijing",
        "only",
        "warns",
        "beijing only",
        "only warns",
    ]


def test_character_terms_mark_word_edges_but_not_those_of_chinese_runs() -> None:
    assert character_terms("ab 中国人") == [" ab", "ab ", " ab ", "中国人"]


@given(st.text())
def test_terms_with_places_are_the_terms(text: str) -> None:
    text = compose(text)
    assert sorted(term for term, _, _ in place_word_terms(text)) == sorted(word_terms(text))
    placed = sorted(term for term, _, _ in place_character_terms(text))
    assert placed == sorted(character_terms(text))


@given(st.text())
def test_places_lie_in_the_text(text: str) -> None:
    text = compose(text)
    for _, start, end in [*place_word_terms(text), *place_character_terms(text)]:
        assert 0 <= start < end <= len(text)
