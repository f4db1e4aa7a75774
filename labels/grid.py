"""The coverage grid: what the labelled set speaks of, and which names occur with which label.

``grid.json`` is data beside the taxonomy. A label set without one (a user's own) has no grid to
fill and is not checked against any.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy

GRID_FILE = "grid.json"
OFF_TOPIC = "off_topic"
NO_LABEL = "(no label)"


class GridError(ValueError):
    """A grid file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Regions by themes, the speakers' sides, and the ways in which each name is written.

    Every cell of region and theme should hold ``minimum_passages`` passages.
    """

    regions: tuple[str, ...]
    themes: tuple[str, ...]
    sides: tuple[str, ...]
    minimum_passages: int
    names: dict[str, tuple[str, ...]]


def read_grid(labels_dir: Path) -> Grid | None:
    """Read ``grid.json`` of a label set; None if it has none.

    Raises
    ------
    GridError
        If the file is damaged or a part is missing.
    """
    path = labels_dir / GRID_FILE
    if not path.exists():
        return None
    try:
        content = orjson.loads(path.read_bytes())
        return Grid(
            regions=tuple(content["regions"]),
            themes=tuple(content["themes"]),
            sides=tuple(content["sides"]),
            minimum_passages=int(content["minimum_passages"]),
            names={name: tuple(forms) for name, forms in content["names"].items()},
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise GridError(f"{path}: not a grid ({error})") from error


def count_passages(sentences: Sequence[LabelledSentence], grid: Grid) -> dict[tuple[str, str], int]:
    """Return how many passages each cell (region, theme) holds; every cell is there."""
    passages = {(s.region, s.theme, s.passage) for s in sentences if s.region}
    counts = Counter((region, theme) for region, theme, _ in passages)
    return {
        (region, theme): counts[region, theme] for region in grid.regions for theme in grid.themes
    }


def grid_problems(
    sentences: Sequence[LabelledSentence], taxonomy: Taxonomy, grid: Grid
) -> list[str]:
    """Return what is wrong: unknown places, cells and registers too empty, one-sided names."""
    problems = []
    for sentence in sentences:
        if sentence.region and not _is_known(sentence, grid):
            problems.append(
                f"{sentence.id}: region {sentence.region!r}, theme {sentence.theme!r}, side "
                f"{sentence.side!r} are not all in {GRID_FILE}"
            )
    for (region, theme), n_passages in count_passages(sentences, grid).items():
        if n_passages < grid.minimum_passages:
            problems.append(
                f"grid: {region} x {theme} has {n_passages} passages, expected at least "
                f"{grid.minimum_passages}"
            )
    for name, counts in count_names(sentences, taxonomy, grid).items():
        missing = [label for label in taxonomy.ids if not counts[label]]
        if missing:
            problems.append(f"grid: {name!r} never occurs with {', '.join(missing)}")
        elif max(counts, key=lambda label: counts[label]) != NO_LABEL:
            problems.append(f"grid: {name!r} occurs most often with a label, expected with none")
    return problems


def count_names(
    sentences: Sequence[LabelledSentence], taxonomy: Taxonomy, grid: Grid
) -> dict[str, dict[str, int]]:
    """Return, per name, in how many sentences it occurs with each label and with none."""
    counts: dict[str, dict[str, int]] = {}
    for name, forms in grid.names.items():
        # Chinese has no blanks between words, so its names need no word edge.
        edges = [
            re.escape(f) if "\u4e00" <= f[0] <= "\u9fff" else rf"\b{re.escape(f)}(?!\w)"
            for f in forms
        ]
        pattern = re.compile("|".join(edges))
        found: dict[str, int] = defaultdict(int)
        for sentence in sentences:
            if pattern.search(sentence.text):
                for label in sentence.labels or (NO_LABEL,):
                    found[label] += 1
        counts[name] = {label: found[label] for label in (*taxonomy.ids, NO_LABEL)}
    return counts


def _is_known(sentence: LabelledSentence, grid: Grid) -> bool:
    if sentence.side not in grid.sides:
        return False
    if sentence.region == OFF_TOPIC:
        return sentence.theme == OFF_TOPIC
    return sentence.region in grid.regions and sentence.theme in grid.themes
