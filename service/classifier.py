"""One classifier for the route, the batch command and the Python caller alike.

Knows neither HTTP nor files other than the artifact.
"""

import math
import re
import weakref
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from labels import kernel
from labels.kernel import ONLY_PYTHON
from labels.language import UNDETERMINED
from service.artifact import (
    DEFAULT_ARTIFACT,
    MANIFEST,
    Artifact,
    ArtifactError,
    read_artifact,
)
from service.kernel import TextKernel
from service.prediction import (
    Judgement,
    ModelName,
    Notice,
    Prediction,
    SentencePrediction,
    Summary,
)
from service.sentences import split_sentences
from service.texts import MAX_SENTENCE_CHARACTERS, check_text, refuse_one_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from service.compiled import Texts
    from service.decisions import TextScores
    from service.evidence import Explainer
    from service.many import ManyClassifier
    from service.scorer import Scorer

ScorerName = Literal["compiled", "python"]
PROBE_TOLERANCE = 1e-6
_LANGUAGE_CODE = re.compile("[a-z]{2,3}")


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
        self.languages = (*artifact.language_codes, UNDETERMINED)
        """ISO 639 codes of the languages told apart, by number; the last is ``und``."""
        self.scorer = choose_scorer(artifact)
        self._kernel = TextKernel(artifact) if self.scorer == "compiled" else None
        self._check_probes()

    def warm_up(self) -> None:
        """Import what only rare texts and explanations need, so that no request waits for it.

        Nor fails: numpy cannot be imported again if that breaks off, as without file descriptors.
        """
        import service.evidence
        import service.many  # noqa: F401

    # A service starts without these three, and without numpy.
    # They refer to this object weakly: a model that is replaced must go without the collector,
    # which service.app keeps from it.
    @cached_property
    def _many(self) -> "ManyClassifier":
        from service.many import ManyClassifier

        this = weakref.proxy(self)
        return ManyClassifier(self.artifact, self._kernel, self.supports, lambda: this._python)

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

    def score(self, sentences: "Iterable[str]") -> "NDArray[np.float64]":
        """Return calibrated probabilities of shape (n_sentences, n_labels), in taxonomy order.

        Raises
        ------
        TextError
            If ``sentences`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        refuse_one_string(sentences)
        return self._many.score(list(sentences))

    def score_texts(self, texts: "Texts") -> "TextScores":
        """Return the answers of ``classify`` to many texts, as arrays.

        Raises
        ------
        TextError
            If ``texts`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        return self._many.score_texts(texts)

    def score_sentences(self, texts: "Texts") -> "TextScores":
        """Return the answers of ``classify_sentence`` to many texts, as arrays.

        Raises
        ------
        TextError
            If ``texts`` is one string, or one of them is no string, holds a lone surrogate or a
            flood of combining marks.
        """
        return self._many.score_sentences(texts)

    def explain_label(self, sentence: str, label: str) -> tuple[tuple[str, float], ...]:
        """Return the spans of a sentence and what each adds to a label's logit, largest first."""
        check_text(sentence)
        return self._explainer.explain_label(sentence, self._ids.index(label))

    def labelled_texts(self) -> list[str]:
        """Return the sentences of the labelled set from which the model learned."""
        return self._explainer.labelled_texts()

    def identify(self, text: str) -> str:
        """Return the ISO 639 code of the language of ``text``; see ``labels.language``."""
        number = self._kernel.identify(text) if self._kernel else ONLY_PYTHON
        return self.languages[self._many.identify(text) if number == ONLY_PYTHON else number]

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
        if self._kernel and not any(len(s) > MAX_SENTENCE_CHARACTERS for s in sentences):
            judged = self._kernel.judge(sentences, is_supported)
            if judged is not None:
                return judged
        return self._many.judge(sentences, is_supported)

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
        judged = self._judge([probe["text"] for probe in probes], is_supported=True)
        for number, ((_, scores, *_), probe) in enumerate(zip(judged, probes, strict=True)):
            found, expected = list(scores.values()), probe["scores"]
            is_same = len(found) == len(expected) and all(
                math.isclose(one, other, rel_tol=0, abs_tol=PROBE_TOLERANCE)
                for one, other in zip(found, expected, strict=True)
            )
            if not is_same:
                raise ArtifactError(
                    f"{self.artifact.path / MANIFEST}: probe {number} does not get the scores it "
                    "had in training; another version of stance trained the model, train again"
                )
