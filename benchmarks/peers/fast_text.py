"""fastText, supervised, one sigmoid per label (loss ``ova``), its parameters found by itself.

Autotuning runs for a fixed time on four fifths of the passages and validates on the fifth that
our first fold holds out, so that another machine may find other parameters. With those found,
the model is fitted once per fold for the thresholds and once on everything.

fastText passes over lines without a label, so a sentence that has none carries ``none``, and it
splits at blanks only, so words, marks and single Chinese characters are set apart for it.
"""

import importlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.training_set import (
    Bools,
    Floats,
    Label,
    Rows,
    TrainingSet,
    choose_thresholds,
)

PACKAGES = ("fasttext-community",)

AUTOTUNE_SECONDS = 120
FOUND = ("lr", "dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "bucket", "minn", "maxn")
"""Parameters that autotuning may change."""

_PREFIX = "__label__"
_NONE = "none"
_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3400-\u4dbf\u4e00-\u9fff]+|[^\w\s]")


def train(training: TrainingSet) -> Label:
    """Return the tuned model with thresholds chosen out of fold."""
    ids = training.taxonomy.ids
    lines, truth = [_line(text) for text in training.texts], training.truth
    parameters = _tune(lines, truth, ids, *training.folds()[0])

    def score_fold(seen: Rows, held_out: Rows) -> Floats:
        model = _fit([lines[row] for row in seen], truth[seen], ids, parameters)
        return _score(model, [lines[row] for row in held_out], ids)

    thresholds = choose_thresholds(training, score_fold)
    model = _fit(lines, truth, ids, parameters)

    def label(texts: Sequence[str]) -> tuple[Floats, Bools]:
        scores = _score(model, [_line(text) for text in texts], ids)
        return scores, scores >= thresholds

    return label


def _line(text: str) -> str:
    return " ".join(_TOKEN.findall(text.lower()))


def _tune(
    lines: Sequence[str], truth: Bools, ids: Sequence[str], seen: Rows, held_out: Rows
) -> dict[str, Any]:
    """Return the parameters with the best F1 on the lines held out."""
    with tempfile.TemporaryDirectory() as folder:
        known, validation = Path(folder, "known.txt"), Path(folder, "validation.txt")
        _write(known, [lines[row] for row in seen], truth[seen], ids)
        _write(validation, [lines[row] for row in held_out], truth[held_out], ids)
        model = _train_supervised(
            known,
            autotuneValidationFile=str(validation),
            autotuneDuration=AUTOTUNE_SECONDS,
        )
    found = model.f.getArgs()
    return {name: getattr(found, name) for name in FOUND}


def _fit(lines: Sequence[str], truth: Bools, ids: Sequence[str], parameters: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "known.txt")
        _write(path, lines, truth, ids)
        return _train_supervised(path, **parameters)


def _train_supervised(path: Path, **parameters: Any) -> Any:
    fasttext = importlib.import_module("fasttext")
    return fasttext.train_supervised(str(path), loss="ova", thread=1, verbose=0, **parameters)


def _write(path: Path, lines: Iterable[str], truth: Bools, ids: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for line, has_label in zip(lines, truth, strict=True):
            names = [name for name, has in zip(ids, has_label, strict=True) if has] or [_NONE]
            file.write(" ".join(_PREFIX + name for name in names) + f" {line}\n")


def _score(model: Any, lines: Sequence[str], ids: Sequence[str]) -> Floats:
    columns = {_PREFIX + name: column for column, name in enumerate(ids)}
    scores = np.zeros((len(lines), len(ids)))
    for row, (names, values) in enumerate(zip(*model.predict(list(lines), k=-1), strict=True)):
        for name, value in zip(names, values, strict=True):
            if name in columns:
                # fastText adds 1e-5 before it takes a logarithm, so a score may pass 1.
                scores[row, columns[name]] = min(float(value), 1.0)
    return scores
