"""A new model takes the place of the old in one step, a bad one never; a shadow only counts."""

import gc
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.artifact import ArtifactError
from service.classifier import Classifier, load
from service.models import Models, ServedModel, prepare
from service.settings import Settings
from service.shadow import Shadow
from tests.conftest import ROOT, damage, put
from tests.servers import PATIENCE, free_port, running, until

TEXT = "The port brings jobs. Washington only sends warnings about China.\n"
GENEROUS = "2-generous"


def labels_of(answer: dict[str, Any]) -> list[list[str]]:
    return [sentence["labels"] for sentence in answer["sentences"]]


@pytest.fixture
def model(artifact_copy: Path) -> ServedModel:
    return ServedModel(artifact_copy)


def test_a_new_artifact_is_read_when_the_folder_keeps_still(
    model: ServedModel, generous_artifact: Path, classifier: Classifier
) -> None:
    put(generous_artifact, model.path)
    model.look()
    assert model.classifier.model == classifier.model
    model.look()
    assert model.classifier.model.version == GENEROUS


def test_a_model_that_was_prepared_is_taken_over_once(artifact_copy: Path) -> None:
    prepared = prepare(artifact_copy)
    assert Models(artifact_copy).classifier is prepared
    assert Models(artifact_copy).classifier is not prepared


def test_a_model_that_was_replaced_since_is_not_taken_over(
    artifact_copy: Path, generous_artifact: Path
) -> None:
    prepare(artifact_copy)
    put(generous_artifact, artifact_copy)
    assert Models(artifact_copy).classifier.model.version == GENEROUS


def test_a_model_that_was_replaced_is_let_go(model: ServedModel, generous_artifact: Path) -> None:
    model.classifier.classify(TEXT, evidence=True)
    old = weakref.ref(model.classifier)
    gc.disable()  # as for what was there when the service began
    try:
        put(generous_artifact, model.path)
        model.reload()
        assert old() is None
    finally:
        gc.enable()


def test_an_instant_without_a_folder_is_not_noticed(model: ServedModel) -> None:
    moved = model.path.rename(model.path.with_name("moved"))
    model.look()
    moved.rename(model.path)
    model.look()
    model.look()
    assert model.refusal is None


def test_a_bad_artifact_is_refused_once_and_the_model_stays(
    model: ServedModel, classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    damage(model.path)
    for _ in range(4):
        model.look()
    assert model.refusal is not None
    assert "weights.npz: damaged" in model.refusal
    assert caplog.text.count("model refused") == 1
    assert model.classifier.classify(TEXT) == classifier.classify(TEXT)


def test_after_a_bad_artifact_a_good_one_is_taken(
    model: ServedModel, generous_artifact: Path
) -> None:
    shutil.rmtree(model.path)
    with pytest.raises(ArtifactError, match=r"manifest\.json: cannot be read"):
        model.reload()
    put(generous_artifact, model.path)
    model.look()
    model.look()
    assert (model.classifier.model.version, model.refusal) == (GENEROUS, None)


@pytest.fixture
def shadowed(artifact_copy: Path, generous_artifact: Path) -> Iterator[TestClient]:
    settings = Settings(model=artifact_copy, shadow=generous_artifact)
    with TestClient(create_app(settings)) as client:
        yield client


def test_reload_puts_the_new_model_in_service_before_it_answers(
    shadowed: TestClient, artifact_copy: Path, generous_artifact: Path
) -> None:
    assert shadowed.post("/admin/reload").json()["replaced"] is False
    put(generous_artifact, artifact_copy)
    answer = shadowed.post("/admin/reload").json()
    assert answer == {"model": {"name": "stance", "version": GENEROUS}, "replaced": True}
    assert shadowed.post("/classify", json={"text": TEXT}).json()["model"]["version"] == GENEROUS


def relabelled(artifact: Path, to: Path) -> Path:
    """Write an artifact with a label of another name."""
    shutil.copytree(artifact, to)
    path = to / "manifest.json"
    manifest = orjson.loads(path.read_bytes().replace(b"security_alarm", b"security_concern"))
    manifest.pop("seal")
    digest = sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    path.write_bytes(orjson.dumps(manifest | {"seal": digest}, option=options) + b"\n")
    return to


def test_a_shadow_with_other_labels_is_refused(tiny_artifact: Path, tmp_path: Path) -> None:
    other = relabelled(tiny_artifact, tmp_path / "other")
    assert load(other).taxonomy.ids[-1] == "security_concern"
    with pytest.raises(ArtifactError, match=r"security_concern; a shadow needs .* security_alarm"):
        Models(tiny_artifact, other)


@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize(
    ("option", "message"),
    [("--shadow", "manifest.json: cannot be read"), ("--job-folder", "choose another --job-fold")],
)
def test_what_cannot_be_used_is_told_in_a_line(
    tiny_artifact: Path, tmp_path: Path, n_workers: int, option: str, message: str
) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "stance", "serve", "--port", str(free_port())]
    command += ["--model", str(tiny_artifact), option, str(tmp_path / "file" / "folder")]
    command += ["--workers", str(n_workers)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "file" / "folder") in line
    assert message in line


def test_reload_says_why_it_refuses(shadowed: TestClient, artifact_copy: Path) -> None:
    assert shadowed.get("/model").json()["refused"] is False
    damage(artifact_copy)
    response = shadowed.post("/admin/reload")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert "weights.npz: damaged" in response.json()["detail"]
    assert shadowed.get("/model").json()["refused"] is True
    assert "stance_models_refused 1.0" in shadowed.get("/metrics").text.splitlines()
    assert shadowed.get("/health/ready").status_code == 200


def counted_flips(client: TestClient, label: str) -> float:
    """Return what the metrics say, over all tests of this process."""
    series = f'stance_shadow_flips_total{{by="shadow",label="{label}"}} '
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(series)) for line in lines if line.startswith(series))


def test_the_shadow_counts_the_sentences_it_would_label_otherwise(
    shadowed: TestClient, classifier: Classifier, generous_artifact: Path
) -> None:
    texts = [TEXT, "Trade grew.", "Washington warns of Chinese spies."]
    counted = {label: counted_flips(shadowed, label) for label in classifier.taxonomy.ids}
    shadowed.post("/classify", json={"text": texts[0]})
    shadowed.post("/classify/batch", json={"items": [{"text": text} for text in texts[1:]]})
    until(lambda: shadowed.get("/admin/shadow").json()["sentences"] == 4, "all are compared")
    pairs = [
        (set(own.labels), set(theirs.labels))
        for text in texts
        for own, theirs in zip(
            classifier.classify(text).sentences,
            load(generous_artifact).classify(text).sentences,
            strict=True,
        )
    ]
    report = shadowed.get("/admin/shadow").json()
    assert report["differing"] == sum(own != theirs for own, theirs in pairs) > 0
    assert report["dropped"] == 0
    for label in classifier.taxonomy.ids:
        gained = sum(label in theirs - own for own, theirs in pairs)
        assert report["flips"].get(label, {"gained": 0, "lost": 0}) == {"gained": gained, "lost": 0}
        assert counted_flips(shadowed, label) - counted[label] == gained


def test_the_answer_is_the_models_not_the_shadows(
    shadowed: TestClient, classifier: Classifier
) -> None:
    answer = shadowed.post("/classify", json={"text": TEXT}).json()
    assert answer == classifier.classify(TEXT).to_dict()


def test_without_a_shadow_there_is_nothing_to_compare(client: TestClient) -> None:
    assert client.get("/admin/shadow").status_code == 404


def test_what_comes_too_fast_for_the_shadow_is_dropped_and_counted(classifier: Classifier) -> None:
    shadow = Shadow(lambda: classifier)  # not started: nothing is compared
    answer = classifier.classify("Trade grew. " * 40_000)
    for _ in range(4):
        shadow.offer(answer)
    assert shadow.report(classifier.model).dropped == 2 * len(answer.sentences)


@pytest.mark.parametrize("reload_by", ["watch", "signal"])
def test_no_request_is_dropped_or_mixed_while_models_are_swapped_under_load(
    reload_by: str,
    artifact_copy: Path,
    tiny_artifact: Path,
    generous_artifact: Path,
    classifier: Classifier,
    tmp_path: Path,
) -> None:
    expected = {
        each.model.version: labels_of(each.classify(TEXT).to_dict())
        for each in (classifier, load(generous_artifact))
    }
    assert len({str(labels) for labels in expected.values()}) == 2
    is_done = threading.Event()

    def ask(url: str) -> list[dict[str, Any]]:
        """Ask without pause, one text and a batch in turn; every answer must be whole."""
        answers = []
        with httpx2.Client(base_url=url, timeout=60) as client:
            while not is_done.is_set():
                response = client.post("/classify", json={"text": TEXT})
                assert response.status_code == 200, response.text
                answers.append(response.json())
                response = client.post("/classify/batch", json={"items": [{"text": TEXT}] * 20})
                assert response.status_code == 200, response.text
                batch = [result["prediction"] for result in response.json()["results"]]
                assert len({answer["model"]["version"] for answer in batch}) == 1
                answers += batch
        return answers

    with (
        running(artifact_copy, tmp_path / "log") as server,
        ThreadPoolExecutor(3) as pool,
    ):
        asking = [pool.submit(ask, server.url) for _ in range(3)]
        try:
            for source in (generous_artifact, tiny_artifact, generous_artifact):
                version = orjson.loads((source / "manifest.json").read_bytes())["version"]
                put(source, artifact_copy)
                if reload_by == "signal":
                    server.process.send_signal(signal.SIGHUP)
                until(
                    lambda wanted=version: (
                        server.classify(TEXT).json()["model"]["version"] == wanted
                    ),
                    f"{version} answers",
                )
        finally:
            is_done.set()
        answers = [answer for future in asking for answer in future.result()]
    assert {answer["model"]["version"] for answer in answers} == set(expected)
    assert all(labels_of(answer) == expected[answer["model"]["version"]] for answer in answers)
