"""The learning curve: how much more labelled sentences would bring."""

import shutil
from pathlib import Path

from typer.testing import CliRunner

from labels.sentences import LabelledSentence
from labels.taxonomy import LABELS_DIR
from stance import app


def test_the_learning_curve_rises_through_whole_passages(
    labels_dir: Path, sentences: list[LabelledSentence]
) -> None:
    from training.curve import draw_part

    half = draw_part(sentences, 0.5, 1)
    assert set(draw_part(sentences, 0.25, 1)) < set(half) < set(sentences)
    for passage in {s.passage for s in half}:
        own = [s for s in sentences if s.passage == passage]
        assert [s for s in half if s.passage == passage] == own


def test_curve_trains_on_parts_and_writes_a_table(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("<!-- curve -->\n<!-- /curve -->\n")
    # Two languages of the real set, since an eighth of the tiny one is too little to train on.
    (tmp_path / "sentences").mkdir()
    names = ("taxonomy.json", "actors.json", "sentences/fr.jsonl", "sentences/pt.jsonl")
    for name in names:
        shutil.copy(LABELS_DIR / name, tmp_path / name)
    file = LABELS_DIR / "sentences" / "es.jsonl"
    options = ["--labels", str(tmp_path), "--write", str(card)]
    result = CliRunner().invoke(app, ["curve", str(file), *options])
    assert result.exit_code == 0, result.stderr
    assert [line.split(" | ")[0] for line in card.read_text().splitlines()[3:7]] == [
        "| 0.125",
        "| 0.25",
        "| 0.5",
        "| 1",
    ]
