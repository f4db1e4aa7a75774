"""Why a sentence got its scores: what its spans and terms add, and what it is like."""

from collections.abc import Callable
from functools import cached_property

from labels.taxonomy import Label
from service.artifact import NEAREST, Artifact
from service.nearest import NearestSentences, Neighbour
from service.prediction import LabelEvidence, NearestSentence, SpanEvidence, TermEvidence
from service.scorer import Explanation, Scorer


class Explainer:
    """Evidence for the scores of one artifact; ``scorer`` makes the Python scorer when needed."""

    def __init__(self, artifact: Artifact, scorer: Callable[[], Scorer]) -> None:
        self._artifact = artifact
        self._scorer = scorer
        self._labels = artifact.taxonomy.labels

    @cached_property
    def _nearest(self) -> NearestSentences:
        # Read at the first question: most callers never ask.
        return NearestSentences(self._artifact.contents[NEAREST])

    def explain(
        self, sentence: str, offset: int
    ) -> tuple[tuple[LabelEvidence, ...], tuple[NearestSentence, ...]]:
        """Return one entry a label, and the most alike labelled sentences.

        ``offset`` is the place of the sentence in the text, to which spans are told.
        """
        explanation = self._scorer().explain(sentence)
        evidence = tuple(
            self._explain_label(column, label.id, sentence, offset, explanation)
            for column, label in enumerate(self._labels)
        )
        found = self._nearest.find(explanation.rows, explanation.values)
        return evidence, tuple(self._tell(neighbour) for neighbour in found)

    def explain_label(self, sentence: str, column: int) -> tuple[tuple[str, float], ...]:
        """Return the spans of a sentence and what each adds to a label's logit, largest first."""
        spans = self._scorer().explain(sentence).spans
        parts = [(sentence[s.start : s.end], float(s.contributions[column])) for s in spans]
        return tuple(sorted(parts, key=lambda part: -abs(part[1])))

    def labelled_texts(self) -> list[str]:
        """Return the sentences from which the model learned."""
        return self._nearest.texts

    def _explain_label(
        self, column: int, label: str, sentence: str, offset: int, explanation: Explanation
    ) -> LabelEvidence:
        spans = [
            SpanEvidence(
                offset + span.start,
                offset + span.end,
                sentence[span.start : span.end],
                float(span.contributions[column]),
            )
            for span in explanation.spans
        ]
        spans.sort(key=lambda span: (-abs(span.contribution), span.start, span.end))
        terms = [
            TermEvidence(term.family, term.text, float(term.contributions[column]))
            for term in explanation.terms
        ]
        terms.sort(key=lambda term: -abs(term.contribution))
        intercept = float(self._artifact.weights.intercepts[column])
        logit = float(explanation.logits[column])
        return LabelEvidence(label, logit, intercept, tuple(spans), tuple(terms))

    def _tell(self, neighbour: Neighbour) -> NearestSentence:
        carried: list[Label] = [
            label
            for label, has_label in zip(self._labels, neighbour.labels, strict=True)
            if has_label
        ]
        return NearestSentence(
            id=neighbour.id,
            text=neighbour.text,
            labels=tuple(label.id for label in carried),
            rules=tuple(sorted({rule for label in carried for rule in label.rules})),
            similarity=neighbour.similarity,
        )
