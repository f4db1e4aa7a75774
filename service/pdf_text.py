"""From the lines of PDF pages to paragraphs: a PDF knows where a line ends, not why.

Called by ``service.extract``.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

NEARLY_FULL = 0.75
"""Part of the usual width from which a line ended because the next word did not fit."""

MIN_PAGES = 3
"""Pages from which a line at the edge of most of them is a running head, not text."""

_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\u00ad\u2010]$")
_LIGATURES = re.compile("[\ufb00-\ufb06]")
_DIGITS = re.compile(r"\d+")
_WIDE = ("W", "F")


def join_pages(pages: Sequence[str]) -> str:
    """Return the text of the pages in paragraphs, a blank line between them.

    Running heads and page numbers are left out, words cut at the end of a line are joined.
    """
    lines_of = _without_running_heads([page.split("\n") for page in pages])
    lines = [line.strip() for lines in lines_of for line in lines]
    usual = _usual_width(lines)
    parts: list[str] = []
    last = ""
    for line in lines:
        is_hyphenated = bool(_HYPHENATED.search(last))
        if last and not is_hyphenated and _width(last) < NEARLY_FULL * usual:
            parts.append("\n\n")
        elif is_hyphenated and last[-2].islower() and line[0].islower():
            # A capital before the hyphen, as in "US-led", shows that it is the word's own.
            parts[-1] = parts[-1][:-1]
        elif last and not is_hyphenated and unicodedata.east_asian_width(last[-1]) not in _WIDE:
            parts.append(" ")
        parts.append(line)
        last = line
    return _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), "".join(parts))


def _without_running_heads(pages: list[list[str]]) -> list[list[str]]:
    """Drop first and last lines that most pages share but for their numbers, and blank ones."""
    pages = [[line for line in page if line.strip()] for page in pages]
    if len(pages) < MIN_PAGES:
        return pages
    for edge in (0, -1):
        shared = Counter(_DIGITS.sub("#", page[edge].strip()) for page in pages if page)
        for page in pages:
            if page and shared[_DIGITS.sub("#", page[edge].strip())] > len(pages) / 2:
                del page[edge]
    return pages


def _usual_width(lines: Sequence[str]) -> float:
    """Return the width that nine in ten lines do not exceed; headings and last lines are short."""
    widths = sorted(map(_width, lines))
    return widths[int(0.9 * (len(widths) - 1))] if widths else 0.0


def _width(line: str) -> int:
    """Return the width in columns: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in line)
