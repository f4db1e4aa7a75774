"""Tools around the labelled set: agreement, duplicates, grid, export and import, suggestions."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from labels.agreement import cohen_kappa, krippendorff_alpha, measure_agreement
from labels.check import check_labelled_set, near_duplicates, overlap_problems
from labels.exchange import Tool, export_sentences, import_rows, label_studio_config
from labels.grid import Grid, GridError, grid_problems, read_grid
from labels.sentences import LabelError, LabelledSentence, read_labelled_set
from labels.store import store_rows
from labels.suggest import suggest
from labels.taxonomy import LABELS_DIR, Taxonomy, read_taxonomy
from stance import app


@pytest.fixture
def label_set(tmp_path: Path, labels_dir: Path) -> Path:
    return Path(shutil.copytree(labels_dir, tmp_path / "labels"))


# Worked examples B, C and D of Krippendorff (2011); readers in rows, units in columns.
BINARY = ["0100000010", "1110010000"]
NOMINAL = ["aabbdcccedda", "babbbcccedDd".replace("D", "d")]
MISSING = [
    "123321412...",
    "12332241 25.3".replace(" ", ""),
    ".333234225 1.".replace(" ", ""),
    "12332441251.",
]


@pytest.mark.parametrize(
    ("readers", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)]
)
def test_alpha_is_that_of_the_published_examples(readers: list[str], alpha: float) -> None:
    units = [[None if v == "." else v for v in unit] for unit in zip(*readers, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(alpha, abs=0.0005)


def test_alpha_of_one_value_only_is_not_defined() -> None:
    assert np.isnan(krippendorff_alpha([["a", "a"], ["a", "a"]]))


def test_kappa_is_that_of_the_textbook_and_of_scikit_learn() -> None:
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_agreement_counts_only_sentences_read_twice(
    sentences: list[LabelledSentence], taxonomy: Taxonomy
) -> None:
    one, two = sentences[:2]
    read = [
        replace(one, first=("us_critical",), second=("us_critical",)),
        replace(two, first=("us_critical",), second=()),
        *sentences[2:],
    ]
    rows = {(row.lang, row.label): row for row in measure_agreement(read, taxonomy)}
    assert rows["all", "us_critical"].n_sentences == 2
    assert rows["all", "us_critical"].n_differing == 1


def test_agreement_of_the_labelled_set_is_high_for_every_label_and_language() -> None:
    rows = measure_agreement(read_labelled_set(), read_taxonomy())
    assert len(rows) == 7 * 3
    for row in rows:
        assert row.alpha >= 0.8, row


def sentence(id: str, text: str, **fields: Any) -> LabelledSentence:
    defaults = {"lang": "en", "labels": (), "register": "news", "passage": "p"}
    return LabelledSentence(id=id, text=text, **(defaults | fields))


BASE = "The minister said that the new terminal on the coast would open in the spring of next year."


@pytest.mark.parametrize(
    ("other", "n_pairs"),
    [
        (BASE.replace("The minister", "A minister"), 1),
        (BASE.upper(), 1),
        ("The minister said nothing about the new terminal.", 0),
        ("Rain fell.", 0),
    ],
)
def test_near_duplicates_are_found(other: str, n_pairs: int) -> None:
    assert len(near_duplicates([sentence("a", BASE), sentence("b", other)])) == n_pairs


def test_near_duplicates_are_problems_unless_they_are_twins(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    near = BASE.replace("The minister", "A minister")

    def problems(**fields: Any) -> list[str]:
        pair = [sentence("a", BASE), sentence("b", near, **fields)]
        return check_labelled_set(pair, taxonomy, tmp_path)

    assert problems() == ["a and b: nearly the same"]
    assert "conflict" in problems(labels=("us_critical",))[0]
    assert problems(labels=("us_critical",), twin_of="a") == []


def test_the_labelled_set_has_near_duplicates_only_as_twins() -> None:
    pairs = near_duplicates(read_labelled_set())
    assert len(pairs) > 50
    assert all(one.passage == other.passage for one, other in pairs)


def test_shared_words_are_found_but_not_names_that_everybody_writes_alike() -> None:
    held_out = ["We stressed that the harbour must never be closed again to any ship."]
    assert overlap_problems(
        [sentence("a", "He said the harbour must never be closed again.")], held_out
    )
    assert not overlap_problems([sentence("a", "The harbour must never be shut.")], held_out)
    named = [sentence("a", "In Latin America and the Caribbean prices rose.")]
    assert not overlap_problems(named, ["The role of Latin America and the Caribbean grew."])


def test_chinese_sentences_share_twice_as_many_characters() -> None:
    own = [sentence("a", "我们愿意继续深化各领域务实合作，造福两国人民。", lang="zh")]
    assert overlap_problems(own, ["双方将继续深化各领域务实合作，造福两国人民福祉。"])
    assert not overlap_problems(own, ["双方深化合作。"])


def test_a_sentence_in_another_language_is_told(taxonomy: Taxonomy, tmp_path: Path) -> None:
    wrong = [sentence("a", "El puerto trae empleo a la región, dijo el ministro ayer.")]
    assert check_labelled_set(wrong, taxonomy, tmp_path) == ["a: seems to be in 'es', not in 'en'"]


GRID = Grid(("africa",), ("energy",), ("neutral",), 1, {"China": ("China", "中国")})


def test_holes_and_one_sided_names_are_told(taxonomy: Taxonomy) -> None:
    inside = {"region": "africa", "theme": "energy", "side": "neutral"}
    labels = [(label,) for label in taxonomy.ids] + [(), ()]
    full = [sentence(str(i), "中国", labels=own, **inside) for i, own in enumerate(labels)]
    assert grid_problems(full, taxonomy, GRID) == []
    assert grid_problems(full[:-2], taxonomy, GRID) == [
        "grid: 'China' occurs most often with a label, expected with none"
    ]
    assert "africa x energy has 0 passages" in grid_problems([], taxonomy, GRID)[0]
    elsewhere = [sentence("a", "A.", region="moon", theme="energy", side="neutral")]
    assert "region 'moon'" in grid_problems(elsewhere, taxonomy, GRID)[0]


def test_a_damaged_grid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grid.json").write_text('{"regions": []}')
    with pytest.raises(GridError, match=r"grid\.json: not a grid"):
        read_grid(tmp_path)


def test_the_labelled_set_is_sound_as_a_whole() -> None:
    assert check_labelled_set(read_labelled_set(), read_taxonomy(), LABELS_DIR) == []


FILES = {
    Tool.LABEL_STUDIO: "x.json",
    Tool.DOCCANO: "x.jsonl",
    Tool.JSONL: "x.jsonl",
    Tool.CSV: "x.csv",
}


@pytest.mark.parametrize("tool", Tool)
def test_export_and_import_lose_nothing(tmp_path: Path, tool: Tool) -> None:
    taxonomy, sentences = read_taxonomy(), read_labelled_set()[::40]
    path = tmp_path / FILES[tool]
    path.write_bytes(export_sentences(sentences, tool))
    assert [json.dumps(row, sort_keys=True) for row in import_rows(path, taxonomy).values()] == [
        json.dumps(s.to_row(), sort_keys=True) for s in sentences
    ]


def test_a_file_that_label_studio_exported_is_read(tmp_path: Path, taxonomy: Taxonomy) -> None:
    def annotation(choices: list[str], **fields: Any) -> dict[str, Any]:
        result = {"id": "k", "from_name": "stance", "to_name": "text", "type": "choices"}
        return {"id": 1, "result": [result | {"value": {"choices": choices}}]} | fields

    task = {"id": 7, "created_at": "2026-01-01T00:00:00Z", "project": 1}
    task |= {"data": {"text": "Washington bullies its neighbours."}, "predictions": []}
    task["annotations"] = [annotation(["us_critical"]), annotation([], was_cancelled=True)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]))
    (row,) = import_rows(path, taxonomy).values()
    assert (row["text"], row["labels"]) == ("Washington bullies its neighbours.", ["us_critical"])
    assert (row["id"], row["lang"]) == ("export-1", "en")


def test_a_task_without_an_annotation_is_told(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 1, "data": {"text": "A."}, "annotations": []}]))
    with pytest.raises(LabelError, match="task 1: no annotation; label the task"):
        import_rows(path, taxonomy)


def test_a_file_that_doccano_exported_is_read(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text('{"id": 9, "text": "Trade grew.", "label": [], "Comments": []}\n')
    (row,) = import_rows(path, taxonomy).values()
    assert (row["id"], row["labels"], "Comments" in row) == ("all-1", [], False)


def test_the_labelling_interface_names_every_label(taxonomy: Taxonomy) -> None:
    config = label_studio_config(taxonomy)
    assert all(f'<Choice value="{label}"/>' in config for label in taxonomy.ids)


@pytest.mark.parametrize(("is_multi_label", "choice"), [(True, "multiple"), (False, "single")])
def test_the_labelling_interface_takes_as_many_labels_as_the_set(
    taxonomy: Taxonomy, is_multi_label: bool, choice: str
) -> None:
    config = label_studio_config(replace(taxonomy, is_multi_label=is_multi_label))
    assert f'choice="{choice}"' in config


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", "", "empty"),
        ("a.jsonl", "{", "neither JSON"),
        ("a.jsonl", '{"labels": []}', "no 'text'"),
        ("a.jsonl", '{"text": "a"}', "no labels"),
        ("a.jsonl", "5", "found int"),
        ("missing.json", None, "cannot be read"),
    ],
)
def test_a_bad_import_is_told(
    tmp_path: Path, taxonomy: Taxonomy, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(LabelError, match=message):
        import_rows(tmp_path / name, taxonomy)


def test_a_csv_in_another_encoding_is_read_in_the_one_that_is_named(
    tmp_path: Path, taxonomy: Taxonomy
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,labels\nPlain.,\nLa región prosperó mañana.,\n".encode("cp1252"))
    with pytest.raises(LabelError, match=r"a\.csv:3: not UTF-8.*--encoding cp1252"):
        import_rows(path, taxonomy)
    assert (
        import_rows(path, taxonomy, "cp1252")[f"{path}:3"]["text"] == "La región prosperó mañana."
    )


def test_import_adds_new_and_replaces_known_sentences(label_set: Path) -> None:
    before = read_labelled_set(label_set)
    changed = before[0].to_row() | {"labels": ["security_alarm"]}
    new = before[0].to_row() | {"id": "new-1", "text": "Quite another sentence.", "lang": "es"}
    stored = store_rows(label_set, {"a:1": changed, "a:2": new, "a:3": before[1].to_row()})
    assert (stored.n_added, stored.n_changed, stored.n_same) == (1, 1, 1)
    after = {s.id: s for s in read_labelled_set(label_set)}
    assert after[before[0].id].labels == ("security_alarm",)
    assert after["new-1"].lang == "es"
    assert len(after) == len(before) + 1


def test_one_bad_row_changes_nothing(label_set: Path) -> None:
    before = {path: path.read_bytes() for path in label_set.glob("sentences/*")}
    names = {path.name for path in label_set.iterdir()}
    good = read_labelled_set(label_set)[0].to_row()
    bad = good | {"id": "n", "labels": ["x"]}
    with pytest.raises(LabelError, match=r"^new\.csv:3: unknown label 'x'"):
        store_rows(label_set, {"new.csv:2": good | {"labels": []}, "new.csv:3": bad})
    assert {path: path.read_bytes() for path in label_set.glob("sentences/*")} == before
    assert {path.name for path in label_set.iterdir()} == names


def test_rows_that_do_not_change_stay_byte_for_byte(label_set: Path) -> None:
    path = label_set / "sentences" / "en.jsonl"
    lines = path.read_bytes().splitlines()
    first = json.loads(lines[0])
    # As an editor may leave it: spaces, a blank line, no end of line at the last row.
    lines[1] = lines[1].replace(b'": ', b'"  :  ')
    before = b"\n".join([lines[0], b"", *lines[1:]])
    path.write_bytes(before)
    new = first | {"id": "new-1", "text": "El Niño brought quite another sentence."}
    changed = first | {"register": "news" if first["register"] != "news" else "analysis"}
    assert store_rows(label_set, {"a:1": changed, "a:2": new}).n_changed == 1
    after = path.read_bytes().splitlines()
    assert after[1:-1] == before.splitlines()[1:]
    # What is new is written as the rest of the set is.
    assert after[0] == json.dumps(changed, ensure_ascii=False).encode()
    assert after[-1] == json.dumps(new, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['"two\nlines",us_critical', "B c.,favr"], r"new\.csv:4: unknown label 'favr'"),
        (["B c.,us_critical|security_alarm"], r"new\.csv:2: 2 labels \[.*has one"),
        (["", "B c.,favr"], r"new\.csv:3: unknown label 'favr'"),
        (["B c.,,x"], r"new\.csv:2: 4 fields, 3 in the header"),
        (["B c.,", "B  C.,"], r"new\.csv:3: duplicate of the sentence at .*new\.csv:2"),
    ],
)
def test_import_names_file_and_line_of_the_user(
    label_set: Path, tmp_path: Path, lines: list[str], message: str
) -> None:
    taxonomy = json.loads((label_set / "taxonomy.json").read_text())
    (label_set / "taxonomy.json").write_text(json.dumps(taxonomy | {"is_multi_label": False}))
    for path in label_set.glob("sentences/*"):
        rows = map(json.loads, path.read_text().splitlines())
        single = [
            json.dumps(row) for row in rows if len(row["labels"]) < 2 and "twin_of" not in row
        ]
        path.write_text("\n".join(single))
    file = tmp_path / "new.csv"
    file.write_text("\n".join(["text,labels,lang", *(line and f"{line},en" for line in lines)]))
    options = ["labels", "import", str(file), "--labels", str(label_set)]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
    assert ".import." not in result.stderr


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


def test_the_commands_carry_a_set_out_and_in_again(label_set: Path, tmp_path: Path) -> None:
    run, out = CliRunner(), str(tmp_path / "tasks.json")
    options = ["--labels", str(label_set)]
    exported = run.invoke(app, ["labels", "export", "--to", "label-studio", "-o", out, *options])
    assert exported.exit_code == 0, exported.stderr
    assert "<Choices" in exported.stdout
    imported = run.invoke(app, ["labels", "import", out, *options])
    assert imported.exit_code == 0, imported.stderr
    assert "0 added, 0 changed, 221 as before" in imported.stdout


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
