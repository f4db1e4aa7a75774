"""How a text is cut into tokens: which are right is decided here."""

import tracemalloc

import pytest

from labels.text import chunk_character_terms, chunk_tokens, chunks_of, compose


def tokens(text: str) -> list[str]:
    return [token for chunk in chunks_of(compose(text)) for token in chunk_tokens(chunk)]


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


def test_character_terms_mark_word_edges_but_not_those_of_chinese_runs() -> None:
    assert chunk_character_terms("ab") == (" ab", "ab ", " ab ")
    assert chunk_character_terms("中国人") == ("中国人",)


def test_the_character_terms_of_long_words_are_not_remembered() -> None:
    tracemalloc.start()
    try:
        for n in range(20):
            assert len(chunk_character_terms(chr(ord("a") + n) * 4000)) == 3 * 4002 - 2 - 3 - 4
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000  # Each of them takes half a megabyte.
