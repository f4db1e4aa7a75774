"""Files in, files out: nothing lost, nothing half-written, the labels of /classify."""

import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service import parquet, readers, writers
from service.batch import score_files
from service.classifier import Classifier
from service.rows import Unit
from tests.tables import ROWS, read_rows, write_rows

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


def test_an_interruption_leaves_nothing(tmp_path: Path, classifier: Classifier) -> None:
    def interrupt(done: int, total: int, rows: int) -> None:
        raise KeyboardInterrupt

    source = write_rows(tmp_path / "in.csv")
    with pytest.raises(KeyboardInterrupt):
        score_files([source], tmp_path / "out.csv", classifier, on_progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


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
