"""Files in, files out: nothing lost, nothing half-written, the labels of /classify."""

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service import parquet, readers, writers
from service.batch import score_files
from service.classifier import Classifier
from service.rows import InputError, Unit
from service.writers import OutputError

ROWS = [
    {"id": "1", "text": "The port brings jobs, said the mayor. Trade grew.", "note": 'a, "b"'},
    {"id": "2", "text": "Washington bullies its neighbours.", "note": "línea\nnueva"},
    {"id": "3", "text": "中国与拉美合作。", "note": ""},
]


def write_rows(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in content.splitlines()]
    delimiter = "\t" if path.suffix == ".tsv" else ","
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter))


FORMATS = ["csv", "tsv", "jsonl", "parquet"]


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("of", FORMATS)
def test_columns_and_order_are_kept_and_labels_are_those_of_classify(
    tmp_path: Path, trained: Classifier, of: str, to: str
) -> None:
    source = write_rows(tmp_path / f"in.{of}")
    result = score_files([source], tmp_path / f"out.{to}", trained)
    assert (result.n_scored, result.n_rejected, result.rejects) == (3, 0, None)
    found = read_rows(tmp_path / f"out.{to}")
    assert [{key: row[key] for key in ROWS[0]} for row in found] == ROWS
    for row, own in zip(found, ROWS, strict=True):
        expected = trained.classify(own["text"])
        labels = row["labels"].split("|") if to in ("csv", "tsv") else row["labels"]
        assert tuple(filter(None, labels)) == expected.labels
        assert row["model_version"] == expected.model.version
        assert int(row["sentences"]) == expected.summary.sentences
        for label in trained.taxonomy.ids:
            score = row["scores"][label] if to == "jsonl" else float(row[f"score_{label}"])
            assert score == max(s.scores[label] for s in expected.sentences)


def test_one_sentence_a_row_is_scored_as_it_stands(tmp_path: Path, trained: Classifier) -> None:
    source = write_rows(tmp_path / "in.jsonl")
    score_files([source], tmp_path / "out.jsonl", trained, unit=Unit.SENTENCE)
    first = read_rows(tmp_path / "out.jsonl")[0]
    expected = trained.classify_sentence(ROWS[0]["text"])
    assert first["scores"] == expected.sentences[0].scores
    assert "sentences" not in first


ABROAD = "Il porto porta posti di lavoro alla regione e il governo ringrazia la Cina."
NOBODY = "The weather was fine and the children played in the park all day."


@pytest.mark.parametrize("to", FORMATS)
def test_a_sentence_tells_its_language_and_why_it_gets_no_label(
    tmp_path: Path, trained: Classifier, to: str
) -> None:
    texts = [ABROAD, NOBODY, "China built the port and brought jobs.", "Washington warns us."]
    source = write_rows(tmp_path / "in.parquet", [{"text": text} for text in texts])
    score_files([source], tmp_path / f"out.{to}", trained, unit=Unit.SENTENCE)
    found = read_rows(tmp_path / f"out.{to}")
    for row, text in zip(found, texts, strict=True):
        expected = trained.classify_sentence(text)
        (sentence,) = expected.sentences
        assert (row["language"], row["reason"] or None) == (expected.language, sentence.reason)
        assert str(row["uncertain"]).lower() == str(sentence.uncertain).lower()
    assert [row["reason"] or None for row in found[:3]] == [
        "language_unsupported",
        "nobody_named",
        None,
    ]
    assert found[0]["language"] == "it"


@pytest.mark.parametrize("to", FORMATS)
def test_a_text_tells_its_language_and_how_many_sentences_get_no_label_for_a_reason(
    tmp_path: Path, trained: Classifier, to: str
) -> None:
    texts = [ABROAD, f"{NOBODY} China built the port and brought jobs.", NOBODY]
    source = write_rows(tmp_path / "in.parquet", [{"text": text} for text in texts])
    score_files([source], tmp_path / f"out.{to}", trained)
    for row, text in zip(read_rows(tmp_path / f"out.{to}"), texts, strict=True):
        expected = trained.classify(text)
        assert row["language"] == expected.language
        assert int(row["outside"]) == sum(s.reason is not None for s in expected.sentences)
        assert int(row["uncertain"]) == sum(s.uncertain for s in expected.sentences)
        assert int(row["outside"]) >= 1


@pytest.mark.parametrize("unit", Unit)
def test_a_parquet_file_without_rows_has_the_types_of_one_with_rows(
    tmp_path: Path, classifier: Classifier, unit: Unit
) -> None:
    schemas = []
    for texts in (["Trade grew."], []):
        table = pa.table({"text": pa.array(texts, pa.string())})
        pq.write_table(table, tmp_path / "in.parquet")
        out = tmp_path / "out.parquet"
        score_files([tmp_path / "in.parquet"], out, classifier, unit=unit, overwrite=True)
        schemas.append(pq.read_schema(out))
    assert schemas[0] == schemas[1]


def test_parquet_keeps_types_and_splits_into_typed_columns(
    tmp_path: Path, classifier: Classifier
) -> None:
    table = pa.table({"n": pa.array([1], pa.int16()), "text": ["Trade grew."], "t": [[1.5, None]]})
    pq.write_table(table, tmp_path / "in.parquet")
    score_files([tmp_path / "in.parquet"], tmp_path / "out.parquet", classifier)
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.field("n").type == pa.int16()
    assert schema.field("labels").type == pa.list_(pa.string())
    assert schema.field("score_us_critical").type == pa.float64()


def test_numbers_in_json_lines_are_handed_on_byte_for_byte(
    tmp_path: Path, classifier: Classifier
) -> None:
    (tmp_path / "in.jsonl").write_text('{"id":12345678901234567890123, "x":1.10,"text":"A b."}\n')
    score_files([tmp_path / "in.jsonl"], tmp_path / "out.jsonl", classifier)
    out = (tmp_path / "out.jsonl").read_text()
    assert out.startswith('{"id":12345678901234567890123, "x":1.10,"text":"A b.","labels":')


def test_lines_of_a_txt_file_are_rows(tmp_path: Path, classifier: Classifier) -> None:
    (tmp_path / "in.txt").write_bytes(b"\xef\xbb\xbfTrade grew.\r\n\r\n\xff bad\nWashington warns.")
    result = score_files([tmp_path / "in.txt"], tmp_path / "out.csv", classifier)
    assert [(r["line"], r["text"]) for r in read_rows(tmp_path / "out.csv")] == [
        ("1", "Trade grew."),
        ("4", "Washington warns."),
    ]
    assert result.n_rejected == 1


SPANISH = [
    "El puerto trajo empleo a la región del señor Núñez.",
    "Washington sólo envía advertencias a sus vecinos.",
    "Trade grew.",
]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-8"])
def test_a_file_is_read_in_the_encoding_that_is_named(
    tmp_path: Path, classifier: Classifier, encoding: str, suffix: str
) -> None:
    source = tmp_path / f"in.{suffix}"
    header = "" if suffix == "txt" else "text\n"
    source.write_bytes((header + "\n".join(SPANISH)).encode(encoding))
    result = score_files([source], tmp_path / "out.csv", classifier, encoding=encoding)
    assert (result.n_scored, result.n_rejected, result.hints) == (3, 0, ())
    assert [row["text"] for row in read_rows(tmp_path / "out.csv")] == SPANISH


@pytest.mark.parametrize("suffix", ["csv", "txt"])
@pytest.mark.parametrize(
    ("texts", "encoding"), [(SPANISH, "cp1252"), (["中国港口带来就业，部长说。"], "gb18030")]
)
def test_rows_in_another_encoding_are_told_with_the_option_that_reads_them(
    tmp_path: Path, classifier: Classifier, texts: list[str], encoding: str, suffix: str
) -> None:
    source = tmp_path / f"in.{suffix}"
    header = "" if suffix == "txt" else "text\n"
    source.write_bytes((header + "\n".join(texts)).encode(encoding))
    n_broken = sum(not text.isascii() for text in texts)
    result = score_files([source], tmp_path / "out.csv", classifier)
    assert result.n_rejected == n_broken
    (hint,) = result.hints
    assert f"not UTF-8 (rejected for it: {n_broken})" in hint
    assert hint.endswith(f"--encoding {encoding}")


@pytest.mark.parametrize(
    ("name", "encoding", "message"),
    [
        ("in.csv", "klingon", "--encoding 'klingon': unknown"),
        ("in.csv", "hex", "--encoding 'hex': unknown"),
        ("in.csv", "utf-16", "not utf-16"),
        ("zip.csv", "cp1252", "binary; expected text in CP1252"),
        ("in.jsonl", "cp1252", "always in UTF-8"),
    ],
)
def test_an_encoding_that_cannot_be_is_told(
    tmp_path: Path, classifier: Classifier, name: str, encoding: str, message: str
) -> None:
    source = write_rows(tmp_path / name, [{"text": "A."}])
    content = {"zip.csv": b"PK\x03\x04", "in.jsonl": b'{"text": "A"}'}.get(name, b"text\nA.\n\n")
    source.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        score_files([source], tmp_path / "out.jsonl", classifier, encoding=encoding)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_bytes_that_are_nothing_in_an_encoding_reject_their_row(
    tmp_path: Path, classifier: Classifier
) -> None:
    (tmp_path / "in.csv").write_bytes(b"text\nTrade gr\xe9w.\nTrade \x81.\n")
    result = score_files([tmp_path / "in.csv"], tmp_path / "out.csv", classifier, encoding="cp1252")
    assert result.rejects is not None
    (reject,) = read_rows(result.rejects)
    assert (reject["line"], reject["reason"]) == (3, "not cp1252")


def test_bad_rows_are_told_with_line_and_reason_while_the_rest_goes_on(
    tmp_path: Path, classifier: Classifier
) -> None:
    (tmp_path / "in.csv").write_bytes(
        b'id,text\n1,Trade grew.\n2,\n3,a,b\n4,"two\nlines"\n5,\xff\n6,Good.\n7,"open\n'
    )
    result = score_files([tmp_path / "in.csv"], tmp_path / "out.csv", classifier)
    assert [row["id"] for row in read_rows(tmp_path / "out.csv")] == ["1", "4", "6"]
    assert result.rejects is not None
    told = [(r["line"], r["reason"]) for r in read_rows(result.rejects)]
    assert told == [
        (3, "text is empty"),
        (4, "3 fields, expected 2 as in the header"),
        (7, "not UTF-8"),
        (9, "cannot be read as csv: unexpected end of data (line 9)"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("5", "found int, expected a JSON object"),
        ('{"x": 1}', "no field 'text'"),
        ('{"text": null}', "text is null, expected a string"),
        ('{"text": ["a"]}', "text is list, expected a string"),
        ('{"text": "\\ud800"}', "not JSON"),
        ('{"text": "a", "labels": 1}', "has already a field 'labels'"),
        ('{"text": "%s"}' % ("a" * 1_000_001), "1000001 characters, at most 1000000"),
    ],
)
def test_bad_json_lines_are_rejected_by_reason(
    tmp_path: Path, classifier: Classifier, line: str, reason: str
) -> None:
    (tmp_path / "in.jsonl").write_text(f'{{"text": "Good."}}\n{line}\n')
    result = score_files([tmp_path / "in.jsonl"], tmp_path / "out.jsonl", classifier)
    assert result.rejects is not None
    reject = json.loads(result.rejects.read_text())
    assert reject["line"] == 2
    assert reason in reject["reason"]
    assert result.n_scored == 1


def broken_inputs(tmp_path: Path) -> dict[str, Path]:
    write_rows(tmp_path / "good.parquet")
    content = (tmp_path / "good.parquet").read_bytes()
    files = {
        "empty.csv": b"",
        "blank.jsonl": b"\n\n",
        "binary.csv": bytes(range(256)),
        "zip.csv": b"PK\x03\x04rest",
        "utf16.csv": "text\nA".encode("utf-16"),
        "header.csv": "título,text\n1,Él llegó mañana con su compañía.\n".encode("cp1252"),
        "truncated.parquet": content[: len(content) // 2],
        "semicolons.csv": b"id;text\n1;A\n",
        "nocolumn.jsonl": b'{"body": "a"}\n',
        "twice.csv": b"text,text\na,b\n",
        "words.docx": b"x",
        "nojson.jsonl": b"hello\n",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "numbers.parquet")
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "nocolumn.parquet")
    (tmp_path / "folder.csv").mkdir()
    return {path.name: path for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "cannot be read"),
        ("folder.csv", "is a directory"),
        ("empty.csv", "empty; expected at least one row"),
        ("blank.jsonl", "empty; expected at least one row"),
        ("binary.csv", "binary; expected text in UTF-8"),
        ("zip.csv", "binary; expected text in UTF-8"),
        ("utf16.csv", "UTF-16; read it with --encoding utf-16"),
        ("header.csv", r"header\.csv:1: the header is not UTF-8; .*--encoding cp1252"),
        ("truncated.parquet", "truncated or damaged"),
        ("semicolons.csv", r"no column 'text'; found 'id;text'.*--delimiter"),
        ("nocolumn.jsonl", "no column 'text'; found 'body'"),
        ("nocolumn.parquet", "no column 'text'; found 'body'"),
        ("numbers.parquet", "column 'text' holds int64, expected strings"),
        ("twice.csv", "column 'text' stands 2 times"),
        ("words.docx", r"unknown kind '\.docx'"),
        ("nojson.jsonl", "no line is a JSON object"),
    ],
)
def test_an_unreadable_input_is_told_and_leaves_nothing(
    tmp_path: Path, classifier: Classifier, name: str, message: str
) -> None:
    before = set(broken_inputs(tmp_path))
    with pytest.raises(InputError, match=message):
        score_files([tmp_path / name], tmp_path / "out.jsonl", classifier)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_damage_found_half_way_leaves_no_output(
    tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "CHUNK_ROWS", 10)
    source = write_rows(
        tmp_path / "in.parquet", [{"text": f"Row {i} grew."} for i in range(50_000)]
    )
    content = bytearray(source.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    source.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        score_files([source], tmp_path / "out.csv", classifier)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("in.csv", "is an input"),
        ("there.csv", "exists; choose another name or pass --overwrite"),
        ("out.xlsx", r"unknown kind '\.xlsx'"),
        ("out.txt", r"unknown kind '\.txt'"),
        ("no/such/out.csv", "no such directory"),
        ("folder.csv", "is a directory"),
    ],
)
def test_an_output_that_cannot_be_written_is_told(
    tmp_path: Path, classifier: Classifier, name: str, message: str
) -> None:
    write_rows(tmp_path / "in.csv")
    (tmp_path / "there.csv").write_text("precious")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError, match=message):
        score_files([tmp_path / "in.csv"], tmp_path / name, classifier)
    assert (tmp_path / "there.csv").read_text() == "precious"


def test_scoring_an_output_again_asks_for_a_prefix(tmp_path: Path, classifier: Classifier) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    score_files([write_rows(tmp_path / "in.csv")], first, classifier)
    with pytest.raises(OutputError, match=r"already a column 'labels'.*--prefix"):
        score_files([first], second, classifier)
    score_files([first], second, classifier, prefix="again_")
    assert read_rows(second)[0]["again_labels"] == read_rows(second)[0]["labels"]


def test_inputs_with_other_columns_are_refused_by_name(
    tmp_path: Path, classifier: Classifier
) -> None:
    one = write_rows(tmp_path / "one.csv")
    other = write_rows(tmp_path / "other.csv", [{"text": "A."}])
    with pytest.raises(InputError, match=r"other\.csv: columns \['text'\], but"):
        score_files([one, other], tmp_path / "out.csv", classifier)


def test_several_inputs_are_scored_one_after_the_other(
    tmp_path: Path, classifier: Classifier
) -> None:
    inputs = [write_rows(tmp_path / f"{name}.csv") for name in "ab"]
    seen: list[tuple[int, int, int]] = []
    score_files(
        inputs,
        tmp_path / "out.parquet",
        classifier,
        on_progress=lambda done, total, rows: seen.append((done, total, rows)),
    )
    assert [row["id"] for row in read_rows(tmp_path / "out.parquet")] == ["1", "2", "3"] * 2
    assert seen[-1][0] == seen[-1][1]
    assert seen[-1][2] == 6


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path: Path, classifier: Classifier) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": ""}\n')
    assert score_files([source], out, classifier).rejects
    source.write_text('{"text": "Good."}\n')
    score_files([source], out, classifier, overwrite=True)
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()


def test_an_interruption_leaves_nothing(tmp_path: Path, classifier: Classifier) -> None:
    def interrupt(done: int, total: int, rows: int) -> None:
        raise KeyboardInterrupt

    source = write_rows(tmp_path / "in.csv")
    with pytest.raises(KeyboardInterrupt):
        score_files([source], tmp_path / "out.csv", classifier, on_progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_flood_of_marks_is_rejected(
    tmp_path: Path, classifier: Classifier, suffix: str, unit: Unit
) -> None:
    rows = [{"text": "The port brings jobs."}, {"text": "e" + "\u0301\u0323" * 300}]
    source = write_rows(tmp_path / f"in.{suffix}", rows)
    result = score_files([source], tmp_path / "out.csv", classifier, unit=unit)
    assert (result.n_scored, result.n_rejected) == (1, 1)
    reject = json.loads((tmp_path / "out.csv.rejects.jsonl").read_text())
    assert "combining marks in a row" in reject["reason"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(readers, "CHUNK_ROWS", 20)
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 20)
    monkeypatch.setattr(writers, "ROW_GROUP_BYTES", 10_000)
    rows = [{"text": f"Trade grew {i}. " + "It grew. " * 20} for i in range(1200)]
    small = write_rows(tmp_path / f"small.{suffix}", rows[:300])
    large = write_rows(tmp_path / f"large.{suffix}", rows)
    peaks = []
    for source in (small, small, large):
        tracemalloc.start()
        out = tmp_path / f"out.{suffix}"
        score_files([source], out, classifier, unit=Unit.SENTENCE, overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1]


def test_rows_are_written_in_groups_of_a_size(
    tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 20)
    source = write_rows(tmp_path / "in.parquet", [{"text": f"Trade grew {i}."} for i in range(300)])
    for size, n_groups in ((1, 15), (10_000_000, 1)):
        monkeypatch.setattr(writers, "ROW_GROUP_BYTES", size)
        score_files([source], tmp_path / "out.parquet", classifier, overwrite=True)
        written = pq.ParquetFile(tmp_path / "out.parquet")
        assert written.metadata.num_row_groups == n_groups
        assert written.read()["text"].to_pylist() == [f"Trade grew {i}." for i in range(300)]


def test_one_row_group_of_a_parquet_file_is_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 300)
    path = tmp_path / "in.parquet"
    schema = pa.schema([("text", pa.string())])
    group = pa.table([["".join(map(str, range(i, i + 1000))) for i in range(300)]], schema=schema)
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for _ in range(30):
            writer.write_table(group)
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() - before for _ in readers.open_source(path, None).chunks)
    assert 0 < peak < 4 * group.nbytes
