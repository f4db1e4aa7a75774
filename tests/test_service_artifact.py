"""The service refuses an artifact that it cannot trust, and names what differs."""

import gc
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.artifact import ArtifactError, read_artifact
from service.classifier import load
from tests.conftest import damage, put, rewrite

FILES = (
    "manifest.json",
    "weights.npz",
    "nearest.npz",
    "language.bin",
    "tables.bin",
    "pipeline.joblib",
    "card.md",
    "report.html",
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0.0, 0.31, 0.77, 1.0])
def test_one_flipped_byte_in_any_file_is_refused(
    artifact_copy: Path, name: str, place: float
) -> None:
    content = bytearray((artifact_copy / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (artifact_copy / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=name):
        load(artifact_copy)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(artifact_copy: Path, name: str) -> None:
    (artifact_copy / name).unlink()
    with pytest.raises(ArtifactError, match=rf"{name}: cannot be read"):
        load(artifact_copy)


def test_another_format_number_is_refused(artifact_copy: Path) -> None:
    rewrite(artifact_copy, format=5)
    with pytest.raises(ArtifactError, match=r"format 5, this version of stance reads format 6"):
        load(artifact_copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {}},
        {"thresholds": {"us_critical": "high"}},
        {"probes": []},
        {"probes": [{"text": "a"}]},
        {"features": {}},
        {"features": ["word"]},
        {"taxonomy": {"labels": []}},
        {"files": {}},
        {"files": []},
    ],
)
def test_an_incomplete_manifest_is_refused(artifact_copy: Path, changes: dict[str, Any]) -> None:
    rewrite(artifact_copy, **changes)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load(artifact_copy)


def test_a_model_of_another_text_preparation_is_refused(artifact_copy: Path) -> None:
    manifest = orjson.loads((artifact_copy / "manifest.json").read_bytes())
    manifest["probes"][1]["scores"][0] += 0.001
    rewrite(artifact_copy, probes=manifest["probes"])
    with pytest.raises(ArtifactError, match="probe 1 does not get the scores it had in training"):
        load(artifact_copy)


def test_no_model_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"train a model first \(make train\)"):
        read_artifact(tmp_path / "nothing")


def test_a_folder_that_is_away_for_an_instant_is_waited_for(
    artifact_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.artifact.AWAY_SECONDS", 30.0)
    away = artifact_copy.rename(artifact_copy.with_name("away"))
    coming_back = threading.Timer(0.1, away.rename, (artifact_copy,))
    coming_back.start()
    try:
        assert read_artifact(artifact_copy).version
    finally:
        coming_back.join()


def test_an_artifact_that_is_replaced_while_it_is_read_is_the_old_or_the_new_one(
    artifact_copy: Path,
    tiny_artifact: Path,
    generous_artifact: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.artifact.MOST_TRIES", 50)  # nobody replaces one all the time
    versions = {read_artifact(path).version for path in (tiny_artifact, generous_artifact)}
    # Read late, so that a reader who began with the other manifest finds another digest.
    (generous_artifact / "report.html").write_text("Another report.")
    is_done = threading.Event()

    def replace_always() -> None:
        while not is_done.is_set():
            put(generous_artifact, artifact_copy)
            put(tiny_artifact, artifact_copy)

    replacing = threading.Thread(target=replace_always)
    replacing.start()
    try:
        assert {read_artifact(artifact_copy).version for _ in range(20)} <= versions
    finally:
        is_done.set()
        replacing.join()


@pytest.mark.parametrize("content", [b"[]", b"{", b"null", b""])
def test_a_manifest_that_is_no_object_is_refused(artifact_copy: Path, content: bytes) -> None:
    (artifact_copy / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load(artifact_copy)


def test_a_refused_artifact_leaves_no_file_open(artifact_copy: Path) -> None:
    damage(artifact_copy)
    refusals = []  # kept: an exception holds on to what was there when it was raised
    gc.collect()  # artifacts of other tests
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(ArtifactError) as refusal:
            read_artifact(artifact_copy)
        refusals.append(refusal)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
