"""How a sentence becomes terms: the one definition that training and service share.

A text is cut into **chunks**: words, numbers, dotted abbreviations, runs of Chinese characters,
marks. A chunk gives **tokens** (a word is one, a Chinese run one a character). From these come two
blocks of terms: word terms (one and two tokens) and character terms (pieces of three to five
characters inside a chunk). Changing anything here changes what a stored model means; the probes
in the manifest make the service refuse such a model.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

CHARACTER_NGRAMS = (3, 5)
"""Shortest and longest character term, in code points, word edges counted as one blank each."""

NUMBER_FORM = "0"
"""Every number becomes this token: a figure is a fact whatever its size (codebook rule 1)."""

UNITED_STATES_FORM = "u.s."
"""One form for the abbreviations that lower-casing would make 'us' or tokenising would drop."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CHUNK = re.compile(
    rf"""
      U\.\s?S\.(?:\s?A\.)?(?!\w) | EE\.\s?UU\.?(?!\w)
    | (?:[^\W\d_]\.){{2,}}
    | [{_HAN}]+
    | [^\W\d_{_HAN}]+
    | \d+(?:[.,]\d+)*
    | [?!？！%]
    """,
    re.VERBOSE,
)
"""Finds the chunks of a composed text; what it skips (blanks, commas, dashes) gives no term."""

_IS_UNITED_STATES = re.compile(r"USA?|EUA|EEUU|U\.\s?S\.(?:\s?A\.)?|EE\.\s?UU\.?")
_IS_HAN = re.compile(f"[{_HAN}]")


def compose(text: str) -> str:
    """Return ``text`` in Unicode form NFC, so that both codings of an accent are one."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def is_han(chunk: str) -> bool:
    """Tell whether a chunk is a run of Chinese characters."""
    return _IS_HAN.match(chunk) is not None


def chunk_tokens(chunk: str) -> tuple[str, ...]:
    """Return the tokens of one chunk; one, unless it is a run of Chinese characters."""
    if is_han(chunk):
        return tuple(chunk)
    if chunk[0].isdigit():
        return (NUMBER_FORM,)
    if _IS_UNITED_STATES.fullmatch(chunk):
        return (UNITED_STATES_FORM,)
    return (chunk.lower(),)


def chunk_character_terms(chunk: str) -> tuple[str, ...]:
    """Return the character terms of one chunk.

    A word is padded with one blank on both sides, so that a term tells beginnings and endings
    from the inside; a Chinese run is not, since its ends are those of no word.
    """
    if is_han(chunk):
        return _ngrams(chunk)
    return _cached_ngrams(f" {chunk_tokens(chunk)[0]} ")


def _ngrams(padded: str) -> tuple[str, ...]:
    shortest, longest = CHARACTER_NGRAMS
    return tuple(
        padded[i : i + n] for n in range(shortest, longest + 1) for i in range(len(padded) - n + 1)
    )


# Texts repeat their words, but hardly ever a whole Chinese run.
_cached_ngrams = lru_cache(maxsize=1 << 16)(_ngrams)


def word_terms(text: str) -> list[str]:
    """Return every token and every pair of neighbours ("token token"), with repetitions."""
    return with_pairs(
        [token for chunk in CHUNK.findall(compose(text)) for token in chunk_tokens(chunk)]
    )


def with_pairs(tokens: list[str]) -> list[str]:
    """Return the tokens and behind them the pairs of neighbours."""
    return tokens + [f"{first} {second}" for first, second in pairwise(tokens)]


def character_terms(text: str) -> list[str]:
    """Return the character terms of every chunk, with repetitions."""
    return [term for chunk in CHUNK.findall(compose(text)) for term in chunk_character_terms(chunk)]


def place_word_terms(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word term of composed ``text`` with its half-open span in code points."""
    tokens: list[tuple[str, int, int]] = []
    for match in CHUNK.finditer(text):
        forms = chunk_tokens(match[0])
        if len(forms) > 1:
            tokens += [(form, i, i + 1) for i, form in enumerate(forms, match.start())]
        else:
            tokens.append((forms[0], *match.span()))
    yield from tokens
    for first, second in pairwise(tokens):
        yield f"{first[0]} {second[0]}", first[1], second[2]


def place_character_terms(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each character term of composed ``text`` with its chunk's span, in Chinese its own."""
    shortest, longest = CHARACTER_NGRAMS
    for match in CHUNK.finditer(text):
        chunk, (start, end) = match[0], match.span()
        if not is_han(chunk):
            for term in chunk_character_terms(chunk):
                yield term, start, end
            continue
        for n in range(shortest, longest + 1):
            for i in range(len(chunk) - n + 1):
                yield chunk[i : i + n], start + i, start + i + n
