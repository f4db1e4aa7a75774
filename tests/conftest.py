"""What the tests share: a tiny labelled set, the artifact trained from it, and a client."""

import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from labels.lexicon import Lexicon, read_lexicon
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import Taxonomy, read_taxonomy
from service.app import create_app
from service.classifier import Classifier, load
from service.settings import Settings
from training.artifact import write_artifact
from training.config import TrainingConfig
from training.run import run

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def labels_dir() -> Path:
    return DATA / "labels"


@pytest.fixture
def label_set(tmp_path: Path, labels_dir: Path) -> Path:
    """Return a copy of the tiny label set, to be changed."""
    return Path(shutil.copytree(labels_dir, tmp_path / "labels"))


@pytest.fixture(scope="session")
def taxonomy(labels_dir: Path) -> Taxonomy:
    return read_taxonomy(labels_dir)


@pytest.fixture(scope="session")
def lexicon(labels_dir: Path) -> Lexicon:
    return read_lexicon(labels_dir)


@pytest.fixture(scope="session")
def sentences(labels_dir: Path) -> list[LabelledSentence]:
    return read_labelled_set(labels_dir)


@pytest.fixture(scope="session")
def tiny_artifact(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[LabelledSentence],
    taxonomy: Taxonomy,
    labels_dir: Path,
) -> Path:
    """Train the tiny labelled set once; copy the artifact before changing it."""
    out = tmp_path_factory.mktemp("models") / "tiny"
    run(sentences, taxonomy, labels_dir, out, TrainingConfig())
    return out


@pytest.fixture
def artifact_copy(tiny_artifact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_artifact, tmp_path / "artifact"))


def rewrite(artifact: Path, **changes: Any) -> None:
    """Write a changed manifest with a correct seal, as another version would."""
    manifest = orjson.loads((artifact / "manifest.json").read_bytes()) | changes
    manifest.pop("seal")
    manifest["seal"] = sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    (artifact / "manifest.json").write_bytes(orjson.dumps(manifest, option=options) + b"\n")


def put(source: Path, folder: Path) -> None:
    """Replace the artifact in `folder` as training does."""
    manifest = orjson.loads((source / "manifest.json").read_bytes())
    files = {name: (source / name).read_bytes() for name in manifest["files"]}
    del manifest["seal"], manifest["files"]
    write_artifact(folder, manifest, files)


def damage(folder: Path) -> None:
    """Flip a bit of the weights."""
    content = bytearray((folder / "weights.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "weights.npz").write_bytes(content)


@pytest.fixture
def generous_artifact(tiny_artifact: Path, tmp_path: Path, taxonomy: Taxonomy) -> Path:
    """Provide a version of the tiny model that gives every possible label."""
    out = Path(shutil.copytree(tiny_artifact, tmp_path / "generous"))
    rewrite(out, version="2-generous", thresholds=dict.fromkeys(taxonomy.ids, 0.0))
    return out


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    """Keep the settings that `stance serve` puts into the environment out of other tests."""
    before = os.environ.copy()
    yield
    for name in [name for name in os.environ if name.startswith("STANCE_")]:
        if name not in before:
            del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def classifier(tiny_artifact: Path) -> Classifier:
    return load(tiny_artifact)


@pytest.fixture(scope="session")
def trained() -> Classifier:
    """Load the model of the whole labelled set, which `make train` puts at models/default."""
    return load()


@pytest.fixture(scope="session")
def client(tiny_artifact: Path) -> Iterator[TestClient]:
    settings = Settings(model=tiny_artifact, max_body_bytes=50_000, max_text_characters=10_000)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def job_folder(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def job_settings(tiny_artifact: Path, job_folder: Path) -> Settings:
    return Settings(
        model=tiny_artifact,
        job_folder=job_folder,
        max_upload_bytes=3_000_000,
        max_jobs=2,
        job_minutes=5,
    )


@pytest.fixture
def job_client(job_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(job_settings)) as client:
        yield client
