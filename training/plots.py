"""The pictures of ``report.html``: each function draws one small picture and returns inline SVG.

Called by ``training.page``. The same input gives the same bytes. Colours are names of CSS
variables that the page sets (``--ink``, ``--label-0``), so that a picture follows the reader's
light or dark theme; what a colour says, a marker or a line style says too. Pictures are drawn
narrow, so that text stays readable on a telephone. Computes no metric but those along a curve.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.calibration_metrics import Bin
from training.metrics import Metric
from training.svg import GRID, INK, MUTED, PAPER, drawing, label_color, to_svg

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MARKERS = ("o", "s", "^", "D", "v", "P")
GLYPHS = ("●", "■", "▲", "◆", "▼", "✚")
"""The same marks as text. Beyond six labels they repeat, and titles alone tell labels apart."""

LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))

WIDTH = 340
"""Width of a picture in points, which the page shows as CSS pixels."""

_HALO = {"facecolor": PAPER, "alpha": 0.8, "edgecolor": "none", "pad": 1}
"""Box behind text, so that it can be read across lines."""

_ROOT_TICKS = (0, 0.02, 0.1, 0.25, 0.5, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a dot plot: what it is called, and a metric with its interval."""

    name: str
    metric: Metric


def label_mark(column: int) -> str:
    """Return the character that stands for a label beside its colour."""
    return GLYPHS[column % len(GLYPHS)]


def dot_plot(rows: Sequence[Row], column: int, alt: str) -> str:
    """Draw each metric as a dot, its interval as a whisker, and its value at the right.

    ``column`` is the label's number; it picks colour and marker. A metric that is NaN has a dash.
    """
    with drawing():
        figure, axes = _axes(height=48 + 30 * len(rows))
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        for y, row in enumerate(rows):
            _whisker(axes, row.metric, y, column)
            shown = "–" if np.isnan(row.metric.value) else f"{row.metric.value:.2f}"
            axes.text(1.05, y, shown, va="center", fontweight="bold")
        names = [textwrap.fill(row.name, 18) for row in rows]
        axes.set_yticks(range(len(rows)), names, color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
        return to_svg(figure, alt)


def precision_recall_plot(
    scores: Floats, truth: Bools, chosen: tuple[float, float], column: int, alt: str
) -> str:
    """Draw precision over recall for every threshold.

    ``chosen`` is (recall, precision) of the labels given, marked unless NaN. ``scores`` and
    ``truth`` are of shape (n_sentences,).
    """
    precision, recall, _ = _along_thresholds(scores, truth)
    share = float(truth.mean())
    with drawing():
        figure, axes = _axes(height=250)
        axes.step(
            [0, *recall], [precision[0], *precision], where="pre", color=label_color(column), lw=2
        )
        axes.axhline(share, color=MUTED, ls=":", lw=1.2)
        if not np.isnan(chosen).any():
            _mark(axes, chosen, column)
            _note(axes, "chosen threshold", chosen)
        _unit_axes(axes, "Recall: share of the true ones found", "Precision: share right")
        return to_svg(figure, alt)


def reliability_plot(bins: Sequence[Bin], column: int, alt: str) -> str:
    """Draw the share of the label in bins of similar score, with intervals and counts.

    Both axes are square roots, as most scores of a rare label are close to 0, and end where the
    bins end.
    """
    largest = min(1.0, 1.3 * max(max(b.mean_score, b.interval[1]) for b in bins))
    with drawing():
        figure, axes = _axes(height=270)
        axes.set_xscale("function", functions=(_root, np.square))
        axes.set_yscale("function", functions=(_root, np.square))
        axes.plot([0, 1], [0, 1], color=MUTED, ls="--", lw=1.2)
        for one in bins:
            axes.plot(
                [one.mean_score] * 2, one.interval, color=label_color(column), lw=1.4, alpha=0.55
            )
        marker = MARKERS[column % len(MARKERS)]
        means, shares = [b.mean_score for b in bins], [b.share for b in bins]
        axes.plot(means, shares, marker=marker, ms=6, ls="", color=label_color(column))
        for one in _spread(bins, largest):
            axes.annotate(
                f"{one.n_true}/{one.n_sentences}",
                (one.mean_score, one.interval[1]),
                (0, 4), textcoords="offset points", ha="center", size=10.5, color=MUTED,
            )  # fmt: skip
        _percent_axes(axes, largest)
        return to_svg(figure, alt)


def threshold_plot(scores: Floats, truth: Bools, threshold: float, column: int, alt: str) -> str:
    """Draw precision, recall and F1 over the threshold, the chosen one marked."""
    precision, recall, cuts = _along_thresholds(scores, truth)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    with drawing():
        figure, axes = _axes(height=275)
        axes.set_xscale("function", functions=(_root, np.square))
        axes.plot(cuts, precision, color=INK, ls="--", lw=1.3, label="precision", ds="steps-post")
        axes.plot(cuts, recall, color=INK, ls=":", lw=1.6, label="recall", ds="steps-post")
        axes.plot(cuts, f1, color=label_color(column), lw=2.4, label="F1", ds="steps-post")
        axes.axvline(threshold, color=MUTED, lw=1)
        side = "left" if threshold < 0.5 else "right"
        axes.annotate(
            f"chosen {threshold:.2f}", (threshold, 1.04), (5 if side == "left" else -5, 0),
            textcoords="offset points", ha=side, va="bottom", bbox=_HALO,
        )  # fmt: skip
        axes.set_ylim(-0.02, 1.18)
        axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.set_xticks(_ROOT_TICKS, ["0", ".02", ".1", ".25", ".5", "1"])
        axes.set_xlim(0, 1.02)
        axes.set_xlabel("Threshold: lowest score that gets the label")
        figure.legend(loc="outside upper left", ncols=3)
        return to_svg(figure, alt)


def learning_plot(
    n_sentences: Sequence[int],
    lines: Mapping[str, Sequence[float]],
    columns: Mapping[str, int],
    alt: str,
) -> str:
    """Draw how each metric grows with the labelled sentences; NaN leaves a gap.

    ``columns`` holds the label's number of those lines that are about one; the others are ink.
    """
    with drawing():
        figure, axes = _axes(height=290 + 17 * len(lines), width=420)
        for number, (name, values) in enumerate(lines.items()):
            column = columns.get(name)
            axes.plot(
                n_sentences, values, label=name, lw=2 if column is not None else 2.6, ms=6,
                color=INK if column is None else label_color(column), ls=LINES[number % len(LINES)],
                marker="X" if column is None else MARKERS[column % len(MARKERS)],
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xticks(n_sentences, [f"{n:,}" for n in n_sentences])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, None)
        axes.set_xlabel("Labelled sentences learned from (each step right multiplies)")
        figure.legend(loc="outside upper left", ncols=1)
        return to_svg(figure, alt)


def _axes(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    return figure, figure.add_subplot()


def _whisker(axes: Axes, metric: Metric, y: float, column: int) -> None:
    axes.plot([0, 1], [y, y], color=GRID, lw=0.8)
    if not np.isnan(metric.low):
        axes.plot([metric.low, metric.high], [y, y], color=label_color(column), lw=5, alpha=0.35)
    _mark(axes, (metric.value, y), column)


def _mark(axes: Axes, at: tuple[float, float], column: int) -> None:
    axes.plot(
        *at, marker=MARKERS[column % len(MARKERS)], ms=10, color=label_color(column),
        markeredgecolor=PAPER, markeredgewidth=1.2, clip_on=False, zorder=5,
    )  # fmt: skip


def _note(axes: Axes, text: str, at: tuple[float, float]) -> None:
    """Write at a distance from a point, towards the middle of the picture."""
    right, high = at[0] > 0.5, at[1] > 0.7
    axes.annotate(
        text, at, (-14 if right else 14, -34 if high else 34), textcoords="offset points",
        ha="right" if right else "left", va="center", bbox=_HALO,
        arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.8, "shrinkB": 5},
    )  # fmt: skip


def _along_thresholds(scores: Floats, truth: Bools) -> tuple[Floats, Floats, Floats]:
    """Return precision and recall at each distinct score taken as threshold, highest first."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    is_cut = np.append(ranked[1:] < ranked[:-1], True)
    hits = np.cumsum(truth[order])[is_cut]
    n_given = np.arange(1, len(ranked) + 1)[is_cut]
    return hits / n_given, hits / max(1, int(truth.sum())), ranked[is_cut]


def _spread(bins: Sequence[Bin], largest: float) -> list[Bin]:
    """Return the bins whose counts can be written side by side, from the right."""
    kept: list[Bin] = []
    for one in reversed(bins):
        apart = _root(kept[-1].mean_score) - _root(one.mean_score) if kept else 1.0
        if apart > 0.26 * _root(largest):
            kept.append(one)
    return kept


def _root(values: Floats | float) -> Floats:
    return np.sqrt(np.maximum(values, 0.0))


def _percent_axes(axes: Axes, largest: float) -> None:
    at = [value for value in _ROOT_TICKS if value <= largest]
    names = [f"{value:.0%}" for value in at]
    axes.set_xticks(at, names)
    axes.set_yticks(at, names)
    axes.set_xlim(0, 1.03 * largest)
    axes.set_ylim(0, 1.03 * largest)
    axes.set_xlabel("Mean score that the model gave")
    axes.set_ylabel("Share that have the label")


def _unit_axes(axes: Axes, x: str, y: str) -> None:
    at, names = [0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"]
    axes.set_xticks(at, names)
    axes.set_yticks(at, names)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
