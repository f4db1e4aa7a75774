"""Which sentences to label next."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from labels.suggest import suggest
from stance import app


def test_suggestions_are_uncertain_diverse_and_take_turns() -> None:
    texts = [
        "Port talks went on.",
        "Port talks went on today.",
        "Rain fell.",
        "Sun shone.",
        "Sure.",
    ]
    scores = np.array([[0.5, 0.0], [0.5, 0.0], [0.45, 0.01], [0.0, 0.5], [0.999, 0.999]])
    chosen = suggest(texts, scores, np.array([0.5, 0.5]), ("a", "b"), 3)
    assert [(s.index, s.label) for s in chosen] == [(0, "a"), (3, "b"), (2, "a")]


def test_suggestions_end_with_the_pool() -> None:
    chosen = suggest(["A b.", "C d."], np.full((2, 2), 0.5), np.full(2, 0.5), ("a", "b"), 10)
    assert sorted(s.index for s in chosen) == [0, 1]


def test_suggest_prints_json_lines_ready_to_be_labelled(
    tmp_path: Path, tiny_artifact: Path
) -> None:
    pool = tmp_path / "pool.txt"
    pool.write_text("Washington warns.\nTrade grew.\nTrade grew.\nThe port brings jobs.\n")
    result = CliRunner().invoke(
        app, ["labels", "suggest", str(pool), "-n", "2", "--model", str(tiny_artifact)]
    )
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len({row["text"] for row in rows}) == 2
    assert set(rows[0]) == {"text", "lang", "passage", "uncertain", "score", "model_version"}


ARTICLES = [
    "The Chinese port brings jobs to the coast,\nthe minister said. Washington only sends warnings "
    "to its neighbours.",
    "Il porto porta posti di lavoro alla regione e il governo ringrazia la Cina.",
    "El puerto chino trajo empleo a la región. Washington sólo envía advertencias a sus vecinos.",
    None,
]


def test_suggest_splits_articles_into_sentences_that_can_be_imported(
    tmp_path: Path, tiny_artifact: Path, label_set: Path
) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text("".join(json.dumps({"body": article}) + "\n" for article in ARTICLES))
    run = CliRunner()
    options = ["--text-column", "body", "--model", str(tiny_artifact)]
    result = run.invoke(app, ["labels", "suggest", str(pool), *options])
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(row["text"], row["lang"], row["passage"]) for row in rows} == {
        ("The Chinese port brings jobs to the coast, the minister said.", "en", "pool-1"),
        ("Washington only sends warnings to its neighbours.", "en", "pool-1"),
        ("El puerto chino trajo empleo a la región.", "es", "pool-3"),
        ("Washington sólo envía advertencias a sus vecinos.", "es", "pool-3"),
    }
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text("".join(json.dumps(row | {"labels": []}) + "\n" for row in rows))
    done = run.invoke(app, ["labels", "import", str(labelled), "--labels", str(label_set)])
    assert "4 added" in done.stdout, done.stderr


def test_suggest_says_when_nothing_can_be_labelled(tmp_path: Path, tiny_artifact: Path) -> None:
    (tmp_path / "pool.txt").write_text(ARTICLES[1] or "")
    arguments = ["labels", "suggest", str(tmp_path / "pool.txt"), "--model", str(tiny_artifact)]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no sentence in one of en, es" in result.stderr
