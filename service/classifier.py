"""One classifier for the route, the batch command and the Python caller alike.

Knows neither HTTP nor files other than the artifact.
"""

import re
import weakref
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from labels import kernel
from labels.language import UNDETERMINED, LanguageIdentifier
from labels.world import TOO_LONG
from service.artifact import (
    DEFAULT_ARTIFACT,
    MANIFEST,
    Artifact,
    ArtifactError,
    read_artifact,
)
from service.compiled import CompiledScorer, Texts, Utf8Texts
from service.decisions import (
    CompiledDecider,
    Decider,
    Judgement,
    Readings,
    TextScores,
    join_sentences,
    tell_decisions,
)
from service.prediction import ModelName, Notice, Prediction, SentencePrediction, Summary
from service.sentences import split_sentences
from service.texts import check_text, refuse_one_string

if TYPE_CHECKING:
    from service.evidence import Explainer
    from service.scorer import Scorer

Floats = NDArray[np.float64]
ScorerName = Literal["compiled", "python"]
PROBE_TOLERANCE = 1e-6
_LANGUAGE_CODE = re.compile("[a-z]{2,3}")

MAX_SENTENCE_CHARACTERS = 4000
"""What is longer, in code points, is no sentence: ten for each of the most words of one.

It gets no label (``too_long``), and its scores are those of its beginning: reading costs more than
the length, and a text without a stop must not keep the others waiting.
"""


def load(path: str | Path = DEFAULT_ARTIFACT) -> "Classifier":
    """Load the artifact in folder ``path``, ``models/default`` if none is named.

    Raises
    ------
    ArtifactError
        If it is missing, damaged, of another format, or does not give the scores it promises.
    """
    return Classifier(read_artifact(Path(path)))


def choose_scorer(artifact: Artifact) -> ScorerName:
    """Return what will score by an artifact: Python, if there is no kernel or no arrays for it."""
    return "compiled" if kernel.AVAILABLE and artifact.tables else "python"


class Classifier:
    """Labels for the sentences of a text under one checked artifact; safe to share by threads."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.taxonomy = artifact.taxonomy
        self.model = ModelName(artifact.name, artifact.version)
        self._ids = artifact.taxonomy.ids
        self._supported = {*artifact.taxonomy.languages, UNDETERMINED}
        self._identifier = LanguageIdentifier(artifact.language, artifact.language_codes)
        self.languages = self._identifier.codes
        """ISO 639 codes of the languages told apart, by number; the last is ``und``."""
        self._is_supported = np.array([self.supports(code) for code in self.languages])
        self.scorer = choose_scorer(artifact)
        # A model that is replaced must go without the collector, which service.app keeps from it.
        this = weakref.proxy(self)
        self._compiled = (
            CompiledScorer(artifact, lambda: this._python) if self.scorer == "compiled" else None
        )
        self._decider = (CompiledDecider if kernel.AVAILABLE else Decider)(artifact)
        self._check_probes()

    # Most callers never ask for evidence, and then need neither of these two, nor their modules.
    @cached_property
    def _python(self) -> "Scorer":
        from service.scorer import Scorer

        return Scorer(self.artifact)

    @cached_property
    def _explainer(self) -> "Explainer":
        from service.evidence import Explainer

        this = weakref.proxy(self)
        return Explainer(self.artifact, lambda: this._python)

    def classify(
        self,
        text: str,
        *,
        id: str | None = None,
        language: str | None = None,
        evidence: bool = False,
    ) -> Prediction:
        """Split ``text`` into sentences and label each.

        Parameters
        ----------
        text : str
            Any length; may be empty (an answer without sentences and a notice).
        id : str, optional
            Returned as it is.
        language : str, optional
            ISO 639 code of the text. Without it the language is identified.
        evidence : bool
            Whether to explain every score; costs several times the time.

        Raises
        ------
        TextError
            If ``text`` is no string, holds a lone surrogate or a flood of combining marks.
        ValueError
            If ``language`` is no code.
        """
        check_text(text)
        language = self._language_of(text, language)
        spans = split_sentences(text, language)
        return self._predict(text, spans, id, language, evidence)

    def classify_sentence(
        self,
        text: str,
        *,
        id: str | None = None,
        language: str | None = None,
        evidence: bool = False,
    ) -> Prediction:
        """Label ``text`` as one sentence, without splitting; else as ``classify``."""
        check_text(text)
        language = self._language_of(text, language)
        stripped = text.strip()
        start = text.index(stripped) if stripped else 0
        spans = [(start, start + len(stripped))] if stripped else []
        return self._predict(text, spans, id, language, evidence)

    def score(self, sentences: Iterable[str]) -> Floats:
        """Return calibrated probabilities of shape (n_sentences, n_labels), in taxonomy order.

        Raises
        ------
        TextError
            If ``sentences`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        refuse_one_string(sentences)
        texts = list(sentences)
        for text in texts:
            check_text(text)
        texts = [text[:MAX_SENTENCE_CHARACTERS] for text in texts]
        return self._compiled.score(texts) if self._compiled else self._python.read(texts).scores

    def score_texts(self, texts: Texts) -> TextScores:
        """Return the answers of ``classify`` to many texts, as arrays.

        Raises
        ------
        TextError
            If ``texts`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        refuse_one_string(texts)
        strings = [texts[i] for i in range(len(texts))]
        for text in strings:
            check_text(text)
        numbers = self._identify(texts)
        sentences: list[str] = []
        counts = np.zeros(len(strings), dtype=np.intp)
        for row, (text, number) in enumerate(zip(strings, numbers.tolist(), strict=True)):
            spans = split_sentences(text, self.languages[number])
            sentences += [text[start:end] for start, end in spans]
            counts[row] = len(spans)
        is_supported = self._is_supported[np.repeat(numbers, counts)]
        decisions = self._decider.decide(self._read(sentences), is_supported)
        return join_sentences(decisions, counts, numbers)

    def score_sentences(self, texts: Texts) -> TextScores:
        """Return the answers of ``classify_sentence`` to many texts, as arrays.

        Raises
        ------
        TextError
            If ``texts`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        refuse_one_string(texts)
        if not isinstance(texts, Utf8Texts):
            for text in texts:
                check_text(text)
        readings = self._read(texts)
        numbers = self._identify(texts)
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

    def explain_label(self, sentence: str, label: str) -> tuple[tuple[str, float], ...]:
        """Return the spans of a sentence and what each adds to a label's logit, largest first."""
        check_text(sentence)
        return self._explainer.explain_label(sentence, self._ids.index(label))

    def labelled_texts(self) -> list[str]:
        """Return the sentences of the labelled set from which the model learned."""
        return self._explainer.labelled_texts()

    def identify(self, text: str) -> str:
        """Return the ISO 639 code of the language of ``text``; see ``labels.language``."""
        if self._compiled:
            return self.languages[self._compiled.identify_text(text)]
        return self._identifier.identify(text)

    def _language_of(self, text: str, given: str | None) -> str:
        if given is None:
            return self.identify(text)
        if not _LANGUAGE_CODE.fullmatch(given):
            raise ValueError(f"language {given[:40]!r}: expected an ISO 639 code, such as en")
        return given

    def supports(self, language: str) -> bool:
        """Tell whether labels are given in this language (``und`` counts: it may be ours)."""
        return language in self._supported

    def _predict(
        self,
        text: str,
        spans: list[tuple[int, int]],
        id: str | None,
        language: str,
        has_evidence: bool,
    ) -> Prediction:
        is_supported = self.supports(language)
        texts = [text[start:end] for start, end in spans]
        sentences = []
        judgements = self._judge(texts, is_supported)
        for (start, end), piece, judged in zip(spans, texts, judgements, strict=True):
            evidence, nearest = (
                self._explainer.explain(piece[:MAX_SENTENCE_CHARACTERS], start)
                if has_evidence
                else ((), ())
            )
            sentences.append(SentencePrediction(start, end, piece, *judged, evidence, nearest))
        counts = dict.fromkeys(self._ids, 0)
        for sentence in sentences:
            for label in sentence.labels:
                counts[label] += 1
        n = len(sentences)
        return Prediction(
            id=id,
            model=self.model,
            language=language,
            labels=tuple(label for label in self._ids if counts[label]),
            summary=Summary(
                n, counts, {label: count / n if n else 0.0 for label, count in counts.items()}
            ),
            sentences=tuple(sentences),
            notices=self._notices(language, is_supported, n),
        )

    def _judge(self, sentences: list[str], is_supported: bool) -> list[Judgement]:
        if self._compiled and not _find_too_long(sentences):
            judged = self._compiled.judge(sentences, is_supported)
            if judged is not None:
                return judged
        readings = self._read(sentences)
        decisions = self._decider.decide(readings, np.full(len(sentences), is_supported))
        return list(tell_decisions(self._ids, readings, decisions))

    def _read(self, sentences: Texts) -> Readings:
        """Read sentences, and the beginning of what is too long for one."""
        too_long = _find_too_long(sentences)
        if self._compiled and not too_long:
            return self._compiled.read(sentences)
        beginnings = [sentences[i][:MAX_SENTENCE_CHARACTERS] for i in range(len(sentences))]
        readings = (self._compiled or self._python).read(beginnings)
        readings.outside[too_long] = TOO_LONG
        return readings

    def _identify(self, texts: Texts) -> NDArray[np.int32]:
        """Return the number of each text's language in ``languages``."""
        if self._compiled:
            numbers = self._compiled.identify(texts)
        else:
            found = [self._identifier.number(texts[i]) for i in range(len(texts))]
            numbers = np.array(found, dtype=np.int32)
        # The identifier calls und -1: the last.
        return numbers % np.int32(len(self.languages))

    def _notices(self, language: str, is_supported: bool, n_sentences: int) -> tuple[Notice, ...]:
        if n_sentences == 0:
            return (Notice("no_sentence", "The text holds no sentence."),)
        if is_supported and language != UNDETERMINED:
            return ()
        ours = ", ".join(self.taxonomy.languages)
        if not is_supported:
            detail = f"The text seems to be in '{language}'; labels are given in {ours} only."
            return (Notice("language_unsupported", detail),)
        detail = f"The language cannot be told; the answer holds if it is one of {ours}."
        return (Notice("language_undetermined", detail),)

    def _check_probes(self) -> None:
        """Score the manifest's probes again: another ``labels/text.py`` gives other scores."""
        probes = self.artifact.manifest["probes"]
        found = self.score(probe["text"] for probe in probes)
        for number, (scores, probe) in enumerate(zip(found, probes, strict=True)):
            if not np.allclose(scores, probe["scores"], rtol=0, atol=PROBE_TOLERANCE):
                raise ArtifactError(
                    f"{self.artifact.path / MANIFEST}: probe {number} does not get the scores it "
                    "had in training; another version of stance trained the model, train again"
                )


def _find_too_long(sentences: Texts) -> list[int]:
    places: Iterable[int] = range(len(sentences))
    if isinstance(sentences, Utf8Texts):
        # No text has more characters than bytes.
        places = np.flatnonzero(np.diff(sentences.offsets) > MAX_SENTENCE_CHARACTERS).tolist()
    return [i for i in places if len(sentences[i]) > MAX_SENTENCE_CHARACTERS]
