"""The reader of the labelled set refuses bad rows by file and line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from labels.sentences import LabelError, digest_of, read_labelled_set, read_sentences
from labels.stats import count_labels
from labels.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy, read_taxonomy

GOOD = {
    "id": "a-1",
    "lang": "en",
    "text": "Trade grew by a tenth.",
    "labels": [],
    "register": "news",
    "passage": "a",
}


@pytest.fixture
def label_set(tmp_path: Path, labels_dir: Path) -> Path:
    shutil.copy(labels_dir / "taxonomy.json", tmp_path)
    (tmp_path / "sentences").mkdir()
    return tmp_path


def write(label_set: Path, *rows: Any, name: str = "en.jsonl") -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (label_set / "sentences" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"labels": ["us_critcal"]}, "unknown label 'us_critcal'; expected", id="label"
        ),
        pytest.param({"labels": "us_critical"}, "'labels' is str, expected a list", id="no-list"),
        pytest.param({"labels": ["us_critical"] * 2}, "a label stands twice", id="twice"),
        pytest.param({"labels": [1]}, "unknown label 1", id="label-number"),
        pytest.param({"text": "  "}, "'text' is empty", id="empty"),
        pytest.param({"text": 5}, "'text' is int, expected a string", id="number"),
        pytest.param({"text": "x" * 2001}, "2001 characters, at most 2000", id="over-long"),
        pytest.param({"text": "a\u0007b"}, r"control character U\+0007 at 1", id="control"),
        pytest.param({"lang": "xx"}, "unknown language 'xx'; expected one of", id="language"),
        pytest.param({"lang": "es"}, "language 'es' in the file of 'en'", id="other-file"),
        pytest.param({"register": "rumour"}, "unknown register 'rumour'", id="register"),
        pytest.param({"passage": None}, "'passage' is NoneType", id="passage"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(
    label_set: Path, change: dict[str, Any], message: str
) -> None:
    write(label_set, GOOD | {"id": "a-0", "text": "Another sentence."}, GOOD | change)
    with pytest.raises(LabelError, match=rf"en\.jsonl:2: .*{message}"):
        read_labelled_set(label_set)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(GOOD | {"id": "b"}, r"duplicate of the sentence at .*en\.jsonl:1", id="text"),
        pytest.param(
            GOOD | {"id": "b", "text": "TRADE  grew by a tenth. "}, "duplicate of", id="normalised"
        ),
        pytest.param(GOOD | {"text": "Other."}, r"id 'a-1' stands already at", id="id"),
        pytest.param("{not json", "not a JSON object", id="broken-json"),
        pytest.param("[1]", "found list, expected a JSON object", id="list"),
    ],
)
def test_repeated_and_broken_rows_are_refused(label_set: Path, second: Any, message: str) -> None:
    write(label_set, GOOD, second)
    with pytest.raises(LabelError, match=message):
        read_labelled_set(label_set)


def test_all_bad_rows_are_named_at_once(label_set: Path) -> None:
    write(label_set, GOOD | {"lang": "xx"}, GOOD | {"id": "c", "text": ""})
    with pytest.raises(LabelError) as caught:
        read_labelled_set(label_set)
    assert len(caught.value.problems) == 2


def test_a_label_set_without_files_is_refused(label_set: Path) -> None:
    with pytest.raises(LabelError, match=r"no \.jsonl file"):
        read_labelled_set(label_set)


def test_a_label_set_without_taxonomy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"taxonomy\.json: cannot be read"):
        read_labelled_set(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found list, expected an object"),
        ({}, "'labels' must be a list"),
        ({"labels": [{"id": "A b"}]}, "id 'A b' must be lower-case"),
        ({"labels": [{"id": "a"}, {"id": "a"}]}, "stands 2 times"),
        ({"labels": [{"id": "a", "color": "red"}]}, "color 'red' must look like"),
        ({"labels": [{"id": "a"}]}, "'languages' must be a list"),
        ({"labels": [{"id": "a"}], "languages": ["English"]}, "is not an ISO 639 code"),
    ],
)
def test_a_bad_taxonomy_is_refused(content: object, message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        parse_taxonomy(content, "t.json")


def test_labels_come_in_taxonomy_order(label_set: Path, taxonomy: Taxonomy) -> None:
    write(label_set, GOOD | {"labels": list(reversed(taxonomy.ids))})
    assert read_labelled_set(label_set)[0].labels == taxonomy.ids


def test_an_evaluation_file_needs_text_and_labels_only(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = tmp_path / "real.jsonl"
    path.write_text('{"text": "A.", "labels": []}\n{"text": "A.", "labels": [], "document": "d"}\n')
    first, second = read_sentences(path, taxonomy)
    assert (first.id, first.lang, first.register, first.passage) == ("1", "und", "unknown", "1")
    assert second.passage == "d"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; expected"),
        ('{"labels": []}', "'text' is missing"),
        ('{"text": "a"}', "missing"),
    ],
)
def test_a_bad_evaluation_file_is_refused(
    tmp_path: Path, taxonomy: Taxonomy, content: str, message: str
) -> None:
    path = tmp_path / "real.jsonl"
    path.write_text(content)
    with pytest.raises(LabelError, match=message):
        read_sentences(path, taxonomy)


def test_the_digest_changes_with_any_byte(label_set: Path) -> None:
    write(label_set, GOOD)
    before = digest_of(label_set)
    write(label_set, GOOD | {"text": "Trade grew by a tenth!"})
    assert digest_of(label_set) != before


def test_counts_add_up(label_set: Path, taxonomy: Taxonomy) -> None:
    write(label_set, GOOD, GOOD | {"id": "b", "text": "B.", "labels": list(taxonomy.ids[:2])})
    counts = {
        (row.lang, row.label): row.total
        for row in count_labels(read_labelled_set(label_set), taxonomy)
    }
    assert counts["en", taxonomy.ids[0]] == counts["all", taxonomy.ids[1]] == 1
    assert counts["en", "(no label)"] == 1
    assert counts["all", taxonomy.ids[2]] == 0


def test_the_labelled_set_is_sound_and_every_language_is_real() -> None:
    taxonomy, sentences = read_taxonomy(), read_labelled_set()
    for language in taxonomy.languages:
        own = [s for s in sentences if s.lang == language]
        assert len(own) >= 150, language
        for label in taxonomy.ids:
            assert sum(label in s.labels for s in own) >= 15, (language, label)
