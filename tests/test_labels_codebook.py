"""The codebook: every rule has an example and a counter-example, and the taxonomy cites it."""

import re

import pytest

from labels.taxonomy import LABELS_DIR, read_taxonomy

CODEBOOK = (LABELS_DIR / "CODEBOOK.md").read_text(encoding="utf-8")
RULES = dict(re.findall(r"^## Rule (\d+): [^\n]+\n(.*?)(?=^## )", CODEBOOK, re.M | re.S))
EXAMPLE = re.compile(r"^- (example|counter-example) `(\w\w)` \[([a-z_, ]*)\]: (.+)$", re.M)


def test_there_are_26_rules_in_order() -> None:
    assert [int(number) for number in RULES] == list(range(1, 27))


@pytest.mark.parametrize("number", RULES)
def test_a_rule_has_an_example_and_a_counter_example_that_differ(number: str) -> None:
    examples = {kind: labels for kind, _, labels, _ in EXAMPLE.findall(RULES[number])}
    assert set(examples) == {"example", "counter-example"}
    assert examples["example"] != examples["counter-example"]


def test_examples_use_known_labels_and_languages() -> None:
    taxonomy = read_taxonomy()
    for _, language, labels, text in EXAMPLE.findall(CODEBOOK):
        assert language in taxonomy.languages, text
        assert set(filter(None, labels.split(", "))) <= set(taxonomy.ids), text


def test_labels_cite_rules_that_exist() -> None:
    for label in read_taxonomy().labels:
        assert set(label.rules) <= {int(number) for number in RULES}
        assert label.title
        assert label.definition
