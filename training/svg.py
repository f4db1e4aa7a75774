"""Matplotlib figures as inline SVG that follows the theme of its page, and readable colours.

Called by ``training.plots`` and ``training.page``. Draws nothing itself.
"""

import io
import re
import warnings
from contextlib import AbstractContextManager
from hashlib import sha256
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure

# Matplotlib wants colours, not names: these stand for CSS variables until the SVG is written.
INK, MUTED, GRID, PAPER = "#000001", "#000002", "#000003", "#000004"
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "line", PAPER: "paper"}
_LABEL_COLOR = re.compile("#0001([0-9a-f]{2})")


def drawing() -> AbstractContextManager[None]:
    """Return the context in which pictures are drawn: settings that leave others' pictures alone.

    Text stays text, and the same input gives the same bytes.
    """
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "stance",
            "font.family": "DejaVu Sans",
            "font.size": 12,
            "axes.edgecolor": MUTED,
            "axes.facecolor": "none",
            "axes.grid": True,
            "axes.labelcolor": MUTED,
            "axes.labelsize": 11.5,
            "axes.axisbelow": True,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.unicode_minus": False,
            "figure.facecolor": "none",
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "legend.fontsize": 11.5,
            "legend.handlelength": 2.6,
            "text.color": INK,
            "text.parse_math": False,
            "xtick.color": GRID,
            "xtick.labelcolor": MUTED,
            "ytick.color": GRID,
            "ytick.labelcolor": MUTED,
            "xtick.labelsize": 11.5,
            "ytick.labelsize": 11.5,
        }
    )


def label_color(column: int) -> str:
    """Return the colour that becomes ``var(--label-<column>)``; at most 256 labels differ."""
    return f"#0001{column % 256:02x}"


def to_svg(figure: Figure, alt: str) -> str:
    """Return a figure as an ``<svg>`` element for a page with others of its kind.

    ``alt`` is read out in place of the picture.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # Text stays text: the reader's browser has the glyphs that matplotlib's font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = re.sub(r"<(metadata|style).*?</\1>|<!--.*?-->", "", buffer.getvalue(), flags=re.DOTALL)
    opening = re.search(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', svg)
    if opening is None:
        raise ValueError("matplotlib wrote an <svg> without a viewBox; one is expected")
    body = _own_ids(_squeezed(svg[opening.end() :]))
    for color, variable in _VARIABLES.items():
        body = body.replace(color, f"var(--{variable})")
    body = _LABEL_COLOR.sub(lambda found: f"var(--label-{int(found[1], 16)})", body)
    width = float(opening[1].split()[2])
    frame = f'class="plot" role="img" aria-label="{escape(alt)}" viewBox="{opening[1]}"'
    return f'<svg {frame} style="max-width:{width:g}px">{body}'


def readable(color: str, background: str, contrast: float = 4.5) -> str:
    """Return ``color``, mixed with black or white until it can be read on ``background``.

    Parameters
    ----------
    color, background : str
        As "#1b7f5c".
    contrast : float
        The ratio that must be reached: 4.5 for text in WCAG 2.2, criterion 1.4.3.
    """
    target = 255 if _luminance(background) < 0.18 else 0
    channels = _channels(color)
    for step in range(21):
        mixed = [round(c + (target - c) * step / 20) for c in channels]
        found = "#" + "".join(f"{c:02x}" for c in mixed)
        lighter, darker = sorted((_luminance(found), _luminance(background)), reverse=True)
        if (lighter + 0.05) / (darker + 0.05) >= contrast:
            return found
    return "#ffffff" if target else "#000000"


def _own_ids(body: str) -> str:
    """Keep only the ids that are referred to, and make them differ from other pictures'."""
    prefix = f"p{sha256(body.encode()).hexdigest()[:8]}-"
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", body)
    return re.sub(r'(?:xlink:)?(url\(|href=")#', lambda m: f"{m[1]}#{prefix}", body)


def _squeezed(body: str) -> str:
    return re.sub(r">\s+<", "><", re.sub(r"\n\s*", " ", body)).strip()


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2, 0 for black, 1 for white."""
    shares = [c / 255 for c in _channels(color)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
