"""The compiled kernel gives what Python gives, and refuses damaged arrays."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labels import kernel
from labels.arrays import ArraysError, parse_arrays
from labels.identifier import LanguageIdentifier
from labels.lexicon import Lexicon
from labels.sentences import read_labelled_set
from labels.terms import FAMILIES, Analyzer
from service.artifact import Artifact, ArtifactError, read_artifact
from service.classifier import Classifier, load
from service.compiled import CompiledScorer, Utf8Texts
from service.decisions import CompiledDecider, Decider, Readings, tell_decisions
from service.kernel import TextKernel
from service.scorer import Scorer
from service.weights import Block, Weights
from tests.texts import TRAPS, TRICKY_LEXICON, WORDS, texts

if not kernel.AVAILABLE:
    pytest.skip("the kernel is not built: there was no C compiler", allow_module_level=True)

from labels.kernel import tables
from labels.kernel._kernel import Kernel


def with_random_weights(artifact: Artifact, families: Sequence[str], lexicon: Lexicon) -> Artifact:
    """Return the artifact with a lexicon, and random weights for the terms of the trap texts."""
    rng = np.random.default_rng(7)
    seen = [*TRAPS, " ".join(WORDS), " ".join(reversed(WORDS)), *(f"{w} {w} no" for w in WORDS)]
    blocks = {}
    for family in families:
        analyzer = Analyzer(family, lexicon)
        terms = tuple(sorted({term for text in seen for term in analyzer(text)}))
        idf = rng.uniform(1, 5, len(terms)).astype(np.float32).astype(float)
        blocks[family] = Block(terms, idf, float(rng.uniform(0.5, 1)))
    n_terms = sum(len(block.terms) for block in blocks.values())
    coefficients = rng.normal(size=(n_terms, 3)).astype(np.float32).astype(float)
    families_of_tables = {
        name: tables.FamilyWeights(block.terms, block.idf, block.weight)
        for name, block in blocks.items()
    }
    made = tables.build_tables(lexicon, families_of_tables, coefficients, np.ones(3), 0.4)
    changed = replace(artifact, tables=made, names=lexicon.names, min_known=0.4)
    changed.__dict__["weights"] = Weights(blocks, coefficients, np.ones(3))
    changed.__dict__["lexicon"] = lexicon
    return changed


def compiled_scorer(artifact: Artifact, python: Scorer | None = None) -> CompiledScorer:
    identifier = LanguageIdentifier(artifact.language, artifact.language_codes)
    return CompiledScorer(TextKernel(artifact), identifier, lambda: python or Scorer(artifact))


@pytest.fixture(scope="module", params=["all", *FAMILIES])
def scorers(request: pytest.FixtureRequest, tiny_artifact: Path) -> tuple[CompiledScorer, Scorer]:
    families = FAMILIES if request.param == "all" else (request.param,)
    artifact = with_random_weights(read_artifact(tiny_artifact), families, TRICKY_LEXICON)
    python = Scorer(artifact)
    return compiled_scorer(artifact, python), python


def assert_equal(compiled: Readings, python: Readings) -> None:
    assert np.allclose(compiled.scores, python.scores, rtol=0, atol=1e-9)
    assert compiled.known.tolist() == python.known.tolist()
    assert compiled.outside.tolist() == python.outside.tolist()
    assert compiled.is_possible.tolist() == python.is_possible.tolist()


def test_traps_are_read_alike(scorers: tuple[CompiledScorer, Scorer]) -> None:
    compiled, python = scorers
    assert_equal(compiled.read(TRAPS), python.read(TRAPS))


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_all_of_unicode_is_read_alike(scorers: tuple[CompiledScorer, Scorer], text: str) -> None:
    compiled, python = scorers
    assert_equal(compiled.read([text]), python.read([text]))


@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_languages_are_told_alike(trained: Classifier, text: str) -> None:
    artifact = trained.artifact
    python = LanguageIdentifier(artifact.language, artifact.language_codes)
    compiled = compiled_scorer(artifact)
    number = python.number(text)
    assert trained.identify(text) == trained.languages[number]
    assert compiled.identify(["", text]).tolist() == [python.number(""), number]


def test_the_trained_model_scores_its_own_set_as_scikit_learn_does(trained: Classifier) -> None:
    sentences = [s.text for s in read_labelled_set()][::60]
    pipeline = joblib.load(trained.artifact.path / "pipeline.joblib")
    assert trained.scorer == "compiled"
    assert np.abs(trained.score(sentences) - pipeline.predict_proba(sentences)).max() < 1e-6
    python = Scorer(trained.artifact)
    compiled = compiled_scorer(trained.artifact, python)
    assert_equal(compiled.read(sentences), python.read(sentences))


def test_an_answer_depends_neither_on_company_nor_order_nor_threads(trained: Classifier) -> None:
    sentences = [s.text for s in read_labelled_set()][::300]
    together = trained.score(sentences)
    assert np.array_equal(trained.score(sentences[::-1])[::-1], together)
    assert np.array_equal(np.vstack([trained.score([s]) for s in sentences]), together)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(trained.score, [sentences] * 8):
            assert np.array_equal(scores, together)


def test_utf8_with_offsets_scores_as_strings_do(trained: Classifier) -> None:
    scorer = compiled_scorer(trained.artifact)
    sentences = [s.text for s in read_labelled_set()][:50]
    encoded = [text.encode() for text in sentences]
    offsets = np.cumsum([0, *map(len, encoded)])
    assert_equal(scorer.read(Utf8Texts(b"".join(encoded), offsets)), scorer.read(sentences))


@settings(max_examples=100, deadline=None)
@given(st.data(), st.booleans())
def test_the_kernel_decides_as_numpy_does(
    trained: Classifier, data: st.DataObject, is_multi_label: bool
) -> None:
    n = data.draw(st.integers(0, 4))
    share = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
    shape = (n, 3)
    drawn = {
        name: data.draw(arrays(np.float64, size, elements=share))
        for name, size in (("scores", shape), ("thresholds", 3), ("uncertain", (3, 2)))
    }
    readings = Readings(
        scores=drawn["scores"],
        is_possible=data.draw(arrays(np.bool_, shape)),
        known=np.ones(n),
        outside=data.draw(arrays(np.uint8, n, elements=st.integers(0, 4))),
    )
    taxonomy = replace(trained.taxonomy, is_multi_label=is_multi_label)
    artifact = replace(
        trained.artifact,
        taxonomy=taxonomy,
        thresholds=drawn["thresholds"],
        uncertain=drawn["uncertain"],
    )
    is_supported = data.draw(arrays(np.bool_, n))
    expected = Decider(artifact).decide(readings, is_supported)
    found = CompiledDecider(artifact).decide(readings, is_supported)
    for field in ("given", "is_uncertain", "reasons"):
        assert getattr(found, field).tolist() == getattr(expected, field).tolist()


@pytest.mark.parametrize("is_multi_label", [True, False])
@pytest.mark.parametrize("is_supported", [True, False])
def test_the_sentences_of_a_text_are_judged_as_many_are(
    trained: Classifier, is_multi_label: bool, is_supported: bool
) -> None:
    taxonomy = replace(trained.taxonomy, is_multi_label=is_multi_label)
    artifact = replace(trained.artifact, taxonomy=taxonomy)
    sentences = [*(s.text for s in read_labelled_set()[::80]), *TRAPS]
    readings = compiled_scorer(artifact).read(sentences)
    decisions = Decider(artifact).decide(readings, np.full(len(sentences), is_supported))
    expected = list(tell_decisions(taxonomy.ids, readings, decisions))
    judge = TextKernel(artifact).judge
    judged = [judge([sentence], is_supported) for sentence in sentences]
    assert {row is None for row in judged} == {True, False}  # some traps are left to Python
    mine = [(row[0], told) for row, told in zip(judged, expected, strict=True) if row]
    assert [row for row, _ in mine] == [told for _, told in mine]
    assert judge(sentences[:50], is_supported) == expected[:50]
    assert judge(sentences, is_supported) is None
    assert judge([], is_supported) == []


@pytest.mark.parametrize("offsets", [[0, 5, 3], [0, 99], [-1, 2], []])
def test_offsets_outside_of_the_bytes_are_refused(trained: Classifier, offsets: list[int]) -> None:
    made = Kernel(trained.artifact.tables)
    n = max(0, len(offsets) - 1)
    answers = (np.zeros(3, np.uint64), np.zeros((n, 3)), np.zeros(n), np.zeros(n, np.uint8), None)
    with pytest.raises(ValueError, match="offsets"):
        made.score((b"abcdef", np.array(offsets, dtype=np.int64)), False, *answers)


def test_answers_of_the_wrong_size_are_refused(trained: Classifier) -> None:
    made = Kernel(trained.artifact.tables)
    answers = (np.zeros(3, np.uint64), np.zeros((1, 3)), np.zeros(1), np.zeros(2, np.uint8), None)
    with pytest.raises(ValueError, match="wrong size"):
        made.score(["a"], False, *answers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("char_page", 0xFFFF),
        ("word_slots", 1),
        ("word_slots", 0xFFFFFFF0),
        ("entries", 0xFFFFFFF0),
        ("entry_words", 0xFFFFFFF0),
        ("single_start", 0xFFFFFFF0),
        ("pair_start", 0xFFFFFFF0),
        ("pair_slots", 0xFFFFFFF0),
        ("value_start", 0xFFFFFFF0),
        ("value_signs", 0xFFFFFFF0),
        ("value_marker", 0xFFFFFFF0),
        ("sign_text", 0xFFFFFFF0),
        ("names_sorted", 0xFFFFFFF0),
        ("families", 99),
        ("term_slots", 0xFFFFFFF0),
        ("term_slots", 1),
        ("rows", np.nan),
        ("intercepts", np.inf),
        ("numbers", -1),
        ("lexicon_counts", 0xFFFFFFF0),
    ],
)
def test_arrays_that_point_outside_are_refused(trained: Classifier, name: str, value: Any) -> None:
    damaged: dict[str, Any] = {**trained.artifact.tables}
    damaged[name] = np.full_like(damaged[name], value)
    with pytest.raises(ValueError, match=r"."):
        Kernel(damaged)


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_a_missing_or_shortened_array_is_refused(trained: Classifier, place: int) -> None:
    arrays = trained.artifact.tables
    name = sorted(arrays)[place % len(arrays)]
    with pytest.raises(ValueError, match=f"{name} is missing"):
        Kernel({key: array for key, array in arrays.items() if key != name})
    shortened = np.frombuffer(arrays[name].tobytes()[:-1], dtype=np.uint8)
    with pytest.raises(ValueError, match=r"."):
        Kernel(dict(arrays) | {name: shortened})


def test_without_a_kernel_python_serves_and_says_so(
    artifact_copy: Path, monkeypatch: pytest.MonkeyPatch, classifier: Classifier
) -> None:
    monkeypatch.setattr(kernel, "AVAILABLE", False)
    python = load(artifact_copy)
    assert (python.scorer, classifier.scorer) == ("python", "compiled")
    texts = [text for text in TRAPS if text]
    assert np.allclose(python.score(texts), classifier.score(texts), rtol=0, atol=1e-9)


def test_a_table_that_fits_no_kernel_is_refused_by_name(artifact_copy: Path) -> None:
    artifact = read_artifact(artifact_copy)
    broken = replace(artifact, tables={k: v for k, v in artifact.tables.items() if k != "rows"})
    with pytest.raises(ArtifactError, match=r"tables\.bin: rows is missing; train again"):
        Classifier(broken)


@pytest.mark.parametrize("place", [0.0, 0.01, 0.4, 1.0])
def test_a_shortened_file_of_arrays_is_refused(artifact_copy: Path, place: float) -> None:
    content = (artifact_copy / "tables.bin").read_bytes()
    with pytest.raises(ArraysError, match=r"."):
        parse_arrays(memoryview(content[: int(place * (len(content) - 70))]))
