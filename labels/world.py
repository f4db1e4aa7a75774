"""Whether a sentence lies in a model's world: prose of a known language with known words.

Outside, a score is a guess from the intercept; the answer is then no label, with the reason.
"""

import re
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from labels.text import count_han

if TYPE_CHECKING:
    from labels.terms import Item

Reason = Literal[
    "too_short", "too_long", "not_prose", "unknown_words", "nobody_named", "language_unsupported"
]
"""Why a sentence gets no label whatever its scores."""

REASONS: tuple[Reason | None, ...] = (None, *get_args(Reason))
"""Reasons by their code, in arrays of sentences; 0 is none."""

NOBODY_NAMED = REASONS.index("nobody_named")
TOO_LONG = REASONS.index("too_long")
LANGUAGE_UNSUPPORTED = REASONS.index("language_unsupported")

MIN_WORDS = 3
"""A menu entry has fewer; the shortest labelled sentence of the set has five."""

MAX_WORDS = 400
"""No sentence is longer; a table or a text without stops is."""

MIN_LETTERS = 0.6
"""Least share of letters among what is not blank: program code and tables have less.

A Chinese character, which stands for several letters, counts twice.
"""


_NO_LETTERS = re.compile(r"[\W\d_]+")


def known_share(items: "Sequence[Item]", vocabulary: Container[str]) -> float:
    """Return the share of a sentence's words that occur in a vocabulary of ``word`` terms.

    Names count as known; a sentence without words has the share 0.
    """
    if not items:
        return 0.0
    return sum(1 for item in items if item.names or item.stem in vocabulary) / len(items)


def reason_outside(
    text: str, items: "Sequence[Item]", known: float, min_known: float
) -> Reason | None:
    """Return why composed ``text`` is outside the model's world, None if it is inside."""
    # A Chinese character counts for half a word.
    n_words = items[-1].place + 1 if items else 0
    if n_words < MIN_WORDS:
        return "too_short"
    if n_words > MAX_WORDS:
        return "too_long"
    if not is_prose(text):
        return "not_prose"
    return "unknown_words" if known < min_known else None


def is_prose(text: str) -> bool:
    """Tell whether letters make up most of what is not blank in ``text``."""
    n_marks = sum(map(len, text.split()))
    n_letters, n_han = len(_NO_LETTERS.sub("", text)), count_han(text)
    return n_letters + n_han >= MIN_LETTERS * (n_marks + n_han)
