"""Files that cannot be read in whole or in part: told by line and reason, nothing half-written."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service import readers
from service.batch import score_files
from service.classifier import Classifier
from service.rows import InputError, Unit
from service.writers import OutputError
from tests.tables import read_rows, write_rows

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


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path: Path, classifier: Classifier) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": ""}\n')
    assert score_files([source], out, classifier).rejects
    source.write_text('{"text": "Good."}\n')
    score_files([source], out, classifier, overwrite=True)
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()


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
