"""Which language a text is in, and when the answer is "not one of ours"."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE
from py3langid.langid import LanguageIdentifier as Packaged

from labels.identifier import COST_UNIT, LanguageIdentifier, build_identifier
from labels.language import UNDETERMINED, identify
from labels.sentences import read_labelled_set
from labels.taxonomy import read_taxonomy

OURS = read_taxonomy().languages


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier(*build_identifier(OURS))


@pytest.fixture(scope="module")
def packaged() -> Packaged:
    return Packaged.from_model_file(MODEL_FILE)


sentences = st.sampled_from([s.text.encode() for s in read_labelled_set()[::50]])


@given(parts=st.lists(st.binary(max_size=8) | sentences, max_size=4))
def test_its_features_are_those_of_the_package(
    identifier: LanguageIdentifier, packaged: Packaged, parts: list[bytes]
) -> None:
    content = b"".join(parts)
    state, expected = 0, []
    for byte in content:
        state = packaged.tk_nextmove[packaged.tk_row[state] * 256 + byte]
        expected.append(packaged.tk_output[state])
    assert identifier.features(content) == [feature for feature in expected if feature >= 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The port brings jobs to the region.", "en"),
        ("El puerto trae empleo a la región.", "es"),
        ("O porto traz empregos para a região.", "pt"),
        ("Der Hafen bringt der Region Arbeitsplätze.", "de"),
        ("Le port apporte des emplois à la région.", "fr"),
        ("港口为该地区带来就业机会。", "zh"),
        ("港口為該地區帶來就業機會。", "zh"),
        ("Il porto porta posti di lavoro alla regione.", "it"),
        ("De haven brengt banen naar de regio.", "nl"),
        ("Порт создаёт рабочие места в регионе.", "ru"),
        ("港は地域に雇用をもたらす。", "ja"),
        ("1234 5678", UNDETERMINED),
    ],
)
def test_languages_are_told_apart(text: str, expected: str) -> None:
    assert identify(text, OURS) == expected


def test_the_labelled_set_is_in_the_languages_it_names() -> None:
    sentences = read_labelled_set()
    wrong = [s.id for s in sentences if identify(s.text, OURS) not in (s.lang, UNDETERMINED)]
    assert len(wrong) <= len(sentences) / 500, wrong


def test_costs_in_a_byte_tell_languages_as_the_precision_of_the_package_does(
    identifier: LanguageIdentifier,
) -> None:
    arrays, codes = build_identifier(OURS)
    packaged = Packaged.from_model_file(MODEL_FILE)
    packaged.set_languages([*codes])
    weights = np.asarray(packaged.nb_ptc, dtype=np.float64)
    lower = weights.max(axis=1, keepdims=True) - weights
    assert lower.max() / COST_UNIT < 255
    exact = LanguageIdentifier({**arrays, "language_costs": lower / COST_UNIT}, codes)
    texts = [s.text for s in read_labelled_set()[::20]]
    assert [identifier.number(text) for text in texts] == [exact.number(text) for text in texts]


def test_the_beginning_of_a_sentence_tells_the_same_as_the_whole(
    identifier: LanguageIdentifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [s.text for s in read_labelled_set()[::20]]
    at_a_glance = [identifier.number(text) for text in texts]
    monkeypatch.setattr("labels.identifier.GLANCE_LIMIT", 0)
    assert at_a_glance == [identifier.number(text) for text in texts]
