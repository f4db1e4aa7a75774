"""What the tests share: a tiny labelled set, the artifact trained from it, and a client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from labels.lexicon import Lexicon, read_lexicon
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import Taxonomy, read_taxonomy
from service.app import create_app
from service.classifier import Classifier, load
from service.settings import Settings
from training.config import TrainingConfig
from training.run import run

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def labels_dir() -> Path:
    return DATA / "labels"


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
