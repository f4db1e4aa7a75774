"""Export and import: nothing lost, nothing half-changed, the user's own lines named."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from labels.exchange import Tool, export_sentences, import_rows, label_studio_config
from labels.sentences import LabelError, read_labelled_set
from labels.store import store_rows
from labels.taxonomy import Taxonomy, read_taxonomy
from stance import app

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


def test_the_commands_carry_a_set_out_and_in_again(label_set: Path, tmp_path: Path) -> None:
    run, out = CliRunner(), str(tmp_path / "tasks.json")
    options = ["--labels", str(label_set)]
    exported = run.invoke(app, ["labels", "export", "--to", "label-studio", "-o", out, *options])
    assert exported.exit_code == 0, exported.stderr
    assert "<Choices" in exported.stdout
    imported = run.invoke(app, ["labels", "import", out, *options])
    assert imported.exit_code == 0, imported.stderr
    assert "0 added, 0 changed, 221 as before" in imported.stdout
