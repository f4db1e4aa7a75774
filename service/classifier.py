"""One classifier for the route, the batch command and the Python caller alike.

Knows neither HTTP nor files other than the artifact.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labels import language as language_identifier
from labels.decisions import give_labels, possible_labels
from labels.world import Reason
from service.artifact import DEFAULT_ARTIFACT, MANIFEST, Artifact, ArtifactError, read_artifact
from service.nearest import NearestSentences
from service.prediction import (
    LabelEvidence,
    ModelName,
    NearestSentence,
    Notice,
    Prediction,
    SentencePrediction,
    SpanEvidence,
    Summary,
    TermEvidence,
)
from service.scorer import Reading, Scorer
from service.sentences import split_sentences
from service.texts import check_text

Floats = NDArray[np.float64]
PROBE_TOLERANCE = 1e-6

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


class Classifier:
    """Labels for the sentences of a text under one checked artifact; safe to share by threads."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.taxonomy = artifact.taxonomy
        self.model = ModelName(artifact.name, artifact.version)
        self._scorer = Scorer(artifact)
        self._ids = artifact.taxonomy.ids
        language_identifier.load()
        self._check_probes()

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
        """
        check_text(text)
        language = language or self.identify(text)
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
        language = language or self.identify(text)
        stripped = text.strip()
        start = text.index(stripped) if stripped else 0
        spans = [(start, start + len(stripped))] if stripped else []
        return self._predict(text, spans, id, language, evidence)

    def score(self, sentences: Iterable[str]) -> Floats:
        """Return calibrated probabilities of shape (n_sentences, n_labels), in taxonomy order.

        Raises
        ------
        TextError
            If one of them is no string, holds a lone surrogate or a flood of combining marks.
        """
        rows = []
        for sentence in sentences:
            check_text(sentence)
            reading = self._scorer.read(sentence[:MAX_SENTENCE_CHARACTERS])
            rows.append(expit(reading.logits))
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._ids))

    def label_rows(self, sentences: Iterable[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return scores and labels given, both of shape (n_sentences, n_labels).

        They are those of ``classify_sentence``, zero for a blank; raises as ``score`` does.
        """
        predictions = [self.classify_sentence(sentence) for sentence in sentences]
        shape = (len(predictions), len(self._ids))
        scores, given = np.zeros(shape), np.zeros(shape, dtype=bool)
        for row, prediction in enumerate(predictions):
            for sentence in prediction.sentences:
                scores[row] = [sentence.scores[label] for label in self._ids]
                given[row] = [label in sentence.labels for label in self._ids]
        return scores, given

    def explain_label(self, sentence: str, label: str) -> tuple[tuple[str, float], ...]:
        """Return the spans of a sentence and what each adds to a label's logit, largest first."""
        check_text(sentence)
        column = self._ids.index(label)
        _, spans, _ = self._scorer.explain(sentence)
        parts = [(sentence[s.start : s.end], float(s.contributions[column])) for s in spans]
        return tuple(sorted(parts, key=lambda part: -abs(part[1])))

    def identify(self, text: str) -> str:
        """Return the ISO 639 code of the language of ``text``; see ``labels.language``."""
        return language_identifier.identify(text, self.taxonomy.languages)

    def supports(self, language: str) -> bool:
        """Tell whether labels are given in this language (``und`` counts: it may be ours)."""
        return language in (*self.taxonomy.languages, language_identifier.UNDETERMINED)

    def _predict(
        self,
        text: str,
        spans: list[tuple[int, int]],
        id: str | None,
        language: str,
        evidence: bool,
    ) -> Prediction:
        is_supported = self.supports(language)
        sentences = tuple(
            self._predict_sentence(text, start, end, is_supported, evidence) for start, end in spans
        )
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
            sentences=sentences,
            notices=self._notices(language, is_supported, n),
        )

    def _predict_sentence(
        self, text: str, start: int, end: int, is_supported: bool, evidence: bool
    ) -> SentencePrediction:
        sentence = text[start:end]
        beginning = sentence[:MAX_SENTENCE_CHARACTERS]
        reading = self._scorer.read(beginning)
        scores = expit(reading.logits)
        is_possible = np.array(possible_labels(reading.named, self.taxonomy))
        is_too_long = len(sentence) > MAX_SENTENCE_CHARACTERS
        reason: Reason | None = "too_long" if is_too_long else reading.outside
        if not is_supported:
            reason = "language_unsupported"
        elif reason is None and not is_possible.any():
            reason = "nobody_named"
        given: tuple[str, ...] = ()
        is_uncertain = False
        if reason is None:
            decided = give_labels(
                scores[None], self.artifact.thresholds, is_possible[None], self.taxonomy
            )[0]
            given = tuple(
                label for label, is_given in zip(self._ids, decided, strict=True) if is_given
            )
            low, high = self.artifact.uncertain.T
            other_is_possible = np.where(decided, scores <= high, scores >= low)
            is_uncertain = bool((is_possible & other_is_possible).any())
        return SentencePrediction(
            start=start,
            end=end,
            text=sentence,
            labels=given,
            scores=dict(zip(self._ids, scores.tolist(), strict=True)),
            known=reading.known,
            reason=reason,
            uncertain=is_uncertain,
            evidence=self._explain(beginning, start) if evidence else (),
            nearest=self._find_nearest(reading) if evidence else (),
        )

    def _explain(self, sentence: str, offset: int) -> tuple[LabelEvidence, ...]:
        logits, spans, terms = self._scorer.explain(sentence)
        explained = []
        for column, label in enumerate(self._ids):
            parts = [
                SpanEvidence(
                    offset + span.start,
                    offset + span.end,
                    sentence[span.start : span.end],
                    float(span.contributions[column]),
                )
                for span in spans
            ]
            parts.sort(key=lambda part: (-abs(part.contribution), part.start, part.end))
            weights = [
                TermEvidence(term.family, term.text, float(term.contributions[column]))
                for term in terms
            ]
            weights.sort(key=lambda term: -abs(term.contribution))
            intercept = float(self.artifact.intercepts[column])
            explained.append(
                LabelEvidence(label, float(logits[column]), intercept, tuple(parts), tuple(weights))
            )
        return tuple(explained)

    def _find_nearest(self, reading: Reading) -> tuple[NearestSentence, ...]:
        found = self._nearest.find(reading.terms, reading.values)
        return tuple(
            NearestSentence(
                id=neighbour.id,
                text=neighbour.text,
                labels=tuple(
                    label.id
                    for label, has_label in zip(self.taxonomy.labels, neighbour.labels, strict=True)
                    if has_label
                ),
                rules=tuple(
                    sorted(
                        {
                            rule
                            for label, has_label in zip(
                                self.taxonomy.labels, neighbour.labels, strict=True
                            )
                            if has_label
                            for rule in label.rules
                        }
                    )
                ),
                similarity=neighbour.similarity,
            )
            for neighbour in found
        )

    @cached_property
    def _nearest(self) -> NearestSentences:
        # Made at the first question for evidence: most callers never ask.
        return NearestSentences(self.artifact.nearest)

    def _notices(self, language: str, is_supported: bool, n_sentences: int) -> tuple[Notice, ...]:
        ours = ", ".join(self.taxonomy.languages)
        if n_sentences == 0:
            return (Notice("no_sentence", "The text holds no sentence."),)
        if not is_supported:
            detail = f"The text seems to be in '{language}'; labels are given in {ours} only."
            return (Notice("language_unsupported", detail),)
        if language == language_identifier.UNDETERMINED:
            detail = f"The language cannot be told; the answer holds if it is one of {ours}."
            return (Notice("language_undetermined", detail),)
        return ()

    def _check_probes(self) -> None:
        """Score the manifest's probes again: another ``labels/text.py`` gives other scores."""
        for number, probe in enumerate(self.artifact.manifest["probes"]):
            found = self.score([probe["text"]])[0]
            if not np.allclose(found, probe["scores"], rtol=0, atol=PROBE_TOLERANCE):
                raise ArtifactError(
                    f"{self.artifact.path / MANIFEST}: probe {number} does not get the scores it "
                    "had in training; another version of stance trained the model, train again"
                )


def expit(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
