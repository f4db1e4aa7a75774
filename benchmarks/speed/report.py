"""Results as JSON, as Markdown for docs/speed.md, and as tables for the terminal."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from benchmarks.peers.results import print_whole
from benchmarks.processes import n_cores
from benchmarks.speed.goals import Goal, judge
from benchmarks.speed.measure import Result, Row, machine
from benchmarks.speed.peers import OTHERS, installed_version
from training.report import write_between_markers

PACKAGES = (
    *("fastapi", "starlette", "uvicorn", "pydantic", "orjson", "numpy", "scipy", "scikit-learn"),
    *("pyarrow", *(peer.package for peer in OTHERS)),
)

Found = dict[str, Any]
"""What a subject found, as JSON holds it: rows, ratios, machine, load, versions."""


def describe(result: Result, load_before: float) -> Found:
    """Return a subject's result with what it was measured on.

    ``load_before`` is the load average at its start: programs that wanted a core.
    """
    return {
        "machine": machine(),
        "load": {
            "before": round(load_before, 1),
            "after": round(os.getloadavg()[0], 1),
            "cores": n_cores(),
        },
        "versions": {name: version for name in PACKAGES if (version := installed_version(name))},
        "rows": [asdict(row) for row in result.rows],
        "ratios": result.ratios,
    }


def read_results(path: Path) -> dict[str, Found]:
    """Return what was found before, by subject; empty if there is nothing."""
    if not path.exists():
        return {}
    found: dict[str, Found] = orjson.loads(path.read_bytes())
    return found


def write_results(path: Path, results: Mapping[str, Found]) -> None:
    """Write all subjects as JSON."""
    path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")


def rows_of(found: Found) -> list[Row]:
    """Return the rows; JSON writes NaN as null."""
    rows: list[Found] = [
        {key: math.nan if value is None else value for key, value in row.items()}
        for row in found["rows"]
    ]
    return [Row(**row) for row in rows]


def write_markdown(path: Path, subject: str, found: Found) -> None:
    """Put a subject's tables between its markers."""
    lines = ["", *_markdown_table(_cells(rows_of(found))), ""]
    if goals := judge(found["ratios"], subject):
        lines += [*_markdown_table(_goal_cells(goals)), ""]
    load = found["load"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines.append(
        f"{found['machine']}; load average {load['before']} before and {load['after']} after, "
        f"so {'other programs ran, too' if _is_disturbed(load) else 'little else ran'}. {versions}."
    )
    write_between_markers(path, subject, "\n".join([*lines, "", ""]))


def print_result(subject: str, found: Found) -> None:
    """Print a subject's tables."""
    print_whole(_table(subject, _cells(rows_of(found))))
    if goals := judge(found["ratios"], subject):
        print_whole(_table(f"{subject}: goals", _goal_cells(goals)))


def missed(results: Mapping[str, Found]) -> list[str]:
    """Return the goals that were measured and missed, one line each."""
    return [
        f"{subject}: {goal.says}: {number(value)}, {goal.bound}"
        for subject, found in results.items()
        for goal, value in judge(found["ratios"], subject)
        if value is not None and not goal.is_met(value)
    ]


def number(value: float) -> str:
    """Return a number with about three digits."""
    if math.isnan(value):
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"


def _is_disturbed(load: Mapping[str, float]) -> bool:
    # One is this program itself.
    return max(load["before"], load["after"]) > 1.5


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    first: dict[str, float] = {}
    cells = [["case", "system", "median", "from – to", "× first", "note"]]
    for row in rows:
        times = row.value / first.setdefault(row.case, row.value)
        cells.append(
            [
                row.case,
                row.system,
                f"{number(row.value)} {row.unit}",
                "" if row.low == row.high else f"{number(row.low)} – {number(row.high)}",
                number(times),
                row.note,
            ]
        )
        if math.isnan(row.value):
            cells[-1][2:5] = ["–", "", ""]
    return cells


def _goal_cells(goals: Sequence[tuple[Goal, float | None]]) -> list[list[str]]:
    cells = [["goal", "expected", "measured", ""]]
    for goal, value in goals:
        measured = "not measured" if value is None else number(value)
        verdict = "" if value is None else "met" if goal.is_met(value) else "**missed**"
        cells.append([goal.says, goal.bound, measured, verdict])
    return cells


def _markdown_table(cells: Sequence[Sequence[str]]) -> list[str]:
    header, *rows = [[cell.replace("|", r"\|") for cell in row] for row in cells]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _table(title: str, cells: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in cells[0]:
        table.add_column(heading, no_wrap=True)
    for row in cells[1:]:
        table.add_row(*(cell.replace("**", "").replace("`", "") for cell in row))
    return table
