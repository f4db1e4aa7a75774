"""``report.html``: one page that shows what was measured to somebody who is new to the project.

Called by ``training.run`` and the ``evaluate`` command. The page needs no network and runs no
script; the layout is ``report_template.html``, the pictures are those of ``training.plots``.
Computes no metric that ``training.metrics`` or ``training.calibration_metrics`` has.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from labels.taxonomy import Taxonomy
from training import plots
from training.calibration_metrics import (
    Bin,
    brier_score,
    expected_calibration_error,
    quantile_bins,
)
from training.confusion import confusion_of_sets
from training.marks import marked_spans
from training.metrics import Evaluation, LabelMetrics, Metric
from training.report import Report
from training.svg import readable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEMPLATE = "report_template.html"
LIGHT, DARK = "#ffffff", "#1c1f26"
"""What text stands on, in both themes; ``report_template.html`` has the same."""

_LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "pt": "Portuguese",
    "und": "unknown", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A wrong or doubtful sentence.

    ``label`` is the label in question; ``because`` holds spans or terms with their contributions
    to its logit, largest first. ``scores`` maps label ids to scores.
    """

    text: str
    language: str
    register: str
    true: tuple[str, ...]
    given: tuple[str, ...]
    scores: dict[str, float]
    because: tuple[tuple[str, float], ...]
    label: str


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything the page shows; a section whose field is empty is left out.

    Parameters
    ----------
    title : str
        What was measured on, such as "dev.jsonl".
    scores, given, truth : of shape (n_sentences, n_labels)
    thresholds : dict
        Label id to threshold.
    prevalence : float or None
        Share of sentences with one given label at which the scores are stated.
    ablation : tuple
        Name of the variant, then column to value; higher is better.
    curve : tuple
        Number of labelled sentences, ascending, then column to value. A column that is a label
        id is drawn in the label's colour.
    peers : tuple
        Name, then column to what stands in the cell.
    strongest : dict
        Label id to terms with their weights, for (above 0) and against (below).
    """

    title: str
    model_version: str
    taxonomy: Taxonomy
    report: Report
    scores: Floats
    given: Bools
    truth: Bools
    thresholds: dict[str, float]
    prevalence: float | None
    ablation: tuple[tuple[str, dict[str, float]], ...] = ()
    curve: tuple[tuple[int, dict[str, float]], ...] = ()
    peers: tuple[tuple[str, dict[str, str]], ...] = ()
    strongest: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    errors: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class _LabelView:
    """A label with all that is shown about it; ``color`` is for light, ``color_dark`` for dark."""

    id: str
    title: str
    definition: str
    column: int
    mark: str
    color: str
    color_dark: str
    metrics: LabelMetrics
    threshold: float
    bins: tuple[Bin, ...]
    calibration_error: float
    brier: float
    brier_of_share: float
    pictures: dict[str, str]


@dataclass(frozen=True, slots=True)
class _SliceView:
    """The values of a field such as the language, and one picture per label."""

    field: str
    rows: dict[str, Evaluation]
    pictures: tuple[str, ...]


def render_page(content: PageContent) -> str:
    """Return the page as HTML; the same content gives the same bytes."""
    labels = [_label_view(content, column) for column in range(len(content.taxonomy.labels))]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "metric": _metric, "percent": _percent}
    environment.filters |= {"spans": marked_spans, "language": _language}
    return environment.get_template(TEMPLATE).render(
        content=content,
        labels=labels,
        by_id={label.id: label for label in labels},
        overall=content.report.overall,
        slices=_slice_views(content),
        confusion=confusion_of_sets(content.given, content.truth),
        curve_picture=_curve_picture(content),
        ablation_best=_best_of_columns(content.ablation),
        has_rules=not content.taxonomy.is_multi_label
        or any(label.about for label in content.taxonomy.labels),
        labelled_share=float(content.truth.any(axis=1).mean()),
    )


def _label_view(content: PageContent, column: int) -> _LabelView:
    label = content.taxonomy.labels[column]
    scores, truth = content.scores[:, column], content.truth[:, column]
    bins, share = quantile_bins(scores, truth), float(truth.mean())
    return _LabelView(
        id=label.id,
        title=label.title,
        definition=label.definition,
        column=column,
        mark=plots.label_mark(column),
        color=readable(label.color, LIGHT),
        color_dark=readable(label.color, DARK, contrast=5.5),
        metrics=content.report.overall.labels[column],
        threshold=content.thresholds[label.id],
        bins=bins,
        calibration_error=expected_calibration_error(scores, truth),
        brier=brier_score(scores, truth),
        brier_of_share=share * (1 - share),
        pictures=_label_pictures(content, column, bins),
    )


def _label_pictures(content: PageContent, column: int, bins: tuple[Bin, ...]) -> dict[str, str]:
    """Draw all that is about one label on the whole file."""
    label, metrics = content.taxonomy.labels[column], content.report.overall.labels[column]
    scores, truth = content.scores[:, column], content.truth[:, column]
    rows = [
        plots.Row("Precision", metrics.precision),
        plots.Row("Recall", metrics.recall),
        plots.Row("F1", metrics.f1),
        plots.Row("Average precision", metrics.average_precision),
    ]
    values = ", ".join(f"{row.name} {_metric(row.metric)}" for row in rows)
    cut = content.thresholds[label.id]
    headline = plots.dot_plot(rows, column, f"{label.title}: {values}")
    if not truth.any():
        return {"headline": headline}
    chosen = (metrics.recall.value, metrics.precision.value)
    shares = "; ".join(f"score {b.mean_score:.3f}, share {b.share:.3f}" for b in bins)
    return {
        "headline": headline,
        "curve": plots.precision_recall_plot(
            scores, truth, chosen, column,
            f"{label.title}: precision over recall, average {_number(rows[3].metric.value)}; at "
            f"the chosen threshold recall {_number(chosen[0])}, precision {_number(chosen[1])}",
        ),
        "reliability": plots.reliability_plot(bins, column, f"{label.title}: bins of {shares}"),
        "threshold": plots.threshold_plot(
            scores, truth, cut, column,
            f"{label.title}: precision, recall and F1 over the threshold; {cut:.2f} is chosen",
        ),
    }  # fmt: skip


def _slice_views(content: PageContent) -> list[_SliceView]:
    """Return the slices that tell something: those of more than one value."""
    views = []
    for name, values in content.report.slices.items():
        if len(values) < 2:
            continue
        shown = {_value_name(name, value): evaluation for value, evaluation in values.items()}
        pictures = [_slice_picture(content, name, shown, c) for c in range(len(content.thresholds))]
        views.append(_SliceView(name, shown, tuple(pictures)))
    return views


def _slice_picture(
    content: PageContent, name: str, rows: dict[str, Evaluation], column: int
) -> str:
    title = content.taxonomy.labels[column].title
    values = "; ".join(f"{row} {_metric(e.labels[column].f1)}" for row, e in rows.items())
    return plots.dot_plot(
        [plots.Row(f"{row} ({e.labels[column].n_true})", e.labels[column].f1)
         for row, e in rows.items()],
        column,
        f"F1 of {title} per {name}: {values}",
    )  # fmt: skip


def _curve_picture(content: PageContent) -> str:
    if len(content.curve) < 2:
        return ""
    titles = _distinct_titles(content.taxonomy)
    names = list(dict.fromkeys(name for _, values in content.curve for name in values))
    lines = {
        titles.get(name, name): [values.get(name, float("nan")) for _, values in content.curve]
        for name in names
    }
    columns = {titles[label]: column for column, label in enumerate(content.taxonomy.ids)}
    ends = "; ".join(f"{name} from {v[0]:.2f} to {v[-1]:.2f}" for name, v in lines.items())
    return plots.learning_plot([n for n, _ in content.curve], lines, columns, f"Growth: {ends}")


def _distinct_titles(taxonomy: Taxonomy) -> dict[str, str]:
    """Return label id to title; to the id where two labels have the same title."""
    titles = [label.title for label in taxonomy.labels]
    return {
        label.id: label.title if titles.count(label.title) == 1 else label.id
        for label in taxonomy.labels
    }


def _best_of_columns(rows: tuple[tuple[str, dict[str, float]], ...]) -> dict[str, float]:
    """Return the highest value of each column, columns in order of appearance."""
    best: dict[str, float] = {}
    for _, values in rows:
        for name, value in values.items():
            best[name] = max(best.get(name, value), value)
    return best


def _value_name(field_name: str, value: str) -> str:
    return _language(value) if field_name == "language" else value.replace("_", " ")


def _language(code: str) -> str:
    return _LANGUAGES.get(code, code)


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _metric(metric: Metric) -> str:
    shown = _number(metric.value)
    return shown if np.isnan(metric.low) else f"{shown} [{metric.low:.2f}, {metric.high:.2f}]"


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f}".removesuffix(".0") + "\u00a0%"
