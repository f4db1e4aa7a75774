"""Training: what is learned, what is refused, and that it can be repeated byte for byte."""

from pathlib import Path

import joblib
import numpy as np
import orjson
import pytest
from joblib.externals.loky import get_reusable_executor

import training.train
from benchmarks.label_sets import SETS, LabelSet, write_label_set
from labels import kernel
from labels.lexicon import Lexicon
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import Taxonomy, read_taxonomy
from labels.terms import FAMILIES
from service.classifier import load
from training.artifact import ArtifactWriteError, weights_bytes, write_artifact
from training.config import TrainingConfig
from training.counts import count_terms, weigh
from training.manifest import is_current
from training.pipeline import build_vectorizer
from training.run import run
from training.train import TrainingError, indicator_matrix, n_steps, out_of_fold, train


def test_two_runs_write_the_same_bytes(
    sentences: list[LabelledSentence],
    taxonomy: Taxonomy,
    labels_dir: Path,
    tiny_artifact: Path,
    tmp_path: Path,
) -> None:
    run(sentences, taxonomy, labels_dir, tmp_path / "again", TrainingConfig())
    for file in tiny_artifact.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("families", [{}, dict.fromkeys(FAMILIES, 1.0)], ids=["own", "all"])
def test_without_a_kernel_the_same_is_learned(
    sentences: list[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    families: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = TrainingConfig(families=families)
    model = train(sentences, taxonomy, lexicon, config)
    monkeypatch.setattr(kernel, "AVAILABLE", False)
    python = train(sentences, taxonomy, lexicon, config)
    assert weights_bytes(python.pipeline) == weights_bytes(model.pipeline)
    assert (python.thresholds, python.min_known) == (model.thresholds, model.min_known)


def test_the_service_scores_as_the_fitted_pipeline(
    tiny_artifact: Path, sentences: list[LabelledSentence]
) -> None:
    texts = [s.text for s in sentences] + [
        "",
        "—",
        "zzz",
        "U.S. US EE. UU. 2024",
        "e\u0301te\u0301",
    ]
    pipeline = joblib.load(tiny_artifact / "pipeline.joblib")
    scores = load(tiny_artifact).score(texts)
    assert scores.shape == (len(texts), 3)
    assert np.abs(pipeline.predict_proba(texts) - scores).max() < 1e-6


def test_the_trained_model_scores_as_its_pipeline(trained) -> None:
    pipeline = joblib.load(trained.artifact.path / "pipeline.joblib")
    texts = [s.text for s in read_labelled_set()[::40]]
    assert len(texts) > 500
    assert np.abs(pipeline.predict_proba(texts) - trained.score(texts)).max() < 1e-6


def test_each_step_is_reported(
    sentences: list[LabelledSentence], taxonomy: Taxonomy, lexicon: Lexicon
) -> None:
    config, steps = TrainingConfig(), []
    train(sentences, taxonomy, lexicon, config, steps.append)
    assert len(steps) == n_steps(config)


def test_out_of_fold_scores_know_the_labels(
    sentences: list[LabelledSentence], taxonomy: Taxonomy, lexicon: Lexicon
) -> None:
    model = train(sentences, taxonomy, lexicon, TrainingConfig())
    for column, label in enumerate(taxonomy.ids):
        has_label = np.array([label in s.labels for s in sentences])
        scores = model.scores[:, column]
        assert scores[has_label].mean() > 2 * scores[~has_label].mean(), label


def test_out_of_fold_models_saw_nothing_of_the_passage(taxonomy: Taxonomy) -> None:
    sentences = [
        LabelledSentence(f"s{i}", "en", f"{own}zz here", (taxonomy.ids[i % 3],), "news", own)
        for i, own in enumerate("abcdefghij" * 6)
    ]
    truth, lexicon, config = indicator_matrix(sentences, taxonomy), Lexicon(), TrainingConfig()
    counts = count_terms([s.text for s in sentences], lexicon, config)
    _, known = out_of_fold(counts, sentences, truth, lexicon, config, lambda step: None)
    assert known.tolist() == [0.5] * 60  # "here", but never the word of its own passage.


def test_folds_side_by_side_score_as_one_after_the_other(
    sentences: list[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth, config = indicator_matrix(sentences, taxonomy), TrainingConfig()
    counts = count_terms([s.text for s in sentences], lexicon, config)
    alone = out_of_fold(counts, sentences, truth, lexicon, config, lambda step: None)
    monkeypatch.setattr(training.train, "PARALLEL_FROM", 0)
    monkeypatch.setattr(training.train, "cpu_count", lambda: 2)
    together = out_of_fold(counts, sentences, truth, lexicon, config, lambda step: None)
    get_reusable_executor().shutdown(wait=True)
    assert all(map(np.array_equal, together, alone))


@pytest.mark.parametrize(
    ("label_set", "passages"),
    [
        pytest.param(SETS[0], ["train-0", "train-1", "train-0"], id="texts-on-one-conclusion"),
        pytest.param(SETS[1], ["train-0", "train-1", "train-2"], id="texts-on-their-own"),
        pytest.param(SETS[2], ["train-0", "train-1", "train-1"], id="one-text-two-targets"),
    ],
)
def test_what_belongs_together_in_a_public_set_is_one_passage(
    label_set: LabelSet, passages: list[str], tmp_path: Path
) -> None:
    texts = ["A b.", "C d e.", "C d e." if label_set.has_target else "F g."]
    rows = [
        {"text": text, "target": "xyx"[i], "labels": ["good"], "from": i, "to": i + 1}
        for i, text in enumerate(texts)
    ]
    (tmp_path / "train.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    (tmp_path / "set").mkdir()
    write_label_set(label_set, tmp_path, tmp_path / "set")
    assert [s.passage for s in read_labelled_set(tmp_path / "set")] == passages


def test_a_label_without_positives_is_refused_by_name(
    sentences: list[LabelledSentence], taxonomy: Taxonomy, lexicon: Lexicon
) -> None:
    without = [s for s in sentences if "us_critical" not in s.labels]
    with pytest.raises(TrainingError, match=r"label 'us_critical' has 0 positive sentences"):
        train(without, taxonomy, lexicon, TrainingConfig())


def test_a_label_on_every_sentence_is_refused(
    sentences: list[LabelledSentence], taxonomy: Taxonomy, lexicon: Lexicon
) -> None:
    always = [s for s in sentences if "us_critical" in s.labels]
    with pytest.raises(TrainingError, match=r"every sentence has label 'us_critical'|at least 5"):
        train(always, taxonomy, lexicon, TrainingConfig())


def test_a_set_of_one_label_without_names_is_trained_and_served(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "sentences").mkdir(parents=True)
    taxonomy = {"labels": [{"id": "fruit"}], "languages": ["en"], "registers": ["mixed"]}
    (folder / "taxonomy.json").write_bytes(orjson.dumps(taxonomy | {"is_multi_label": False}))
    fruits, others = ("apples", "pears", "plums"), ("roads", "ships", "laws")
    rows = [
        {
            "id": f"s{i}",
            "lang": "en",
            "text": f"They wrote a long book, {i}, about {(fruits if i % 2 else others)[i % 3]}.",
            "labels": ["fruit"] if i % 2 else [],
            "register": "mixed",
            "passage": f"p{i}",
        }
        for i in range(60)
    ]
    content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    (folder / "sentences" / "en.jsonl").write_bytes(content)
    own, labelled = read_taxonomy(folder), read_labelled_set(folder)
    run(labelled, own, folder, tmp_path / "model", TrainingConfig())
    model = load(tmp_path / "model")
    pipeline = joblib.load(tmp_path / "model" / "pipeline.joblib")
    texts = [s.text for s in labelled]
    assert np.abs(pipeline.predict_proba(texts) - model.score(texts)).max() < 1e-6
    answer = model.classify_sentence("They wrote a long book about plums.", language="en")
    assert answer.labels == ("fruit",)
    assert model.classify_sentence("They wrote a long book about laws.", language="en").labels == ()


def test_a_label_about_nobody_known_is_refused(
    sentences: list[LabelledSentence], taxonomy: Taxonomy
) -> None:
    with pytest.raises(TrainingError, match=r"is about 'china', whom actors.json does not name"):
        train(sentences, taxonomy, Lexicon(), TrainingConfig())


def test_counting_once_weighs_as_the_vectoriser_does(
    sentences: list[LabelledSentence], lexicon: Lexicon
) -> None:
    config = TrainingConfig()
    texts = np.array([s.text for s in sentences], dtype=object)
    seen, new = np.arange(0, len(texts), 2), np.arange(1, len(texts), 2)
    weighing = weigh(count_terms(texts, lexicon, config), seen, lexicon, config)
    reference = build_vectorizer(config, lexicon).fit(texts[seen])
    expected = reference.transform(texts[new])
    assert abs(weighing.transform(new) - expected).max() < 1e-12
    # The vectoriser's idf is rounded to the artifact's precision.
    assert abs(weighing.vectorizer(config, lexicon).transform(texts[new]) - expected).max() < 1e-7


def test_the_manifest_tells_the_curve_around_every_threshold(tiny_artifact: Path) -> None:
    manifest = orjson.loads((tiny_artifact / "manifest.json").read_bytes())
    assert manifest["curves"].keys() == manifest["thresholds"].keys()
    for label, threshold in manifest["thresholds"].items():
        assert threshold in [point["threshold"] for point in manifest["curves"][label]]


def test_an_artifact_is_current_until_its_inputs_change(
    tiny_artifact: Path, labels_dir: Path, tmp_path: Path
) -> None:
    assert is_current(tiny_artifact, labels_dir, TrainingConfig())
    assert not is_current(tiny_artifact, labels_dir, TrainingConfig(C=1.0))
    assert not is_current(tmp_path, labels_dir, TrainingConfig())


def test_the_manifest_names_no_path_and_no_date(tiny_artifact: Path) -> None:
    manifest = orjson.loads((tiny_artifact / "manifest.json").read_bytes())
    assert str(tiny_artifact.parent) not in str(manifest)
    assert not {"date", "created", "path"} & set(manifest)


def test_a_failed_write_leaves_the_old_artifact(artifact_copy: Path) -> None:
    before = (artifact_copy / "manifest.json").read_bytes()
    with pytest.raises(ArtifactWriteError, match="cannot be written"):
        write_artifact(artifact_copy, {}, {"no/such/folder.txt": b""})
    assert (artifact_copy / "manifest.json").read_bytes() == before
    assert [p.name for p in artifact_copy.parent.iterdir()] == ["artifact"]


def test_a_folder_that_is_no_artifact_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(ArtifactWriteError, match="exists and is no artifact"):
        write_artifact(tmp_path, {}, {})
    assert (tmp_path / "precious.txt").read_text() == "keep"
