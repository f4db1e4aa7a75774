"""Families of terms: the terms of hand-written sentences are spelt out here."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.lexicon import Lexicon, parse_lexicon, read_lexicon
from labels.terms import FAMILIES, Analyzer, named, read_items, read_terms
from labels.text import compose
from tests.conftest import DATA

LEXICON = parse_lexicon(
    {
        "sides": {
            "china": {"en": ["China", "Beijing"], "zh": ["中国"]},
            "us": {"en": ["Washington"]},
        },
        "nobody": {"en": ["Washington Post"]},
        "concepts": {
            "threat": {"en": ["threat*"], "zh": ["威胁"]},
            "deny": {"en": ["no evidence"]},
        },
    },
    "test",
)


def terms(text: str, family: str, lexicon: Lexicon = LEXICON) -> list[str]:
    return Analyzer(family, lexicon)(text)


def test_words_are_cut_and_names_become_markers() -> None:
    assert terms("Washington threatened ministers", "word") == [
        "<us>",
        "threat",
        "minist",
        "<us> threat",
        "threat minist",
    ]


def test_a_longer_expression_keeps_its_words_from_being_a_name() -> None:
    assert terms("Washington Post", "word") == ["washin", "post", "washin post"]


def test_character_terms_leave_names_out() -> None:
    assert terms("Beijing ab 中国人们好", "character") == [" ab", "ab ", " ab ", "人们好"]


def test_near_terms_tell_who_stands_first() -> None:
    assert terms("China builds; they thank Beijing", "near") == [
        "china > builds",
        "china > they",
        "china > thank",
        "builds > china",
        "they > china",
        "thank > china",
    ]


def test_pairs_are_ordered_and_end_at_the_window() -> None:
    assert terms("Washington threatens China", "pair") == [
        "us > threat",
        "us > china",
        "threat > china",
    ]
    far = "Washington " + "and " * 8 + "threatens"
    assert terms(far, "pair") == []
    assert terms(far.replace("and ", "", 1), "pair") == ["us > threat"]


def test_a_chinese_character_counts_for_half_a_word() -> None:
    assert terms("中国" + "的" * 13 + "威胁", "pair") == ["china > threat"]
    assert terms("中国" + "的" * 15 + "威胁", "pair") == []


def test_presence_puts_every_concept_beside_the_sides_named() -> None:
    assert terms("Threats: no evidence", "presence") == [
        "nobody",
        "nobody & threat",
        "nobody & deny",
    ]
    assert terms("Washington threatens China", "presence") == [
        "china + us",
        "china + us & threat",
    ]


def test_order_skips_the_words_between() -> None:
    assert terms("China said there was no evidence of a threat", "order") == [
        "^ china",
        "china deny",
        "deny threat",
        "threat $",
        "^ china deny",
        "china deny threat",
        "deny threat $",
    ]


def test_a_phrase_keeps_its_words_and_carries_its_concept_once() -> None:
    items = read_items("no evidence", LEXICON)
    assert [(item.form, item.signs) for item in items] == [("no", ("deny",)), ("evidence", ())]


@pytest.mark.parametrize("family", FAMILIES)
@given(text=st.text())
def test_terms_rest_on_items_in_the_text(family: str, text: str) -> None:
    text, lexicon = compose(text), read_lexicon(DATA / "labels")
    items = read_items(text, lexicon)
    for item in items:
        assert 0 <= item.start < item.end <= len(text)
    for _, at in read_terms(text, items, family, lexicon.side_names):
        assert all(0 <= i < len(items) for i in at)


def test_an_empty_lexicon_names_nobody() -> None:
    assert named(read_items("Washington threatens China", Lexicon())) == set()
    assert terms("Washington", "word", Lexicon()) == ["washin"]


def test_an_analyzer_can_be_stored(tmp_path: Path) -> None:
    import joblib

    analyzer = Analyzer("pair", LEXICON)
    analyzer("Washington threatens China")
    joblib.dump(analyzer, tmp_path / "a")
    stored = joblib.load(tmp_path / "a")
    assert stored("Washington threatens China") == analyzer("Washington threatens China")
