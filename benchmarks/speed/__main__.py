"""Run the subjects, print their tables and goals: ``python -m benchmarks.speed``.

Exit code 1 if a goal was measured and missed. With ``--write`` the tables go to docs/speed.md,
their numbers to benchmarks/results/speed.json and the picture to docs/speed.svg; subjects that did
not run keep what was found before.
"""

import os

# Before numpy is imported: more than one thread would flatter whoever uses them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.processes import MeasurementError
from benchmarks.speed import (
    chart,
    files,
    growth,
    http,
    ladder,
    report,
    scoring,
    start,
    training,
)
from benchmarks.speed.measure import Result, Scale
from labels.sentences import LabelError
from service.artifact import ArtifactError

SUBJECTS: dict[str, Callable[[Scale], Result]] = {
    "scoring": scoring.measure,
    "ladder": ladder.measure,
    "http": http.measure,
    "start": start.measure,
    "growth": growth.measure,
    "training": training.measure,
    "files": files.measure,
}
ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Measure, print, write, and fail if a goal is missed."""
    arguments = _parser().parse_args()
    scale = Scale().with_rows(arguments.rows)
    try:
        results = run(arguments.only, scale)
    except (MeasurementError, ArtifactError, LabelError) as error:
        raise SystemExit(str(error)) from error
    if arguments.write:
        write(results, ROOT)
    if found := report.missed(results):
        raise SystemExit("\n".join(["goals missed:", *found]))


def run(subjects: Sequence[str], scale: Scale) -> dict[str, report.Found]:
    """Measure subjects one after the other, print the tables of each, return what they found."""
    results: dict[str, report.Found] = {}
    for subject in subjects:
        print(f"{subject} ...", file=sys.stderr, flush=True)
        before = os.getloadavg()[0]
        results[subject] = report.describe(SUBJECTS[subject](scale), before)
        report.print_result(subject, results[subject])
    return results


def write(results: dict[str, report.Found], root: Path) -> None:
    """Write the numbers, the document and the picture of a project in folder ``root``."""
    numbers = root / "benchmarks" / "results" / "speed.json"
    report.write_results(numbers, report.read_results(numbers) | results)
    for subject, found in results.items():
        report.write_markdown(root / "docs" / "speed.md", subject, found)
    if "scoring" in results:
        picture = chart.draw(report.rows_of(results["scoring"]))
        (root / "docs" / "speed.svg").write_text(picture, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument(
        "--only", type=_subjects, default=tuple(SUBJECTS), metavar="SUBJECT,...",
        help=f"some of {', '.join(SUBJECTS)}",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="write document, numbers, picture")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, metavar="N",
        help="most rows to score in growth and files; 10000000 takes long",
    )  # fmt: skip
    return parser


def _subjects(value: str) -> tuple[str, ...]:
    names = tuple(value.split(","))
    if unknown := sorted(set(names) - set(SUBJECTS)):
        raise argparse.ArgumentTypeError(
            f"unknown subject {unknown[0]!r}; expected some of {', '.join(SUBJECTS)}"
        )
    return names


if __name__ == "__main__":
    main()
