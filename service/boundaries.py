"""Find where sentences end, for ``service.sentences``.

sentencex finds the boundaries; it cuts too often at abbreviations and never at a line break
without a full stop, so a small step mends both. Every rule looks at a bounded stretch of text:
the cost is linear, also on hostile input.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise

import sentencex

MERGE_LOOK_BACK = 40
"""Code points before a boundary in which an abbreviation is looked for."""

WINDOW = 4000
"""Code points that the splitter sees at a time.

Quotation marks that are never closed cost it the square of what it sees: a text of 100,000 took
16 seconds at once and takes half a second in windows.
"""

WRAPPED_WIDTHS = range(28, 201)
"""Widths, in columns, to which mail programs, wires, narrow pages and converters break lines."""

NEARLY_FULL = 0.95
"""Part of the width that a line and the next word exceed if that word did not fit."""

MIN_WITHIN = 0.95
"""Share of the lines that keep to the width of a text."""

MIN_FULL = 0.75
"""Least share of the line breaks that are told by the width, in a text of fixed width."""

# A title or a counter is always followed by what it belongs to, so no sentence ends here.
_BINDS_FORWARD = re.compile(
    r"""(?:^|[\s("“«'’—–-])(?:
        Mr|Mrs|Ms|Dr|Prof|Sr|Sra|Srta|Dra|Lic|Ing|Gral|Gen|Sen|Rep|Gov|Col|Capt|Lt|Sgt|Adm|St|Hon
      | Rev|Mlle|MM|Frhr|Nr|[Nn]º|[Nn]úm|[Aa]rt|Abs|[Ff]ig|[Vv]ol|pp|cf|vs
      | ca|bzw|sog|z\.\s?B|d\.\s?h
      | p\.\s?ej|e\.g|i\.e | [A-ZÀ-Þ]
      | [Dd]ep|[Gg]ob|[Gg]ov|[Pp]res|[Ss]en|[Gg]én|[Gg]ral|[Cc]nel|[Cc]el|[Mm]gr|[Aa]v|[Ee]ng
      | [Ee]xm[oa]|[Mm]me|[Dd]ra?|[Ss]ra?|[Pp]rof|(?<!\d\s)[Mm]in
    )\.$""",
    re.VERBOSE,
)
# These may end a sentence: only a small letter or a figure behind them shows that they did not.
_MAY_BIND = re.compile(
    r"(?:\b[A-Za-z]\.(?:\s?[A-Za-z]\.)+"
    r"|\b(?:Inc|Corp|Ltd|Co|Jr|[Nn]o|etc|approx|acc|Mio|Mrd|mill|EE\. UU|Cía|Ltda|Av|dept|inkl|u\.a"
    r"|[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ept?|[Oo][ck]t|[Nn]ov|[Dd]e[czs]"
    r"|[Ee]ne|[Aa]br|[Aa]go|[Dd]ic|[Ff]ev|[Mm]ai|[Ss]et|[Oo]ut|janv|févr|avr|juil|déc)\.)$"
)
# In German a number with a full stop is an ordinal; behind other words it may end a sentence.
_ORDINAL = re.compile(
    r"""(?:^|\b(?:[Aa]m|[Ii]m|[Vv]om|[Zz]um|[Zz]ur|[Bb]eim|[Aa]b|[Bb]is|[Ss]eit|[Dd](?:er|ie|as|em|en|es)
      | (?:[Dd]ies|[Jj]ed|[Jj]en|[Ee]in|[Ii]hr|[Ss]ein|[Uu]nser)(?:e[mnrs]?)? | [A-ZÄÖÜ]\w+s)\s|,\s)
    \d{1,3}\.$""",
    re.VERBOSE,
)
_ONLY_COUNTER = re.compile(r"(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]")
_WIDE = re.compile(
    "[\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]"
)
_BULLET = re.compile(r"(?:[-*•–—·▪►]|\d{1,3}[.)])\s")


def cut_sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Return what ``service.sentences.split_sentences`` does, by looking for boundaries."""
    spans: list[tuple[int, int]] = []
    is_break = True
    for start, end, is_paragraph_break in _find_pieces(text, language):
        if is_paragraph_break or not text[start:end].strip():
            is_break = True
            continue
        if spans and not is_break and _belongs_together(text, spans[-1], start, language):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        is_break = False
    wrap_width = _wrap_width(text)
    lines = [line for span in spans for line in _split_lines(text, span, wrap_width)]
    return [trimmed for line in lines if (trimmed := _trim(text, line))]


def _find_pieces(text: str, language: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of each piece, in order and without gaps, and if it parts paragraphs.

    The last piece in a window may go on behind it, so the next window begins with this piece. One
    that fills its window is joined with what follows.
    """
    start = begin = 0  # of the window, of the piece
    while start < len(text):
        window = text[start : start + WINDOW]
        found = list(sentencex.get_sentence_boundaries(language, window))
        if start + WINDOW < len(text):
            if len(found) == 1:
                start += WINDOW
                continue
            del found[-1]
        for boundary in found:
            if boundary["is_paragraph_break"] and begin < start + boundary["start_index"]:
                yield begin, start + boundary["start_index"], False
                begin = start + boundary["start_index"]
            end = start + boundary["end_index"]
            yield begin, end, boundary["is_paragraph_break"]
            begin = end
        start = begin


def _belongs_together(text: str, before: tuple[int, int], start: int, language: str) -> bool:
    """Tell whether the boundary at ``start`` cuts a sentence at an abbreviation or an ordinal."""
    following = text[start]
    if following in "ºª°":
        return True
    if "\n" in text[max(before[0], start - MERGE_LOOK_BACK) : start].lstrip():
        return False
    tail = text[max(before[0], start - MERGE_LOOK_BACK) : start].rstrip()
    if start - before[0] <= MERGE_LOOK_BACK and _ONLY_COUNTER.fullmatch(tail.strip()):
        return True
    if _BINDS_FORWARD.search(tail) or (language == "de" and _ORDINAL.search(tail)):
        return True
    return bool(_MAY_BIND.search(tail)) and (following.islower() or following.isdigit())


def _wrap_width(text: str) -> int:
    """Return the width in columns to which lines were broken, 0 if they were not."""
    if "\n" not in text:
        return 0
    lines = [line.strip() for line in text.split("\n")]
    # What cannot be broken, as an address, tells nothing, nor do a few lines of another making.
    lengths = sorted(_columns(line) for line in lines if " " in line or _WIDE.search(line))
    width = lengths[math.ceil(MIN_WITHIN * (len(lengths) - 1))] if lengths else 0
    breaks = [pair for pair in pairwise(lines) if all(pair)]
    if width not in WRAPPED_WIDTHS or len(breaks) < 2:
        return 0
    n_full = sum(_is_full(line, following, width) for line, following in breaks)
    return width if n_full >= MIN_FULL * len(breaks) else 0


def _is_full(line: str, following: str, width: int) -> bool:
    """Tell whether the next word, or Chinese character, did not fit into a line."""
    word = following[0] if _WIDE.match(following) else following.split(maxsplit=1)[0]
    return _columns(line) + 1 + _columns(word) > NEARLY_FULL * width


def _columns(line: str) -> int:
    """Return how wide a line is; Chinese characters and signs take two columns."""
    return len(line) + len(_WIDE.findall(line))


def _split_lines(text: str, span: tuple[int, int], wrap_width: int) -> list[tuple[int, int]]:
    """Cut a span at the line breaks that end something: a headline, a list item, a signature.

    A line that goes on with a small letter was broken in mid-sentence. In a text of fixed width
    so was every line into which the next word did not fit.
    """
    start, end = span
    parts = []
    position = start
    while (newline := text.find("\n", position, end)) >= 0:
        position = newline + 1
        head = text[position : min(position + MERGE_LOOK_BACK, end)].lstrip()
        if not head or head[0].islower():
            continue
        line = text[text.rfind("\n", 0, newline) + 1 : newline].strip()
        is_full = wrap_width > 0 and _is_full(line, head, wrap_width)
        if _BULLET.match(head) or not is_full:
            parts.append((start, newline))
            start = position
    return [*parts, (start, end)]


def _trim(text: str, span: tuple[int, int]) -> tuple[int, int] | None:
    piece = text[span[0] : span[1]]
    stripped = piece.strip()
    if not stripped:
        return None
    start = span[0] + len(piece) - len(piece.lstrip())
    return start, start + len(stripped)
