"""Where a text is cut: abbreviations, line breaks, lists, quotes, and hostile input."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labels.language import build_identifier
from service.sentences import WINDOW, cut_sentences, split_sentences

_, LANGUAGES = build_identifier(["en", "es", "pt", "fr", "zh", "de"])


def pieces(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Mr. Li met Gen. Smith. They spoke.", ["Mr. Li met Gen. Smith.", "They spoke."]),
        ("en", "The U.S. warned. It did so at 5 p.m. local time.", ["The U.S. warned.", "It did so at 5 p.m. local time."]),
        ("en", "J. Smith of Acme Inc. spoke. He left.", ["J. Smith of Acme Inc. spoke.", "He left."]),
        ("es", "El Sr. Díaz habló. EE. UU. calló.", ["El Sr. Díaz habló.", "EE. UU. calló."]),
        ("de", "Es kostet ca. 5 Mio. Euro. Gut.", ["Es kostet ca. 5 Mio. Euro.", "Gut."]),
        ("zh", "他说：“合作很好。”我们同意！对吗？", ["他说：“合作很好。”", "我们同意！", "对吗？"]),
        ("en", "“It works,” she said. “We agree.” He left.", ["“It works,” she said.", "“We agree.”", "He left."]),
        ("en", "A headline without a stop\nThe text begins. It ends.", ["A headline without a stop", "The text begins.", "It ends."]),
        ("en", "- one point\n- another point\n", ["- one point", "- another point"]),
        ("en", "3. Like the rest, we grew. 4. We hope.", ["3. Like the rest, we grew.", "4. We hope."]),
        ("en", "One.\r\n\r\nTwo.", ["One.", "Two."]),
        ("en", "", []),
        ("en", " \n ", []),
    ],
)  # fmt: skip
def test_texts_are_cut_where_a_reader_would(language: str, text: str, expected: list[str]) -> None:
    assert pieces(text, language) == expected


def test_lines_broken_to_a_width_do_not_cut_sentences() -> None:
    text = (
        "The minister told the committee on Tuesday that the new terminal in\n"
        "Chancay would open in March and that trade with the ports of\n"
        "Shanghai would grow.\nHe left at once."
    )
    assert len(pieces(text)) == 2


@pytest.mark.parametrize(
    "text", ["a. " * 50_000, "“" * 50_000, "." * 50_000, "\n" * 50_000, "A.\n" * 20_000, "1. " * 20_000]
)  # fmt: skip
def test_hostile_texts_are_cut_without_losing_a_character(text: str) -> None:
    found = pieces(text)
    assert sum(len("".join(piece.split())) for piece in found) == len("".join(text.split()))


@settings(max_examples=500, deadline=None)
@given(
    text=st.text(st.characters(categories=["L", "N"]) | st.sampled_from(" ,'’\"“”()%-_")),
    stop=st.sampled_from(["", ".", "!", "?", "。", "！", "？"]),
    language=st.sampled_from(LANGUAGES),
)
@example("word, " * WINDOW, ".", "en")
@example("他说合作很好 " * WINDOW, "。", "zh")
def test_what_cannot_hold_a_boundary_is_one_sentence(text: str, stop: str, language: str) -> None:
    found = split_sentences(text + stop, language)
    assert found == cut_sentences(text + stop, language)
    assert len(found) <= 1
