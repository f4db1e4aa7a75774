"""Answer many texts at a time, as arrays: for files and notebooks. Behind ``Classifier``."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labels import kernel
from labels.identifier import LanguageIdentifier
from labels.world import TOO_LONG
from service.artifact import Artifact
from service.compiled import CompiledScorer, Texts, Utf8Texts
from service.decisions import (
    CompiledDecider,
    Decider,
    Readings,
    TextScores,
    join_sentences,
    tell_decisions,
)
from service.kernel import TextKernel
from service.prediction import Judgement
from service.sentences import split_sentences
from service.texts import MAX_SENTENCE_CHARACTERS, check_text, refuse_one_string

if TYPE_CHECKING:
    from service.scorer import Scorer


class ManyClassifier:
    """The answers of one ``Classifier`` to many texts; safe to share by threads.

    ``text_kernel`` scores what it can, ``python`` returns what scores the rest, or all without a
    kernel; ``supports`` tells in which languages labels are given.
    """

    def __init__(
        self,
        artifact: Artifact,
        text_kernel: TextKernel | None,
        supports: Callable[[str], bool],
        python: "Callable[[], Scorer]",
    ) -> None:
        self._ids = artifact.taxonomy.ids
        self._identifier = LanguageIdentifier(artifact.language, artifact.language_codes)
        self._is_supported = np.array([supports(code) for code in self._identifier.codes])
        self._compiled = (
            CompiledScorer(text_kernel, self._identifier, python) if text_kernel else None
        )
        self._python = python
        self._decider = (CompiledDecider if kernel.AVAILABLE else Decider)(artifact)

    def score(self, sentences: list[str]) -> NDArray[np.float64]:
        """Return what ``Classifier.score`` promises."""
        scores = self._compiled.score(sentences) if self._compiled else None
        if scores is None:
            for sentence in sentences:
                check_text(sentence)
            scores = self._read(sentences).scores
        return scores

    def score_texts(self, texts: Texts) -> TextScores:
        """Return what ``Classifier.score_texts`` promises."""
        refuse_one_string(texts)
        strings = [texts[i] for i in range(len(texts))]
        for text in strings:
            check_text(text)
        numbers = self._identify_all(texts)
        sentences: list[str] = []
        counts = np.zeros(len(strings), dtype=np.intp)
        for row, (text, number) in enumerate(zip(strings, numbers.tolist(), strict=True)):
            spans = split_sentences(text, self._identifier.codes[number])
            sentences += [text[start:end] for start, end in spans]
            counts[row] = len(spans)
        is_supported = self._is_supported[np.repeat(numbers, counts)]
        decisions = self._decider.decide(self._read(sentences), is_supported)
        return join_sentences(decisions, counts, numbers)

    def score_sentences(self, texts: Texts) -> TextScores:
        """Return what ``Classifier.score_sentences`` promises."""
        refuse_one_string(texts)
        if not isinstance(texts, Utf8Texts):
            for text in texts:
                check_text(text)
        readings = self._read(texts)
        numbers = self._identify_all(texts)
        decisions = self._decider.decide(readings, self._is_supported[numbers])
        # A blank knows no words; few other texts do.
        is_blank = np.zeros(len(texts), dtype=bool)
        for i in np.flatnonzero(readings.known == 0).tolist():
            is_blank[i] = not texts[i].strip()
        decisions.scores[is_blank] = 0.0
        return TextScores(
            scores=decisions.scores,
            counts=decisions.given.astype(np.intp),
            n_sentences=(~is_blank).astype(np.intp),
            n_outside=(decisions.reasons != 0).astype(np.intp),
            reasons=decisions.reasons,
            n_uncertain=decisions.is_uncertain.astype(np.intp),
            languages=numbers,
        )

    def judge(self, sentences: Sequence[str], is_supported: bool) -> list[Judgement]:
        """Return what is decided for each sentence of one text, whatever it holds."""
        readings = self._read(sentences)
        decisions = self._decider.decide(readings, np.full(len(sentences), is_supported))
        return list(tell_decisions(self._ids, readings, decisions))

    def identify(self, text: str) -> int:
        """Return the number of the language of one text, whatever it holds."""
        return self._identifier.number(text)

    def _read(self, sentences: Texts) -> Readings:
        """Read sentences, and the beginning of what is too long for one."""
        too_long = _find_too_long(sentences)
        if self._compiled and not too_long:
            return self._compiled.read(sentences)
        beginnings = [sentences[i][:MAX_SENTENCE_CHARACTERS] for i in range(len(sentences))]
        readings = (self._compiled or self._python()).read(beginnings)
        readings.outside[too_long] = TOO_LONG
        return readings

    def _identify_all(self, texts: Texts) -> NDArray[np.int32]:
        """Return the number of each text's language in ``Classifier.languages``."""
        if self._compiled:
            numbers = self._compiled.identify(texts)
        else:
            found = [self._identifier.number(texts[i]) for i in range(len(texts))]
            numbers = np.array(found, dtype=np.int32)
        # The identifier calls und -1: the last.
        return numbers % np.int32(len(self._identifier.codes))


def _find_too_long(sentences: Texts) -> list[int]:
    places: Iterable[int] = range(len(sentences))
    if isinstance(sentences, Utf8Texts):
        # No text has more characters than bytes.
        places = np.flatnonzero(np.diff(sentences.offsets) > MAX_SENTENCE_CHARACTERS).tolist()
    return [i for i in places if len(sentences[i]) > MAX_SENTENCE_CHARACTERS]
