"""Corrections: stored only when asked, only what is told, and taken up only after a review."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import stance
from labels.correction_store import CorrectionStore
from labels.corrections import Correction, StoreError, review
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import Taxonomy
from service.app import create_app
from service.settings import Settings
from tests.conftest import ROOT
from tests.test_service_app import SECRET, assert_problem

TEXT = f"The port of {SECRET} brings jobs."
REQUEST = {
    "text": TEXT,
    "language": "en",
    "labels": ["pro_china_engagement"],
    "given": ["us_critical"],
    "model_version": "2-0123456789ab",
    "note": "It welcomes the port.",
}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "corrections.db"


@pytest.fixture
def client(tiny_artifact: Path, database: Path) -> Iterator[TestClient]:
    settings = Settings(model=tiny_artifact, corrections=f"sqlite:///{database}")
    with TestClient(create_app(settings)) as client:
        yield client


def correction(text: str, right: list[str], minutes: int = 0, **fields: Any) -> Correction:
    values = {"language": "en", "given": (), "model_version": "2-0"} | fields
    when = NOON + timedelta(minutes=minutes)
    return Correction(text=text, right=tuple(right), stored_at=when, **values)


def stored_in(database: Path) -> list[Correction]:
    return list(CorrectionStore(f"sqlite:///{database}").read())


def test_a_correction_is_stored_with_nothing_but_what_was_sent(
    client: TestClient, database: Path
) -> None:
    assert client.get("/model").json()["corrections"] is True
    response = client.post("/corrections", json=REQUEST)
    assert response.status_code == 201
    (stored,) = stored_in(database)
    assert response.json()["stored_at"] == stored.stored_at.isoformat().replace("+00:00", "Z")
    assert stored == Correction(
        text=TEXT,
        language="en",
        given=("us_critical",),
        right=("pro_china_engagement",),
        model_version="2-0123456789ab",
        stored_at=stored.stored_at,
        note="It welcomes the port.",
    )
    content = database.read_bytes()
    assert b"testclient" not in content
    assert b"127.0.0.1" not in content


def test_nothing_is_stored_by_a_service_without_a_store(tiny_artifact: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_artifact))) as client:
        assert client.get("/model").json()["corrections"] is False
        assert_problem(client.post("/corrections", json=REQUEST), 404)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"labels": [SECRET]}, id="unknown-label"),
        pytest.param({"given": ["us_critical", "us_critical"]}, id="label-twice"),
        pytest.param({"labels": ["us_critical"]}, id="nothing-corrected"),
        pytest.param({"text": " \n"}, id="blank"),
        pytest.param({"text": "x" * 2001}, id="long-text"),
        pytest.param({"text": "a\x00b"}, id="control-character"),
        pytest.param({"language": "English"}, id="language"),
        pytest.param({"model_version": "two words"}, id="version"),
        pytest.param({"note": "x" * 501}, id="long-note"),
        pytest.param({"address": SECRET}, id="unknown-field"),
    ],
)
def test_a_wrong_correction_is_refused_by_field(
    client: TestClient, database: Path, change: dict[str, Any]
) -> None:
    problem = assert_problem(client.post("/corrections", json=REQUEST | change), 422)
    assert [error["field"] for error in problem["errors"]] == list(change)
    assert not database.exists()


def test_of_a_list_of_wrong_labels_the_first_is_told_and_the_rest_not_looked_at(
    client: TestClient,
) -> None:
    request = REQUEST | {"labels": [0] * 100_000}
    problem = assert_problem(client.post("/corrections", json=request), 422)
    assert [error["field"] for error in problem["errors"]] == ["labels.0"]


def test_a_database_that_is_gone_is_a_503_and_the_next_correction_is_stored(
    client: TestClient, database: Path
) -> None:
    database.mkdir()
    assert_problem(client.post("/corrections", json=REQUEST), 503)
    database.rmdir()
    assert client.post("/corrections", json=REQUEST).status_code == 201
    assert len(stored_in(database)) == 1


def test_a_full_disk_leaves_what_was_stored_and_nothing_half_written(database: Path) -> None:
    program = (
        "import resource, sys\n"
        "from tests.test_service_corrections import CorrectionStore, StoreError, correction\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "store = CorrectionStore(sys.argv[1])\n"
        "for n in range(100):\n"
        "    try:\n"
        "        store.add(correction(f'{n} ' + 'x' * 1900, []))\n"
        "    except StoreError:\n"
        "        sys.exit(print(n))\n"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{database}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    n_stored = int(done.stdout)
    assert 0 < n_stored < 100
    assert [c.text.split()[0] for c in stored_in(database)] == [str(n) for n in range(n_stored)]


@pytest.mark.parametrize("url", ["corrections.db", "oracle9://host/x", "sqlite+nothing://"])
def test_a_store_that_cannot_be_is_told_before_the_service_starts(
    tiny_artifact: Path, url: str
) -> None:
    with pytest.raises(StoreError, match=r"expected e\.g\. sqlite"):
        create_app(Settings(model=tiny_artifact, corrections=url))


def test_a_review_merges_the_same_sentence_and_lists_disagreement(taxonomy: Taxonomy) -> None:
    found = review(
        [
            correction("The  port brings jobs.", ["us_critical"], 2, note="Odd."),
            correction("the port brings jobs.", ["pro_china_engagement"], 1),
            correction("The port brings jobs.", ["pro_china_engagement"], 3),
            correction("Trade grew.", [], 0, given=("us_critical",)),
        ],
        taxonomy,
        [],
    )
    trade, port = found.rows
    assert trade["first"] == []
    assert trade["given"] == ["us_critical"]
    assert "labels" not in trade
    assert (port["first"], port["second"]) == (["pro_china_engagement"], ["us_critical"])
    assert port["note"] == "Odd."
    assert len(found.conflicts) == 1
    assert port["id"] in found.conflicts[0]


def test_a_review_leaves_out_what_the_taxonomy_does_not_know(taxonomy: Taxonomy) -> None:
    found = review([correction("Trade grew.", ["hope"])], taxonomy, [])
    assert found.rows == ()
    assert "unknown label 'hope'" in found.left_out[0]


def test_a_sentence_of_the_set_keeps_its_place_and_is_settled_when_the_set_agrees(
    taxonomy: Taxonomy, sentences: list[LabelledSentence]
) -> None:
    own = sentences[0]
    others = [label for label in taxonomy.ids if label not in own.labels]
    differing = review([correction(own.text, others)], taxonomy, sentences)
    assert differing.rows[0]["id"] == own.id
    assert differing.rows[0]["passage"] == own.passage
    agreeing = review([correction(own.text, list(own.labels))], taxonomy, sentences)
    assert (agreeing.rows, agreeing.n_settled) == ((), 1)


def test_corrections_become_sentences_of_the_set_only_after_a_second_reader(
    client: TestClient, database: Path, labels_dir: Path, tmp_path: Path
) -> None:
    labels, file = Path(shutil.copytree(labels_dir, tmp_path / "labels")), tmp_path / "review.jsonl"
    client.post("/corrections", json=REQUEST)
    run = CliRunner().invoke
    write = ["labels", "import", "--corrections", str(database), "-o", str(file)]
    done = run(stance.app, [*write, "--labels", str(labels)])
    assert done.exit_code == 0, done.output
    assert "1 sentence of 1 correction," in done.output
    assert run(stance.app, [*write, "--labels", str(labels)]).exit_code == 2, "would overwrite"

    unread = run(stance.app, ["labels", "import", str(file), "--labels", str(labels)])
    assert unread.exit_code == 2
    assert "no labels" in unread.output
    row = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(row | {"second": row["first"], "labels": row["first"]}))
    taken = run(stance.app, ["labels", "import", str(file), "--labels", str(labels)])
    assert taken.exit_code == 0, taken.output
    new = next(s for s in read_labelled_set(labels) if s.text == TEXT)
    assert new.labels == new.first == new.second == ("pro_china_engagement",)
    stored = (labels / "sentences" / "en.jsonl").read_text()
    assert "It welcomes the port." not in stored


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["a.jsonl", "-o", "b.jsonl"], id="output-without-corrections"),
        pytest.param(["--corrections", "sqlite://"], id="no-output"),
        pytest.param(["--corrections", "no-such.db", "-o", "b.jsonl"], id="no-such-file"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(stance.app, ["labels", "import", *arguments])
    assert done.exit_code == 2
    assert done.output.startswith("stance: ")
