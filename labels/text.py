"""How a sentence becomes terms: the one definition that training and service share.

A **token** is a word, a number, a dotted abbreviation or one Chinese character. From the tokens
come two blocks of terms: word terms (one and two tokens) and character terms (pieces of three to
five characters inside a word or a run of Chinese characters). Changing anything here changes
what a stored model means; the probes in the manifest make the service refuse such a model.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

CHARACTER_NGRAMS = (3, 5)
"""Shortest and longest character term, in code points, word edges counted as one blank each."""

NUMBER_FORM = "0"
"""Every number becomes this token: a figure is a fact whatever its size (codebook rule 1)."""

UNITED_STATES_FORM = "u.s."
"""One form for the abbreviations that lower-casing would make 'us' or tokenising would drop."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHUNK = re.compile(
    rf"""
      (?P<us> (?<!\w)(?: U\.\s?S\.(?:\s?A\.)? | USA? | EE\.\s?UU\.? | EEUU | EUA )(?!\w) )
    | (?P<han> [{_HAN}]+ )
    | (?P<abbreviation> (?<!\w)(?: [^\W\d_]\. ){{2,}} )
    | (?P<number> \d+(?:[.,]\d+)* )
    | (?P<word> [^\W\d_{_HAN}]+ )
    | (?P<mark> [?!？！%] )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A token's form and where it stands: half-open, in code points of the given text."""

    form: str
    start: int
    end: int


class Chunk(NamedTuple):
    """A run of characters that character terms are cut from, with its place in the text."""

    form: str
    start: int
    end: int
    is_han: bool


def compose(text: str) -> str:
    """Return ``text`` in Unicode form NFC, so that both codings of an accent are one."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def chunks(text: str) -> Iterator[Chunk]:
    """Yield the words, numbers, abbreviations and Chinese runs of composed ``text`` in order."""
    for match in _CHUNK.finditer(text):
        kind = match.lastgroup
        if kind == "us":
            form = UNITED_STATES_FORM
        elif kind == "number":
            form = NUMBER_FORM
        else:
            form = match[0].lower()
        yield Chunk(form, match.start(), match.end(), kind == "han")


def tokens(text: str) -> list[Token]:
    """Return the tokens of composed ``text``; a Chinese run gives one token a character."""
    found: list[Token] = []
    for chunk in chunks(text):
        if chunk.is_han:
            found += [Token(c, i, i + 1) for i, c in enumerate(chunk.form, chunk.start)]
        else:
            found.append(Token(*chunk[:3]))
    return found


def word_terms(text: str) -> list[str]:
    """Return every token and every pair of neighbours ("token token"), with repetitions."""
    forms = [token.form for token in tokens(compose(text))]
    return forms + [f"{first} {second}" for first, second in pairwise(forms)]


def character_terms(text: str) -> list[str]:
    """Return the character terms of every chunk, with repetitions.

    A word is padded with one blank on both sides, so that a term tells beginnings and endings
    from the inside; a Chinese run is not, since its ends are those of no word.
    """
    terms: list[str] = []
    for chunk in chunks(compose(text)):
        terms += chunk_character_terms(chunk.form, is_han=chunk.is_han)
    return terms


@lru_cache(maxsize=1 << 16)
def chunk_character_terms(form: str, *, is_han: bool) -> tuple[str, ...]:
    """Return the character terms of one chunk; cached, since a text repeats its words."""
    padded = form if is_han else f" {form} "
    shortest, longest = CHARACTER_NGRAMS
    return tuple(
        padded[i : i + n] for n in range(shortest, longest + 1) for i in range(len(padded) - n + 1)
    )
