"""The classifier: offsets, evidence, gates, and one answer whatever the way in."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stance
from labels.sentences import LabelledSentence
from labels.world import REASONS
from service.classifier import Classifier
from service.compiled import Utf8Texts
from service.many import ManyClassifier
from service.scorer import Scorer
from service.texts import MAX_MARKS, TextError, check_text

TEXT = (
    "  The port brings jobs, Dr. Lima said 😀. Washington only sends warnings!\r\n\r\nTrade grew. "
)


def test_offsets_are_code_points_of_the_given_text(classifier: Classifier) -> None:
    sentences = classifier.classify(TEXT).sentences
    assert [TEXT[s.start : s.end] for s in sentences] == [s.text for s in sentences]
    assert [s.text for s in sentences] == [
        "The port brings jobs, Dr. Lima said 😀.",
        "Washington only sends warnings!",
        "Trade grew.",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_sentences_lie_in_order_and_miss_only_white_space(
    classifier: Classifier, text: str
) -> None:
    position = 0
    for sentence in classifier.classify(text, language="en").sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert not text[position : sentence.start].strip()
        position = sentence.end
    assert not text[position:].strip()


def test_a_sentence_scores_the_same_alone_and_in_company(classifier: Classifier) -> None:
    texts = [s.text for s in classifier.classify(TEXT).sentences]
    together = classifier.score(texts)
    for row, text in zip(together, texts, strict=True):
        assert classifier.score([text])[0].tolist() == row.tolist()
    in_text = [list(s.scores.values()) for s in classifier.classify(TEXT).sentences]
    assert in_text == together.tolist()


def test_summary_and_labels_are_those_of_the_sentences(trained: Classifier) -> None:
    prediction = trained.classify(TEXT)
    for label, count in prediction.summary.counts.items():
        assert count == sum(label in s.labels for s in prediction.sentences)
        assert prediction.summary.shares[label] == count / 3
        assert (label in prediction.labels) == (count > 0)


def test_the_labels_follow_from_scores_thresholds_and_what_is_possible(trained: Classifier) -> None:
    thresholds = trained.artifact.manifest["thresholds"]
    text = TEXT + "They warn of a threat. China warns the United States of new tariffs."
    for sentence in trained.classify(text).sentences:
        expected = [k for k in sentence.possible if sentence.scores[k] >= thresholds[k]]
        assert list(sentence.labels) == expected
        assert bool(sentence.possible) == (sentence.reason is None)


def test_a_label_is_given_from_its_threshold_on(trained: Classifier) -> None:
    thresholds = trained.artifact.manifest["thresholds"]
    for probe in trained.artifact.manifest["probes"]:
        sentence = trained.classify_sentence(probe["text"]).sentences[0]
        for label, score in sentence.scores.items():
            is_reached = score >= thresholds[label]
            assert label not in sentence.labels or is_reached
            assert sentence.reason or not is_reached or label in sentence.labels


@pytest.mark.parametrize(
    "text",
    [
        "Washington bullies its neighbours, Washington threatens.",
        "中国与拉美的合作带来了就业。",
        "El caf\u0065\u0301 y la soberani\u0301a, EE. UU. amenaza 5 veces.",
        "—",
    ],
)
def test_contributions_and_intercept_sum_to_the_logit(classifier: Classifier, text: str) -> None:
    sentence = classifier.classify_sentence(text, language="en", evidence=True).sentences[0]
    assert [e.label for e in sentence.evidence] == list(sentence.scores)
    for entry in sentence.evidence:
        total = entry.intercept + sum(span.contribution for span in entry.spans)
        assert total == pytest.approx(entry.logit, abs=1e-9)
        of_terms = entry.intercept + sum(term.contribution for term in entry.terms)
        assert of_terms == pytest.approx(entry.logit, abs=1e-9)
        assert 1 / (1 + math.exp(-entry.logit)) == pytest.approx(sentence.scores[entry.label])
        for span in entry.spans:
            assert text[span.start : span.end] == span.text
        sizes = [abs(span.contribution) for span in entry.spans]
        assert sizes == sorted(sizes, reverse=True)


def test_evidence_offsets_hold_in_the_whole_text(classifier: Classifier) -> None:
    for sentence in classifier.classify(TEXT, evidence=True).sentences:
        for entry in sentence.evidence:
            for span in entry.spans:
                assert TEXT[span.start : span.end] == span.text
                assert sentence.start <= span.start < span.end <= sentence.end


def test_without_the_flag_evidence_is_there_and_empty(classifier: Classifier) -> None:
    sentence = classifier.classify(TEXT).to_dict()["sentences"][0]
    assert (sentence["evidence"], sentence["nearest"]) == ([], [])


def test_a_labelled_sentence_is_nearest_to_itself(
    classifier: Classifier, sentences: list[LabelledSentence]
) -> None:
    for own in sentences[:5]:
        answer = classifier.classify_sentence(own.text, language=own.lang, evidence=True)
        first, *others = answer.sentences[0].nearest
        assert (first.id, first.text, first.labels) == (own.id, own.text, own.labels)
        assert first.similarity == pytest.approx(1, abs=0.01)
        rules = {
            rule
            for label in classifier.taxonomy.labels
            if label.id in own.labels
            for rule in label.rules
        }
        assert first.rules == tuple(sorted(rules))
        assert len(others) == 2
        assert all(other.similarity <= first.similarity for other in others)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("They only send warnings and threats to us.", "nobody_named", id="nobody"),
        pytest.param("Washington", "too_short", id="one-word"),
        pytest.param("if (us) { return [China, 1, 2]; } // {[x]}", "not_prose", id="code"),
        pytest.param("Qwxzt vrrpq zzkjl Washington llqqw nnbbv.", "unknown_words", id="noise"),
    ],
)
def test_a_sentence_outside_gets_no_label_and_a_reason(
    trained: Classifier, text: str, reason: str
) -> None:
    sentence = trained.classify_sentence(text, language="en").sentences[0]
    assert (sentence.labels, sentence.reason) == ((), reason)


def test_an_answer_is_uncertain_where_the_other_one_is_possible(
    trained: Classifier, sentences: list[LabelledSentence]
) -> None:
    ids, (low, high) = trained.taxonomy.ids, zip(*trained.artifact.uncertain, strict=True)
    found = set()
    for own in sentences:
        sentence = trained.classify_sentence(own.text).sentences[0]
        if sentence.reason is None:
            others = [
                sentence.scores[label] <= high[k]
                if label in sentence.labels
                else sentence.scores[label] >= low[k]
                for k, label in enumerate(ids)
            ]
            assert not sentence.uncertain or any(others)
            found.add(sentence.uncertain)
    assert found == {True, False}


def test_an_unsupported_language_gets_no_label_and_a_notice(trained: Classifier) -> None:
    text = "Washington minaccia i suoi vicini, ha detto il ministro, e calpesta la loro sovranità."
    prediction = trained.classify(text)
    assert prediction.language == "it"
    assert prediction.labels == ()
    assert [notice.code for notice in prediction.notices] == ["language_unsupported"]
    assert prediction.sentences[0].scores


def test_a_given_language_is_believed(trained: Classifier) -> None:
    assert trained.classify("Hola.", language="es").language == "es"
    assert trained.classify("Hola.", language="it").notices[0].code == "language_unsupported"


def test_a_sentence_without_known_terms_gets_no_label(trained: Classifier) -> None:
    prediction = trained.classify_sentence("ⵣⵣⵣ ⵣⵣⵣ", language="en")
    assert prediction.labels == ()


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_blank_text_has_no_sentence_and_says_so(classifier: Classifier, text: str) -> None:
    prediction = classifier.classify(text)
    assert prediction.sentences == ()
    assert prediction.notices[0].code == "no_sentence"
    assert set(prediction.summary.shares.values()) == {0.0}


@pytest.mark.parametrize("text", [None, 5, b"bytes", "a\ud800b"])
def test_what_is_no_text_is_refused_without_repeating_it(classifier: Classifier, text) -> None:
    with pytest.raises(TextError, match="expected"):
        classifier.classify(text)


@pytest.mark.parametrize("method", ["score", "score_texts", "score_sentences"])
def test_one_string_is_not_taken_for_many_texts(classifier: Classifier, method: str) -> None:
    with pytest.raises(TextError, match="found one string, expected a list of strings"):
        getattr(classifier, method)("The port brings jobs.")


@pytest.mark.parametrize("wrong", [None, 5, b"bytes", ["list"], "a\ud800b", "a" + "\u0301" * 600])
def test_one_text_that_is_none_is_refused_among_many(classifier: Classifier, wrong: Any) -> None:
    for method in (classifier.score, classifier.score_texts, classifier.score_sentences):
        with pytest.raises(TextError, match="expected"):
            method(["The port brings jobs.", wrong])


@pytest.mark.parametrize(
    "other", ["a" * 4001, "港" * 3000, "El puerto trajo empleo a la regio\u0301n."]
)
def test_what_the_kernel_does_not_read_at_once_is_scored_as_by_python(
    trained: Classifier, other: str
) -> None:
    texts = ["The port brings jobs.", other]
    expected = Scorer(trained.artifact).read([text[:4000] for text in texts]).scores
    assert np.allclose(trained.score(texts), expected, rtol=0, atol=1e-9)


def test_no_sentences_give_an_empty_matrix(classifier: Classifier) -> None:
    assert classifier.score([]).shape == (0, 3)


FOREIGN = [
    "Il porto porta posti di lavoro alla regione cinese e il governo ringrazia.",
    "Порт принёс региону рабочие места, сказал министр.",
    "Zxqv 123 !!! 456.",
]


def take_kernel(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    many = ManyClassifier(
        classifier.artifact, None, classifier.supports, lambda: classifier._python
    )
    monkeypatch.setattr(classifier, "_kernel", None)
    monkeypatch.setattr(classifier, "_many", many)


@pytest.mark.parametrize("has_kernel", [True, False])
def test_score_sentences_gives_what_classify_sentence_gives(
    trained: Classifier, monkeypatch: pytest.MonkeyPatch, has_kernel: bool
) -> None:
    if not has_kernel:
        take_kernel(trained, monkeypatch)
    probes = [probe["text"] for probe in trained.artifact.manifest["probes"]]
    texts = [*probes, *FOREIGN, " "]
    answers = trained.score_sentences(texts)
    ids = trained.taxonomy.ids
    for row, text in enumerate(texts[:-1]):
        prediction = trained.classify_sentence(text)
        sentence = prediction.sentences[0]
        assert trained.languages[answers.languages[row]] == prediction.language
        assert REASONS[answers.reasons[row]] == sentence.reason
        assert answers.n_outside[row] == (sentence.reason is not None)
        assert answers.n_uncertain[row] == sentence.uncertain
        assert dict(zip(ids, answers.scores[row], strict=True)) == sentence.scores
        assert tuple(np.array(ids)[answers.counts[row] > 0]) == sentence.labels
    assert answers.n_sentences.tolist() == [1] * (len(texts) - 1) + [0]
    assert not answers.counts[-1].any()


@pytest.mark.parametrize("has_kernel", [True, False])
def test_a_stretch_too_long_for_a_sentence_gets_no_label_by_any_way(
    trained: Classifier, monkeypatch: pytest.MonkeyPatch, has_kernel: bool
) -> None:
    if not has_kernel:
        take_kernel(trained, monkeypatch)
    texts = ["The port brings jobs." + " harbourmasters" * 300, "The port brings jobs."]
    content = "".join(texts).encode()
    column = Utf8Texts(content, np.array([0, len(texts[0]), len(content)]))
    predictions = [trained.classify(text, evidence=True) for text in texts]
    long, short = (prediction.sentences[-1] for prediction in predictions)
    assert (long.reason, long.labels, long.possible) == ("too_long", (), ())
    assert short.reason != "too_long"
    for rows in (texts, column):
        answers = trained.score_sentences(rows)
        assert not answers.counts[0].any()
        for row, text in enumerate(texts):
            sentence = trained.classify_sentence(text).sentences[0]
            assert answers.scores[row].tolist() == list(sentence.scores.values())
            assert trained.score([text])[0].tolist() == list(sentence.scores.values())


def test_score_texts_gives_what_classify_gives(trained: Classifier) -> None:
    probes = [probe["text"] for probe in trained.artifact.manifest["probes"]]
    texts = [" ".join(probes[i : i + 3]) for i in range(0, len(probes), 3)]
    texts = [*texts, "", TEXT, "Il porto porta posti di lavoro alla regione cinese.", " \n"]
    answers = trained.score_texts(texts)
    for row, text in enumerate(texts):
        prediction = trained.classify(text)
        assert dict(zip(trained.taxonomy.ids, answers.counts[row].tolist(), strict=True)) == (
            prediction.summary.counts
        )
        assert answers.n_sentences[row] == prediction.summary.sentences
        assert trained.languages[answers.languages[row]] == prediction.language
        assert answers.n_outside[row] == sum(s.reason is not None for s in prediction.sentences)
        assert answers.n_uncertain[row] == sum(s.uncertain for s in prediction.sentences)
        for column, label in enumerate(trained.taxonomy.ids):
            scores = [s.scores[label] for s in prediction.sentences]
            assert answers.scores[row, column] == max(scores, default=0.0)


def test_the_package_gives_what_the_classifier_gives(tiny_artifact, classifier: Classifier) -> None:
    assert stance.load(tiny_artifact).classify(TEXT) == classifier.classify(TEXT)
    assert stance.Classifier is Classifier


@pytest.mark.parametrize("start", [0, 1, 250, 499, 500, 501, 777])
def test_a_flood_of_marks_is_found_wherever_it_begins(start: int) -> None:
    check_text("é" * start + "\u0301" * MAX_MARKS + "e" * 600)
    with pytest.raises(TextError, match=f"from code point {start} on"):
        check_text("é" * start + "\u0301" * (MAX_MARKS + 1) + "e" * 600)
