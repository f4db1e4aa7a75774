"""Names and concept classes: what an entry matches, and what is refused."""

import time
import tracemalloc
from pathlib import Path

import pytest

from labels.lexicon import Lexicon, LexiconError, parse_lexicon, read_lexicon
from labels.matching import Matcher, Token, tokenize
from labels.taxonomy import LABELS_DIR, read_taxonomy
from labels.terms import named, read_items


def found(entry: str, text: str) -> bool:
    tokens = tokenize(text)
    matcher = Matcher([(entry, ("x",))])
    return any(matcher.match(tokens, i)[0] for i in range(len(tokens)))


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        pytest.param("threat*", "Threatened again", True, id="beginning"),
        pytest.param("threat*", "no thread", False, id="another-word"),
        pytest.param("Xi", "Xi spoke", True, id="short-name"),
        pytest.param("Xi", "siglo XI", False, id="roman-numeral"),
        pytest.param("Trump", "a trump card", False, id="lower-case-word"),
        pytest.param("Trump", "TRUMP SPEAKS", True, id="shouted-name"),
        pytest.param("PLA", "the PLA navy", True, id="abbreviation"),
        pytest.param("PLA", "Pla spoke", False, id="abbreviation-as-word"),
        pytest.param("U.S.", "the US and us", True, id="united-states"),
        pytest.param("U.S.", "they told us", False, id="pronoun"),
        pytest.param("U.S.", "CONTACT US TODAY", False, id="pronoun-shouted"),
        pytest.param("Belt and Road", "the Belt and Road plan", True, id="phrase"),
        pytest.param("Belt and Road", "belt, road", False, id="part-of-phrase"),
        pytest.param("China", "China's ports", True, id="possessive"),
        pytest.param("puerta* trasera*", "puertas traseras", True, id="two-beginnings"),
        pytest.param("威胁", "構成威胁的", True, id="chinese"),
    ],
)
def test_entries_match_as_the_module_says(entry: str, text: str, expected: bool) -> None:
    assert found(entry, text) is expected


@pytest.mark.parametrize("n_letters", [40, 100_000])
def test_a_long_word_is_matched_soon_and_not_remembered(n_letters: int) -> None:
    matcher = Matcher([("threat*", ("a",)), ("threaten*", ("b",))])
    words = [("threat" + chr(ord("a") + n) * n_letters)[:n_letters] for n in range(20)]
    begun = time.process_time()
    tracemalloc.start()
    try:
        matched = [matcher.match([Token(word, word, 0, n_letters)], 0) for word in words]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert matched == [(1, ("a",))] * 20
    assert kept < 20_000
    assert time.process_time() - begun < 1  # Before, minutes: each beginning was looked up.


def test_the_longest_entry_wins_and_a_word_before_its_beginning() -> None:
    matcher = Matcher([("state*", ("a",)), ("state", ("b",)), ("state owned firm", ("c",))])
    assert matcher.match(tokenize("state owned firm"), 0) == (3, ("c",))
    assert matcher.match(tokenize("state visit"), 0) == (1, ("b",))
    assert matcher.match(tokenize("states"), 0) == (1, ("a",))


def test_an_entry_of_two_groups_means_both() -> None:
    assert Matcher([("中美", ("china",)), ("中美", ("us",))]).match(tokenize("中美"), 0) == (
        2,
        ("china", "us"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([], "found list", id="list"),
        pytest.param({"concepts": {"a": ["x"]}}, "lists by language", id="no-language"),
        pytest.param({"concepts": {"a": {"en": "x"}}}, "must be a list", id="string"),
        pytest.param({"concepts": {"a": {"en": ["--"]}}}, "holds no word", id="no-word"),
        pytest.param({"concepts": {"a": {"en": ["a*b"]}}}, "only end a word", id="star"),
        pytest.param({"concepts": {"a": {"en": ["a*"]}}}, "2 letters or more", id="short"),
        pytest.param(
            {"sides": {"a": {"en": ["x"]}}, "concepts": {"a": {"en": ["y"]}}},
            "'a' names two things",
            id="same-name",
        ),
    ],
)
def test_a_bad_lexicon_is_refused_by_entry(content: object, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        parse_lexicon(content, "x")


def test_an_unknown_part_of_the_actors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "actors.json").write_text('{"side": {}}')
    with pytest.raises(LexiconError, match=r"actors.json: 'side' is no part of it"):
        read_lexicon(tmp_path)


def test_a_label_set_without_the_files_has_an_empty_lexicon(tmp_path: Path) -> None:
    assert read_lexicon(tmp_path) == Lexicon()


def test_a_lexicon_survives_its_own_form(labels_dir: Path) -> None:
    lexicon = read_lexicon(labels_dir)
    assert parse_lexicon(lexicon.to_dict(), "x") == lexicon


def test_the_order_of_the_files_changes_nothing() -> None:
    concepts = {
        "praise": {"en": ["hail"], "fr": ["salue"]},
        "harm": {"en": ["hail"], "es": ["sale"]},
    }
    turned = {name: dict(reversed(own.items())) for name, own in reversed(concepts.items())}
    one, other = (parse_lexicon({"concepts": c}, "x") for c in (concepts, turned))
    for text in ("hail", "salue hail", "sale salue hail", "sale salue"):
        assert one.find_concepts(tokenize(text)) == other.find_concepts(tokenize(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Trade with Latin America grew.", set(), id="region"),
        pytest.param("The Washington Post reported it.", set(), id="newspaper"),
        pytest.param("Trump's tariffs and Beijing's answer", {"us", "china"}, id="both"),
        pytest.param("Les États-Unis se retirent.", {"us"}, id="french"),
        pytest.param(
            "Die amerikanischen Zölle treffen chinesische Firmen.", {"us", "china"}, id="de"
        ),
        pytest.param("发展中国家的合作", set(), id="developing-countries"),
        pytest.param("中美关系", {"us", "china"}, id="both-in-one-word"),
        pytest.param("JOIN US TODAY", set(), id="pronoun"),
        pytest.param("Es hora de que ellos nos escuchen.", set(), id="nobody"),
    ],
)
def test_the_names_of_the_labelled_set_tell_the_sides(text: str, expected: set[str]) -> None:
    lexicon = read_lexicon(LABELS_DIR)
    assert named(read_items(text, lexicon)) & set(lexicon.sides) == expected


def test_labels_are_about_somebody_whom_the_names_know() -> None:
    lexicon = read_lexicon(LABELS_DIR)
    known = {*lexicon.sides, *lexicon.third_parties}
    for label in read_taxonomy(LABELS_DIR).labels:
        assert label.about
        assert known.issuperset(label.about)
