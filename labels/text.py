"""How a text is cut into chunks and tokens, the ground of all terms (``labels.terms``).

A text is cut into **chunks**: words, numbers, dotted abbreviations, runs of Chinese characters,
marks. A chunk gives **tokens**: a word is one, a Chinese run one a character. Changing anything
here changes what a stored model means; the probes in the manifest make the service refuse it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

CHARACTER_NGRAMS = (3, 5)
"""Shortest and longest character term, in code points, word edges counted as one blank each."""

NUMBER_FORM = "0"
"""Every number becomes this token: a figure is a fact whatever its size (codebook rule 1)."""

UNITED_STATES_FORM = "u.s."
"""One form for the abbreviations that lower-casing would make 'us' or tokenising would drop."""

MAX_REMEMBERED_LETTERS = 40
"""Longer words are remembered by no cache: they do not come again, and would fill the memory."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_FIRST_HAN = "\u3400"


# Made when they are first needed: the service reads by the kernel, and this takes a while.
@cache
def _chunk() -> re.Pattern[str]:
    return re.compile(
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


@cache
def _united_states() -> re.Pattern[str]:
    return re.compile(r"USA?|EUA|EEUU|U\.\s?S\.(?:\s?A\.)?|EE\.\s?UU\.?")


@cache
def _han() -> re.Pattern[str]:
    return re.compile(f"[{_HAN}]")


def find_chunks(text: str) -> Iterator[re.Match[str]]:
    """Yield the chunks of a composed text; what lies between (blanks, commas) gives no term."""
    return _chunk().finditer(text)


def chunks_of(text: str) -> list[str]:
    """Return the chunks of a composed text as strings."""
    return _chunk().findall(text)


def compose(text: str) -> str:
    """Return ``text`` in Unicode form NFC, so that both codings of an accent are one."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def is_han(chunk: str) -> bool:
    """Tell whether a chunk is a run of Chinese characters."""
    # Most chunks are told apart by their first character alone.
    return chunk[0] >= _FIRST_HAN and _han().match(chunk) is not None


def count_han(text: str) -> int:
    """Return how many Chinese characters a text holds."""
    return len(_han().findall(text))


def chunk_tokens(chunk: str) -> tuple[str, ...]:
    """Return the tokens of one chunk; one, unless it is a run of Chinese characters."""
    if is_han(chunk):
        return tuple(chunk)
    if chunk[0].isdigit():
        return (NUMBER_FORM,)
    if chunk[0] in "UE" and _united_states().fullmatch(chunk):
        return (UNITED_STATES_FORM,)
    return (chunk.lower(),)


def chunk_character_terms(chunk: str) -> tuple[str, ...]:
    """Return the character terms of one chunk.

    A word is padded with one blank on both sides, so that a term tells beginnings and endings
    from the inside; a Chinese run is not, since its ends are those of no word.
    """
    if is_han(chunk):
        return _ngrams(chunk)
    word = chunk_tokens(chunk)[0]
    ngrams = _cached_ngrams if len(word) <= MAX_REMEMBERED_LETTERS else _ngrams
    return ngrams(f" {word} ")


def _ngrams(padded: str) -> tuple[str, ...]:
    shortest, longest = CHARACTER_NGRAMS
    return tuple(
        padded[i : i + n] for n in range(shortest, longest + 1) for i in range(len(padded) - n + 1)
    )


# Texts repeat their words, but hardly ever a whole Chinese run.
_cached_ngrams = lru_cache(maxsize=1 << 16)(_ngrams)
