"""What the kernel knows of every character: its classes and its small letter.

``tables.h`` numbers the classes; the numbers are repeated here by name.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.text import is_han

N_CODE_POINTS = 0x110000
PAGE = 256
_LETTER, _DIGIT, _HAN, _SPACE, _UPPER, _LOWER = 1, 2, 4, 8, 16, 32
_NOT_COMPOSED, _CONTEXTUAL, _NUMERAL, _WORD = 64, 128, 256, 512
_NO_CHARACTER = frozenset({"Cn", "Co", "Cs"})  # not assigned, private, surrogate


@cache
def character_tables() -> dict[str, NDArray[Any]]:
    """Return class and small letter of every character, in pages, as this Python has them."""
    code_points = np.arange(N_CODE_POINTS, dtype=np.uint32)
    everything = code_points.tobytes().decode("utf-32-le", "surrogatepass")
    taken = _taken(everything)
    classes = np.zeros(N_CODE_POINTS, dtype=np.uint16)
    for pattern, bit in (
        (r"[^\W\d_]+", _LETTER),
        (r"\d+", _DIGIT),
        (r"\s+", _SPACE),
        (r"\w+", _WORD),
    ):
        for run in re.finditer(pattern, everything):
            classes[run.start() : run.end()] |= bit
    lower = code_points.copy()
    composing = _composing(taken)
    for i, character in taken.items():
        bits = 0
        if character.isupper():
            bits |= _UPPER
        elif character.islower():
            bits |= _LOWER
        if character.isdigit():
            bits |= _NUMERAL
        if is_han(character):
            bits |= _HAN
        if (small := character.lower()) != character:
            if len(small) > 1 or f"a{character}".lower() != f"a{small}":
                bits |= _CONTEXTUAL
            lower[i] = ord(small[0])
        if (
            character in composing
            or unicodedata.combining(character)
            or unicodedata.normalize("NFC", character) != character
        ):
            bits |= _NOT_COMPOSED
        classes[i] |= bits
    # As shifts, the pages of most scripts are alike.
    shifts = lower - code_points
    pages = np.column_stack([classes.reshape(-1, PAGE), shifts.reshape(-1, PAGE)])
    number_of: dict[bytes, int] = {}
    page = [number_of.setdefault(content.tobytes(), len(number_of)) for content in pages]
    different = pages[np.unique(page, return_index=True)[1]]
    return {
        "char_page": np.array(page, dtype=np.uint16),
        "char_class": different[:, :PAGE].astype(np.uint16).ravel(),
        "char_shift": different[:, PAGE:].astype(np.uint32).ravel(),
    }


def _taken(everything: str) -> dict[int, str]:
    """Return the characters of the pages that are not empty, an eighth of all, by code point."""
    return {
        i: everything[i]
        for first in range(0, N_CODE_POINTS, PAGE)
        if not _NO_CHARACTER.issuperset(map(unicodedata.category, everything[first : first + PAGE]))
        for i in range(first, first + PAGE)
    }


def _composing(taken: Mapping[int, str]) -> frozenset[str]:
    """Return the characters that can become one with what stands before them."""
    second = {
        chr(int(parts[1], 16))
        for character in taken.values()
        if (decomposed := unicodedata.decomposition(character)) and decomposed[0] != "<"
        if len(parts := decomposed.split()) == 2
    }
    # Korean letters compose by rule, without an entry of their own.
    return frozenset(second | {chr(i) for i in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))})
