"""What can be a text: strings of Unicode that can be read in reasonable time."""

import re
import unicodedata
from functools import cache

MAX_MARKS = 500
"""Most combining marks in a row. Bringing them into order costs the square of their number.

Unicode's stream-safe form has at most 30; a hundred thousand took 20 seconds.
"""

MAX_SENTENCE_CHARACTERS = 4000
"""What is longer, in code points, is no sentence: ten for each of the most words of one.

It gets no label (``too_long``), and its scores are those of its beginning: reading costs more than
the length, and a text without a stop must not keep the others waiting.
"""

_END_OF_MARKS = 0x20000
"""Behind the first two planes no character combines."""


class TextError(ValueError):
    """A text that cannot be classified. The message never repeats the text."""


def refuse_one_string(texts: object) -> None:
    """Refuse a string where many texts are expected: each of its characters would be one.

    Raises
    ------
    TextError
        If ``texts`` is a string.
    """
    if isinstance(texts, str):
        raise TextError("found one string, expected a list of strings; write [text]")


def check_text(text: object) -> None:
    """Refuse what is no string of Unicode scalar values, or could not be read in reasonable time.

    Raises
    ------
    TextError
        Naming what was found and where; never the text.
    """
    if not isinstance(text, str):
        raise TextError(f"found {type(text).__name__}, expected a string")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TextError(
            f"lone surrogate U+{ord(text[error.start]):04X} at code point {error.start}; expected "
            "valid Unicode"
        ) from None
    # So many in a row cover one of these places. To look everywhere would take several times as
    # long as to label the text.
    places = text[MAX_MARKS :: MAX_MARKS + 1]
    is_suspect = places and any(map(unicodedata.combining, places))
    if is_suspect and (flood := _flood().search(text)):
        raise TextError(
            f"more than {MAX_MARKS} combining marks in a row from code point {flood.start()} on; "
            "expected text"
        )


@cache
def _flood() -> re.Pattern[str]:
    # Made when it is first needed: it takes 11 ms, and hardly any text needs it.
    marks = "".join(c for c in map(chr, range(_END_OF_MARKS)) if unicodedata.combining(c))
    return re.compile(f"[{marks}]{{{MAX_MARKS + 1}}}")
