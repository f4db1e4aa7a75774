"""The service refuses an artifact that it cannot trust, and names what differs."""

import gc
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.artifact import ArtifactError, read_artifact
from service.classifier import load
from tests.conftest import damage, rewrite

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
    rewrite(artifact_copy, format=1)
    with pytest.raises(ArtifactError, match=r"format 1, this version of stance reads format 3"):
        load(artifact_copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {}},
        {"thresholds": {"us_critical": "high"}},
        {"probes": []},
        {"probes": [{"text": "a"}]},
        {"features": {}},
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
