"""The measurements of speed run, on a tiny scale, and their tables can be written and read."""

import math
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.processes import tree
from benchmarks.speed import peers, report
from benchmarks.speed.__main__ import SUBJECTS, run, write
from benchmarks.speed.goals import GOALS
from benchmarks.speed.measure import Row, Scale
from benchmarks.speed.peers import Peer
from labels import kernel
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def scale(tiny_artifact: Path, labels_dir: Path) -> Scale:
    return Scale(
        model=tiny_artifact,
        labels=labels_dir,
        n_rounds=1,
        n_batch=20,
        n_single=5,
        n_slow=5,
        n_requests=5,
        n_loads=1,
        load_seconds=0.2,
        n_connections=2,
        n_terms=(100, 500, 1_000),
        n_labels=(3, 5),
        n_rows=(10, 100),
        n_file_rows=(20, 100),
        peers=(),
    )


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_measures_what_its_goals_need(subject: str, scale: Scale) -> None:
    result = SUBJECTS[subject](scale)
    assert result.rows
    assert all(row.low <= row.value <= row.high for row in result.rows if row.note[:4] != "not ")
    needed = {goal.name for goal in GOALS if goal.subject == subject}
    optional = {name for name in needed if "fastText" in name}
    if not kernel.AVAILABLE:
        optional |= {"hash-only", "terms"}
    assert needed - optional <= set(result.ratios) <= needed
    assert all(value > 0 for value in result.ratios.values())


def test_a_peer_that_is_not_installed_is_told(scale: Scale) -> None:
    absent = Peer("absent", "no-such-distribution", peers.STOCK.train)
    result = SUBJECTS["scoring"](replace(scale, peers=(absent,)))
    rows = [row for row in result.rows if row.system == "absent"]
    assert [row.note for row in rows] == ["not installed"] * 2
    assert all(math.isnan(row.value) for row in rows)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Provide a folder with the document that results are written into."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "speed.md", tmp_path / "docs")
    return tmp_path


def between_markers(path: Path, name: str) -> str:
    text = path.read_text(encoding="utf-8")
    return text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


def test_what_was_found_is_written_as_table_numbers_and_picture(
    scale: Scale, project: Path
) -> None:
    results = run(["scoring"], scale)
    write(results, project)
    write(run(["ladder"], scale), project)
    found = report.read_results(project / "benchmarks" / "results" / "speed.json")
    assert report.rows_of(found["scoring"]) == report.rows_of(results["scoring"])
    assert set(found) == {"scoring", "ladder"}
    scoring = between_markers(project / "docs" / "speed.md", "scoring")
    assert scoring.count("| one by one |") == 4
    assert "| times scikit-learn, same model, in batches | at least 45 |" in scoring
    assert "numpy" in scoring
    picture = ElementTree.parse(project / "docs" / "speed.svg").getroot()  # noqa: S314, our own
    assert "scikit-learn, the same model" in picture.attrib["aria-label"]


def test_a_missed_goal_is_told_and_a_met_one_is_not() -> None:
    found = {"ratios": {"batches, scikit-learn": 44.0, "one by one, scikit-learn": 150.0}}
    assert report.missed({"scoring": found}) == [
        "scoring: times scikit-learn, same model, in batches: 44.0, at least 45"
    ]
    assert report.missed({"start": {"ratios": {"ready": 1.6}}})
    assert not report.missed({"start": {"ratios": {"ready": 1.5}}})


def test_a_row_shows_the_median_of_its_rounds() -> None:
    row = Row.of("case", "system", "s", [3.0, 1.0, 2.0])
    assert (row.value, row.low, row.high) == (2.0, 1.0, 3.0)


def test_a_process_that_is_gone_has_no_tree() -> None:
    assert tree(2**22 + 1) == []
