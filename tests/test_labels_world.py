"""What lies outside a model's world, and labels that no score can give."""

import numpy as np
import pytest

from labels.decisions import give_labels, possible_labels
from labels.lexicon import Lexicon
from labels.taxonomy import Taxonomy, parse_taxonomy
from labels.terms import read_items
from labels.world import known_share, reason_outside


@pytest.mark.parametrize(
    ("text", "known", "reason"),
    [
        pytest.param("The port opened in March.", 1.0, None, id="prose"),
        pytest.param("Menu", 1.0, "too_short", id="one-word"),
        pytest.param("港口开放", 1.0, "too_short", id="four-characters"),
        pytest.param("港口三月对外开放。", 1.0, None, id="chinese-prose"),
        pytest.param("word " * 500, 1.0, "too_long", id="no-stop"),
        pytest.param(
            "2024年中国对拉美投资达128.5亿美元，增长25.3%。", 1.0, None, id="chinese-figures"
        ),
        pytest.param("2021年 33.1 41.0 55.2 68.9 总出口", 1.0, "not_prose", id="chinese-table"),
        pytest.param("x = {a: [1, 2], b: f(3)} // 77 + 21;", 1.0, "not_prose", id="code"),
        pytest.param("2021 | 33.1 | 41.0 | total exports", 1.0, "not_prose", id="table-row"),
        pytest.param("qwx zzkt vrrp llq", 0.0, "unknown_words", id="unknown"),
    ],
)
def test_what_is_outside_has_a_reason(text: str, known: float, reason: str | None) -> None:
    assert reason_outside(text, read_items(text, Lexicon()), known, 0.5) == reason


def test_the_known_share_counts_words() -> None:
    items = read_items("ports open soon", Lexicon())
    assert known_share(items, {"ports", "soon"}) == pytest.approx(2 / 3)
    assert known_share([], {"ports"}) == 0


def _taxonomy(is_multi_label: bool) -> Taxonomy:
    labels = [{"id": "a", "about": ["china"]}, {"id": "b"}, {"id": "c", "about": ["us", "cuba"]}]
    content = {
        "labels": labels,
        "languages": ["en"],
        "registers": ["news"],
        "is_multi_label": is_multi_label,
    }
    return parse_taxonomy(content, "x")


def test_a_label_needs_somebody_whom_it_is_about() -> None:
    assert possible_labels({"cuba"}, _taxonomy(True)) == (False, True, True)
    assert possible_labels(set(), _taxonomy(True)) == (False, True, False)


def test_labels_are_given_by_threshold_and_only_where_possible() -> None:
    scores, thresholds = np.array([[0.9, 0.5, 0.2], [0.9, 0.4, 0.3]]), np.array([0.5, 0.5, 0.25])
    possible = np.array([[False, True, True], [True, True, True]])
    given = give_labels(scores, thresholds, possible, _taxonomy(True))
    assert given.tolist() == [[False, True, False], [True, False, True]]


def test_one_label_at_most_where_a_sentence_has_one() -> None:
    scores, thresholds = np.array([[0.6, 0.5, 0.3]]), np.array([0.5, 0.3, 0.25])
    given = give_labels(scores, thresholds, np.ones((1, 3), dtype=bool), _taxonomy(False))
    assert given.tolist() == [[False, True, False]]
