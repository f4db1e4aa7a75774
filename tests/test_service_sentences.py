"""Where a text is cut: abbreviations, line breaks, lists, quotes, and hostile input."""

import textwrap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labels.identifier import build_identifier
from service.boundaries import WINDOW, cut_sentences
from service.sentences import split_sentences

_, LANGUAGES = build_identifier(["en", "es", "pt", "fr", "zh", "de"])


def pieces(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Mr. Li met Gen. Smith. They spoke.", ["Mr. Li met Gen. Smith.", "They spoke."]),
        ("en", "The U.S. warned. It did so at 5 p.m. local time.", ["The U.S. warned.", "It did so at 5 p.m. local time."]),
        ("pt", "Disse que não. A China é o no. 3 deles.", ["Disse que não.", "A China é o no. 3 deles."]),
        ("en", "J. Smith of Acme Inc. spoke. He left.", ["J. Smith of Acme Inc. spoke.", "He left."]),
        ("es", "El Sr. Díaz habló. EE. UU. calló.", ["El Sr. Díaz habló.", "EE. UU. calló."]),
        ("de", "Es kostet ca. 5 Mio. Euro. Gut.", ["Es kostet ca. 5 Mio. Euro.", "Gut."]),
        ("de", "China hat im 3. Quartal geliefert. Es war 2024. Gut.", ["China hat im 3. Quartal geliefert.", "Es war 2024.", "Gut."]),
        ("de", "Der 20. Parteitag und Chinas 14. Fünfjahresplan enden.", ["Der 20. Parteitag und Chinas 14. Fünfjahresplan enden."]),
        ("de", "Berlin, 24. Okt. 2022. Am 3. Dez. kam er.", ["Berlin, 24. Okt. 2022.", "Am 3. Dez. kam er."]),
        ("de", "Die Quote stieg auf 12. Danach fiel sie.", ["Die Quote stieg auf 12.", "Danach fiel sie."]),
        ("es", "La escuela n.º 5 y la 2.ª fase crecen.", ["La escuela n.º 5 y la 2.ª fase crecen."]),
        ("es", "Hay 1.300 mill. de euros. El Cnel. Paz lo dijo.", ["Hay 1.300 mill. de euros.", "El Cnel. Paz lo dijo."]),
        ("pt", "Segundo o min. Souza e o art. 5.º, não. O dep. Reis riu.", ["Segundo o min. Souza e o art. 5.º, não.", "O dep. Reis riu."]),
        ("fr", "Le gén. Petit cite l'art. 5 en janv. 2024. Il part.", ["Le gén. Petit cite l'art. 5 en janv. 2024.", "Il part."]),
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


LATIN = (
    "The minister told the committee on Tuesday that the new terminal in Chancay would open in "
    "March. Trade with the ports of Shanghai would grow, and Peru would gain from it. Nobody in "
    "the room asked Washington. He left at once."
)
CHINESE = (
    "部长周二对委员会说，钱凯的新码头将于三月开港。与上海各港口的贸易将会增长，秘鲁也将从中受益。"
    "会议室里没有人问起华盛顿的看法。他随即离开了会场。"
)


@pytest.mark.parametrize("width", [30, 45, 60, 72, 100, 130])
def test_lines_broken_to_a_width_do_not_cut_sentences(width: int) -> None:
    whole = [piece.split() for piece in pieces(LATIN)]
    assert [piece.split() for piece in pieces("\n".join(textwrap.wrap(LATIN, width)))] == whole


@pytest.mark.parametrize("width", [15, 20, 30, 35])
def test_chinese_lines_broken_to_a_width_do_not_cut_sentences(width: int) -> None:
    lines = [CHINESE[i : i + width] for i in range(0, len(CHINESE), width)]
    found = [piece.replace("\n", "") for piece in pieces("\n".join(lines), "zh")]
    assert found == pieces(CHINESE, "zh")


def test_an_address_does_not_make_a_text_wide() -> None:
    address = "https://example.org/" + "a" * 100
    text = "\n".join([*textwrap.wrap(LATIN, 60), address])
    assert len(pieces(text)) == len(pieces(LATIN)) + 1


def test_a_line_of_another_making_does_not_make_a_text_wide() -> None:
    text = " ".join([LATIN] * 8)
    note = "tags: " + "ports, " * 20
    lines = [note, "", *textwrap.wrap(text, 60)]
    assert len(pieces("\n".join(lines))) == len(pieces(text)) + 1


@pytest.mark.parametrize(
    "lines",
    [
        ["Port opens in Chancay", "Washington warns Lima of Chinese influence", "Trade grows"],
        ["秘鲁新港开港", "华盛顿警告利马提防中国的影响", "贸易增长"],
    ],
)
def test_headlines_one_below_the_other_are_sentences(lines: list[str]) -> None:
    assert pieces("\n".join(lines)) == lines


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
