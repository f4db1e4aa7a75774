"""The command: exit codes, messages, and what goes to which stream."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import stance
from labels.sentences import LabelledSentence
from stance import app
from tests.conftest import ROOT

RUN = CliRunner()


@pytest.fixture
def model_option(tiny_artifact: Path) -> list[str]:
    return ["--model", str(tiny_artifact)]


def test_classify_prints_a_table_or_json(model_option: list[str]) -> None:
    text = "The port brings jobs. Washington only sends warnings."
    table = RUN.invoke(app, ["classify", text, "--evidence", *model_option])
    assert table.exit_code == 0
    assert "2 sentences, language en" in table.stdout
    answer = RUN.invoke(app, ["classify", "-", "--json", *model_option], input=text)
    assert json.loads(answer.stdout)["summary"]["sentences"] == 2


@pytest.mark.parametrize(
    ("text", "size"), [("Trade grew.", "1 sentence,"), ("Trade grew. It fell.", "2 sentences,")]
)
def test_one_sentence_is_counted_as_one(model_option: list[str], text: str, size: str) -> None:
    assert f". {size} language" in RUN.invoke(app, ["classify", text, *model_option]).stdout


def test_classify_wants_a_text_and_a_code(model_option: list[str], tmp_path: Path) -> None:
    article = tmp_path / "article.txt"
    article.write_text("The port brings jobs.")
    named = RUN.invoke(app, ["classify", str(article), *model_option])
    assert (named.exit_code, named.stdout) == (2, "")
    assert f"is a file; to label what is in it: stance classify - < {article}" in named.stderr
    told = RUN.invoke(app, ["classify", "It opens.", "--language", "English", *model_option])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "language 'English': expected an ISO 639 code" in told.stderr


@pytest.mark.parametrize(
    ("given", "message"), [(b"", "the text is empty"), (b"\xff\xfe", "is not UTF-8 (byte 0)")]
)
def test_classify_tells_what_is_wrong_with_standard_input(
    model_option: list[str], given: bytes, message: str
) -> None:
    result = RUN.invoke(app, ["classify", "-", *model_option], input=given)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_exit_codes_of_score_tell_all_some_or_none(tmp_path: Path, model_option: list[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "Good."}\n')
    assert RUN.invoke(app, ["score", str(source), "-o", str(out), *model_option]).exit_code == 0
    again = RUN.invoke(app, ["score", str(source), "-o", str(out), *model_option])
    assert again.exit_code == 2
    assert "exists" in again.stderr
    source.write_text('{"text": "Good."}\n{"text": ""}\n')
    some = RUN.invoke(app, ["score", str(source), "-o", str(out), "--overwrite", *model_option])
    assert some.exit_code == 1
    assert "1 row rejected" in some.stderr


def test_sigterm_ends_score_and_leaves_nothing_half_written(
    tmp_path: Path, model_option: list[str]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "The port brings jobs."}\n' * 500_000)
    command = [sys.executable, "-m", "stance", "score", str(source), *model_option]
    command += ["-o", str(tmp_path / "out.csv")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".out.csv.*.partial")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_train_writes_a_model_and_knows_when_it_is_current(
    tmp_path: Path, labels_dir: Path
) -> None:
    arguments = ["train", "--labels", str(labels_dir), "--out", str(tmp_path / "m"), "--if-stale"]
    first = RUN.invoke(app, arguments)
    assert first.exit_code == 0, first.stderr
    assert "macro F1, always none" in first.stdout
    assert "macro F1, by prevalence" in first.stdout
    assert "up to date" in RUN.invoke(app, arguments).stdout
    assert stance.load(tmp_path / "m").classify("Trade grew.").summary.sentences == 1


def test_train_refuses_a_bad_labelled_set_and_writes_nothing(tmp_path: Path) -> None:
    arguments = ["train", "--labels", str(tmp_path), "--out", str(tmp_path / "m")]
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 2
    assert "taxonomy.json: cannot be read" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_evaluate_prints_intervals_and_writes_between_markers(
    tmp_path: Path, labels_dir: Path, model_option: list[str]
) -> None:
    card = tmp_path / "card.md"
    card.write_text("before\n<!-- evaluation -->\nold\n<!-- /evaluation -->\nafter\n")
    file = str(labels_dir / "sentences" / "en.jsonl")
    result = RUN.invoke(app, ["evaluate", file, "--write", str(card), *model_option])
    assert result.exit_code == 0, result.stderr
    assert "[" in result.stdout
    content = card.read_text()
    assert content.startswith("before\n<!-- evaluation -->\nen.jsonl, model")
    assert content.endswith("<!-- /evaluation -->\nafter\n")
    assert "old" not in content


NEW = ("The bridge was painted green by volunteers on Sunday.", "China est venue.", "No more.")


def write_labelled(path: Path, rows: list[tuple[str, list[str]]]) -> None:
    joined = [{"text": text, "labels": "|".join(labels)} for text, labels in rows]
    if path.suffix == ".jsonl":
        lines = (json.dumps({"text": text, "labels": labels}) for text, labels in rows)
        path.write_text("\n".join(lines))
    elif path.suffix == ".parquet":
        pq.write_table(
            pa.table({"text": [t for t, _ in rows], "labels": [n for _, n in rows]}), path
        )
    else:
        with path.open("w", newline="") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, ["text", "labels"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(joined)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "tsv", "parquet"])
def test_evaluate_reads_every_kind_and_warns_of_what_the_model_was_trained_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sentences: list[LabelledSentence],
    model_option: list[str],
    suffix: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    known = [(s.text.upper() + " !", list(s.labels)) for s in sentences[:20]]
    known[0] = (known[0][0], ["us_critical", "security_alarm"])
    path = tmp_path / f"mine.{suffix}"
    write_labelled(path, known + [(text, []) for text in NEW])
    result = RUN.invoke(app, ["evaluate", str(path), "--markdown", *model_option])
    assert result.exit_code == 0, result.stderr
    warning = "20 of 23 sentences are in the training set; figures on these say nothing"
    assert warning in result.stdout
    assert warning in (tmp_path / "report.html").read_text()
    alarms = next(line for line in result.stdout.splitlines() if "`security_alarm`" in line)
    n_true = sum("security_alarm" in labels for _, labels in known)
    assert f"| {n_true} |" in alarms


def test_evaluate_of_new_sentences_warns_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_option: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path / "mine.csv", [(text, []) for text in NEW])
    result = RUN.invoke(app, ["evaluate", "mine.csv", *model_option])
    assert result.exit_code == 0, result.stderr
    assert "training set" not in result.stdout
    assert "training set;" not in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\nA b.,x\n", "no column 'labels'; found 'text', 'label'"),
        ("body,labels\nA b.,\n", "no column 'text'"),
        ("text,labels\nA b.,\nB c.,favr\n", "mine.csv:3: unknown label 'favr'"),
        ("text,labels\n", "no rows"),
        ("text;labels\nA b.;\n", "another delimiter separates them (--delimiter)"),
    ],
)
def test_evaluate_says_what_it_expects_of_a_table(
    tmp_path: Path, model_option: list[str], content: str, message: str
) -> None:
    (tmp_path / "mine.csv").write_text(content, encoding="cp1252")
    result = RUN.invoke(app, ["evaluate", str(tmp_path / "mine.csv"), *model_option])
    assert result.exit_code == 2
    assert message in result.stderr


ACCENTED = "La región prosperó mañana, dijo el señor Núñez."


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("labels suggest", ACCENTED),
        ("evaluate", "1 sentence of 1 document"),
        ("score -o out.jsonl --prefix x_", ACCENTED),
    ],
)
def test_a_table_with_semicolons_in_another_encoding_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model_option: list[str],
    command: str,
    shown: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(f"body;labels\n{ACCENTED};\n", encoding="cp1252")
    options = ["--text-column", "body", "--delimiter", ";", "--encoding", "cp1252"]
    result = RUN.invoke(app, [*command.split(), "a.csv", *options, *model_option])
    assert result.exit_code == 0, result.stderr
    assert shown in result.stdout + "".join(path.read_text() for path in Path().glob("out.jsonl"))


@pytest.mark.parametrize("command", ["labels suggest", "evaluate"])
def test_a_table_in_another_encoding_is_refused_with_the_option_that_reads_it(
    tmp_path: Path, model_option: list[str], command: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,labels\nPlain words.,\nLa región prosperó.,\n", encoding="cp1252")
    result = RUN.invoke(app, [*command.split(), str(path), *model_option])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "a.csv:3: not UTF-8; it is likely to be cp1252: --encoding cp1252" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["labels", "check", "--labels", "/nowhere"], "cannot be read"),
        (["classify", "A text.", "--model", "/nowhere"], "train a model first"),
        (["evaluate", "/nowhere.jsonl"], "cannot be read"),
        (["serve", "--model", "/nowhere"], "train a model first"),
    ],
)
def test_a_failure_is_one_message_and_exit_code_2(arguments: list[str], message: str) -> None:
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_labels_check_and_stats_speak_of_the_set(labels_dir: Path) -> None:
    check = RUN.invoke(app, ["labels", "check", "--labels", str(labels_dir)])
    assert check.exit_code == 0
    assert "sentences in 2 languages: sound" in check.stdout
    stats = RUN.invoke(app, ["labels", "stats", "--labels", str(labels_dir)])
    assert "us_critical" in stats.stdout
    assert "(no label)" in stats.stdout
