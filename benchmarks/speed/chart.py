"""The picture of README.md: how long a sentence takes each system, in batches and one by one.

A file of its own, so it brings the colours of both themes; the reader's system chooses.
"""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from benchmarks.speed.measure import Row
from benchmarks.speed.report import number
from benchmarks.speed.scoring import BATCHES, OURS, SINGLY
from training.svg import GRID, INK, MUTED, drawing, label_color, to_svg

_THEMES = """<style>
svg { --ink: #1c1d1f; --muted: #55595f; --line: #d3d6da; --paper: #fff;
  --label-0: #1b6fae; --label-1: #b3541e }
@media (prefers-color-scheme: dark) { svg { --ink: #e9eaec; --muted: #a9afb7; --line: #444a52;
  --paper: #16181b; --label-0: #6cb8f2; --label-1: #f2a56f } }
</style>"""

WIDTH = 760
"""In CSS pixels; systems have long names."""

_MARKERS = {BATCHES: ("o", 0), SINGLY: ("s", 1)}


def draw(rows: Sequence[Row]) -> str:
    """Return the picture of the rows of ``scoring`` as an SVG document, the fastest on top."""
    values = {
        (row.case, row.system): row.value
        for row in rows
        if row.case in _MARKERS and not math.isnan(row.value)
    }
    systems = sorted({name for _, name in values}, key=lambda name: values[BATCHES, name])
    alt = "Microseconds a sentence: " + "; ".join(
        f"{name} {number(values[BATCHES, name])} in batches, {number(values[SINGLY, name])} "
        "one by one"
        for name in systems
    )
    with drawing():
        figure = Figure(figsize=(WIDTH / 72, (86 + 34 * len(systems)) / 72), layout="constrained")
        axes = figure.add_subplot()
        for y, name in enumerate(systems):
            pair = [values[BATCHES, name], values[SINGLY, name]]
            axes.plot(pair, [y, y], color=GRID, lw=1.6, zorder=1)
            for case, value in zip(_MARKERS, pair, strict=True):
                marker, column = _MARKERS[case]
                axes.plot(
                    value, y, marker=marker, ms=8, ls="", color=label_color(column),
                    label=case if y == 0 else None,
                )  # fmt: skip
                is_left = value == min(pair) if pair[0] != pair[1] else case == BATCHES
                axes.annotate(
                    number(value), (value, y), (-9 if is_left else 9, 0), size=11,
                    textcoords="offset points", va="center", ha="right" if is_left else "left",
                )  # fmt: skip
        axes.set_xscale("log")
        low, high = min(values.values()), max(values.values())
        axes.set_xlim(low / 2.5, high * 3)
        axes.set_ylim(len(systems) - 0.5, -0.5)
        axes.set_yticks(range(len(systems)), systems, color=INK)
        for text, name in zip(axes.get_yticklabels(), systems, strict=True):
            text.set_fontweight("bold" if name == OURS else "normal")
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        ticks = [
            10.0**k for k in range(math.ceil(math.log10(low / 2.5)), int(math.log10(high)) + 1)
        ]
        axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("µs CPU time a sentence, one core (each step right multiplies)")
        figure.legend(loc="outside upper right", ncols=2, labelcolor=MUTED)
        svg = to_svg(figure, alt)
    opening, _, body = svg.partition(">")
    return f'{opening} width="{WIDTH}" xmlns="http://www.w3.org/2000/svg">{_THEMES}{body}\n'
