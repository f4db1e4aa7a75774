"""Metrics against values worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from training.metrics import baseline_none, baseline_prevalence, evaluate

IDS = ("a", "b", "c")


def random_case(seed: int):
    rng = np.random.default_rng(seed)
    truth = rng.random((200, 3)) < 0.2
    scores = np.round(np.clip(truth * 0.3 + rng.random((200, 3)) * 0.7, 0, 1), 2)
    documents = [f"d{i // 10}" for i in range(200)]
    return scores, scores >= 0.5, truth, documents


@pytest.mark.parametrize("seed", range(3))
def test_metrics_equal_those_of_scikit_learn(seed: int) -> None:
    scores, given, truth, documents = random_case(seed)
    found = evaluate(scores, given, truth, documents, IDS)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, given)
    for column, metrics in enumerate(found.labels):
        assert metrics.precision.value == pytest.approx(precision[column])
        assert metrics.recall.value == pytest.approx(recall[column])
        assert metrics.f1.value == pytest.approx(f1[column])
        expected = average_precision_score(truth[:, column], scores[:, column])
        assert metrics.average_precision.value == pytest.approx(expected)
    assert found.macro_f1.value == pytest.approx(f1.mean())


def test_intervals_hold_the_value_and_repeat_with_the_seed() -> None:
    case = random_case(0)
    first, second = evaluate(*case, IDS, seed=1), evaluate(*case, IDS, seed=1)
    assert first == second
    for metrics in first.labels:
        for metric in (metrics.precision, metrics.f1, metrics.average_precision):
            assert metric.low < metric.value < metric.high


def test_intervals_are_wider_when_whole_documents_are_drawn() -> None:
    scores, given, truth, _ = random_case(0)
    order = np.argsort(truth[:, 0])
    documents = [f"d{i // 20}" for i in range(200)]
    case = scores[order], given[order], truth[order]
    by_document = evaluate(*case, documents, IDS, seed=1).labels[0].precision
    by_sentence = evaluate(*case, [str(i) for i in range(200)], IDS, seed=1).labels[0].precision
    assert by_document.high - by_document.low > by_sentence.high - by_sentence.low


def test_a_label_that_never_occurs_has_no_recall_and_stays_out_of_the_mean() -> None:
    scores, given, truth, documents = random_case(0)
    truth[:, 2] = False
    found = evaluate(scores, given, truth, documents, IDS)
    assert np.isnan(found.labels[2].recall.value)
    assert np.isnan(found.labels[2].f1.value)
    assert found.macro_f1.value == pytest.approx(
        np.mean([found.labels[0].f1.value, found.labels[1].f1.value])
    )


def test_baselines_are_what_they_say() -> None:
    truth = np.zeros((10, 3), dtype=bool)
    truth[:2, 0] = truth[:5, 1] = truth[:1, 2] = True
    documents = [str(i) for i in range(10)]
    none = baseline_none(truth, documents, IDS)
    assert none.macro_f1.value == 0
    prevalence = baseline_prevalence(truth, documents, IDS)
    assert [m.f1.value for m in prevalence.labels] == pytest.approx([0.2, 0.5, 0.1])
