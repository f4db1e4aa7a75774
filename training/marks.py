"""Where in a sentence its evidence stands, so that a page can mark it.

Called by ``training.page``.
"""

import re

from labels.text import is_han

_LEAST_SHOWN = 0.15
"""Part of the largest contribution from which a span is marked in its sentence."""


def marked_spans(text: str, because: tuple[tuple[str, float], ...]) -> list[tuple[str, float]]:
    """Cut a text into pieces with their contribution, 0 for what contributed little or nothing.

    Spans are looked for as whole words, without regard to case; one that the text does not hold,
    or that overlaps an earlier one, is passed over. The pieces joined are the text.
    """
    found: list[tuple[int, int, float]] = []
    least = _LEAST_SHOWN * max((abs(contribution) for _, contribution in because), default=0.0)
    for span, contribution in because:
        place = _place(span, text) if span and abs(contribution) >= least else None
        if place and all(place[1] <= start or place[0] >= end for start, end, _ in found):
            found.append((*place, contribution))
    pieces, position = [], 0
    for start, end, contribution in sorted(found):
        pieces += [(text[position:start], 0.0), (text[start:end], contribution)]
        position = end
    return [piece for piece in [*pieces, (text[position:], 0.0)] if piece[0]]


def _place(span: str, text: str) -> tuple[int, int] | None:
    # Chinese has no blanks: any place is a whole word's there.
    pattern = re.escape(span) if is_han(span[0]) else rf"(?<!\w){re.escape(span)}(?!\w)"
    found = re.search(pattern, text, re.IGNORECASE)
    return found.span() if found else None
