"""Somebody else's labels: train on three public label sets with one and the same configuration.

``python -m benchmarks.label_sets ../shared/benchmarks``. Each set is written as a folder of its own
(``taxonomy.json``, ``sentences/``, for newsmtsc ``actors.json``), trained with the default
``TrainingConfig`` as ``stance train --labels`` does, and measured on its own test file with its own
metric. Nothing is tuned by hand for a set. The goals are those set for this project.

The test files hold other conclusions (argvalues22), authors (cic_es_userdisjoint) and sentences
(newsmtsc) than the training files. As everywhere here, folds therefore keep together what belongs
together (``LabelSet.bound_by``): the premises on one conclusion, the copies of a sentence, one per
target. The authors of the tweets are not in the files.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.console import Console
from sklearn.metrics import f1_score

from labels.lexicon import read_lexicon
from labels.sentences import comparison_key, read_labelled_set, read_sentences
from labels.taxonomy import Taxonomy, read_taxonomy
from training.config import TrainingConfig
from training.report import markdown_table, rich_table, write_between_markers
from training.train import indicator_matrix, train

Bools = NDArray[np.bool_]
TARGET = "Targetname"
"""Stands where the target of a sentence is named; ``actors.json`` of the set makes it a side."""

N_RESAMPLES = 1000
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """A public label set: its language, whether a text has one label, its metric and the goal.

    Texts with the same ``bound_by``, a field of its rows, are one passage: they share more than
    new texts will, so that thresholds must not come from a model that saw one of the others.
    """

    name: str
    lang: str
    is_multi_label: bool
    has_target: bool
    bound_by: str
    metric: str
    goal: float


SETS = (
    LabelSet("argvalues22", "en", True, False, "target", "macro F1 of the labels that occur", 0.37),
    LabelSet(
        "cic_es_userdisjoint", "es", False, False, "text", "mean F1 of favor and against", 0.74
    ),
    LabelSet("newsmtsc", "en", False, True, "text", "macro F1 with neutral as a class", 0.60),
)


def main() -> None:
    """Train and measure all sets, print the table, fail if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the public label sets")
    parser.add_argument("--write", type=Path, help="put the table between this file's markers")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for label_set in SETS:
        value, low, high, n = measure(label_set, arguments.folder / label_set.name)
        rows.append(
            {
                "label set": label_set.name,
                "metric": label_set.metric,
                "n_test": n,
                "value": round(value, 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "goal": label_set.goal,
            }
        )
    Console().print(rich_table("Public label sets, default configuration", _cells(rows)))
    if arguments.write:
        write_between_markers(arguments.write, "sets", markdown_table(_cells(rows)))
    if missed := [str(row["label set"]) for row in rows if row["value"] < row["goal"]]:
        raise SystemExit(f"goal missed: {', '.join(missed)}")


def measure(label_set: LabelSet, source: Path) -> tuple[float, float, float, int]:
    """Return the metric on the test file, its 95 % bootstrap interval, and the number of texts."""
    with tempfile.TemporaryDirectory() as folder:
        taxonomy = write_label_set(label_set, source, Path(folder))
        sentences, lexicon = read_labelled_set(Path(folder)), read_lexicon(Path(folder))
        test_file = Path(folder) / "test.jsonl"
        rows = _rows(label_set, source / "test.jsonl", taxonomy)
        test_file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        test = read_sentences(test_file, taxonomy)
    model = train(sentences, taxonomy, lexicon, TrainingConfig())
    _, given = model.label([s.text for s in test], taxonomy, lexicon)
    truth = indicator_matrix(test, taxonomy)
    score = _METRICS[label_set.name]
    rng = np.random.default_rng(TrainingConfig().seed)
    draws = rng.integers(0, len(test), (N_RESAMPLES, len(test)))
    low, high = np.percentile([score(truth[i], given[i]) for i in draws], INTERVAL)
    return score(truth, given), float(low), float(high), len(test)


def write_label_set(label_set: LabelSet, source: Path, folder: Path) -> Taxonomy:
    """Write the training texts as a label set of their own and return its taxonomy."""
    found = {label for row in _read(source / "train.jsonl") for label in row["labels"]}
    taxonomy = {
        "name": label_set.name.split("_", 1)[0],
        "labels": [{"id": _label_id(label), "title": label} for label in sorted(found)],
        "languages": [label_set.lang],
        "registers": ["mixed"],
        "is_multi_label": label_set.is_multi_label,
    }
    (folder / "taxonomy.json").write_bytes(orjson.dumps(taxonomy))
    if label_set.has_target:
        actors = {"sides": {"target": {label_set.lang: [TARGET]}}}
        (folder / "actors.json").write_bytes(orjson.dumps(actors))
    parsed = read_taxonomy(folder)
    (folder / "sentences").mkdir()
    rows, seen = [], set()
    for row in _rows(label_set, source / "train.jsonl", parsed):
        if (key := comparison_key(row["text"])) not in seen:
            seen.add(key)
            rows.append(row)
    content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    (folder / "sentences" / f"{label_set.lang}.jsonl").write_bytes(content)
    return parsed


def _rows(label_set: LabelSet, path: Path, taxonomy: Taxonomy) -> Iterator[dict[str, Any]]:
    first: dict[str, int] = {}
    for number, row in enumerate(_read(path)):
        text = row["text"]
        passage = first.setdefault(row[label_set.bound_by], number)
        if label_set.has_target:
            text = f"{text[: row['from']]} {TARGET} {text[row['to'] :]}"
        yield {
            "id": f"{path.stem}-{number}",
            "lang": label_set.lang,
            "text": re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:2000],
            "labels": [i for i in taxonomy.ids if i in map(_label_id, row["labels"])],
            "register": "mixed",
            "passage": f"{path.stem}-{passage}",
        }


def _read(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]


def _label_id(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def _macro_f1_of_occurring(truth: Bools, given: Bools) -> float:
    occurs = truth.any(axis=0)
    return float(f1_score(truth[:, occurs], given[:, occurs], average="macro", zero_division=0))


def _mean_f1(truth: Bools, given: Bools) -> float:
    return float(f1_score(truth, given, average="macro", zero_division=0))


def _macro_f1_with_neutral(truth: Bools, given: Bools) -> float:
    def with_neutral(flags: Bools) -> Bools:
        return np.column_stack([flags, ~flags.any(axis=1)])

    return _mean_f1(with_neutral(truth), with_neutral(given))


_METRICS: dict[str, Callable[[Bools, Bools], float]] = {
    "argvalues22": _macro_f1_of_occurring,
    "cic_es_userdisjoint": _mean_f1,
    "newsmtsc": _macro_f1_with_neutral,
}


def _cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    cells = [["label set", "metric", "test texts", "value [95 % interval]", "goal"]]
    for row in rows:
        value = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        goal = f"{row['goal']:.2f}"
        cells.append([row["label set"], row["metric"], f"{row['n_test']:,}", value, goal])
    return cells


if __name__ == "__main__":
    main()
