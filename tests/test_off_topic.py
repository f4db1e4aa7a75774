"""Text that is off topic gets no label: 300 sentences in six languages, and what is no prose.

``data/off_topic.tsv`` holds language, kind and text; nobody trains on it. Many sentences name
China or the United States harmlessly, or use loaded words about other things.
"""

import pytest

from service.classifier import Classifier
from tests.conftest import DATA

MOST_WRONG = 0.01
ROWS = [
    line.split("\t") for line in (DATA / "off_topic.tsv").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("kinds", [("text",), ("code", "table", "boilerplate", "noise")])
def test_off_topic_text_gets_a_label_in_under_one_percent(
    trained: Classifier, kinds: tuple[str, ...]
) -> None:
    texts = [text for _, kind, text in ROWS if kind in kinds]
    answers = [trained.classify_sentence(text) for text in texts]
    wrong = [answer.sentences[0].text for answer in answers if answer.labels]
    assert len(texts) >= 100
    assert len(wrong) < MOST_WRONG * len(texts), wrong


def test_off_topic_text_covers_languages_and_kinds() -> None:
    languages = [lang for lang, kind, _ in ROWS if kind == "text"]
    assert {lang: languages.count(lang) for lang in set(languages)} == dict.fromkeys(
        ("en", "es", "pt", "de", "fr", "zh"), 50
    )
    assert {kind for _, kind, _ in ROWS} == {"text", "code", "table", "boilerplate", "noise"}
