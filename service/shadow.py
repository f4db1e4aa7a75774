"""A second model beside the one in service: how often would it have labelled otherwise?

It reads what was answered, after the answer, in a thread of its own. What comes faster than it can
be compared is dropped and counted. Only numbers are kept, never a text.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from prometheus_client import Counter

from service.classifier import Classifier
from service.prediction import ModelName, Prediction
from service.schemas import LabelFlips, ShadowComparison

MAX_PENDING_CHARACTERS = 1_000_000
"""Code points that wait to be compared; beyond them answers are dropped from the comparison."""

_SENTENCES = Counter(
    "stance_shadow_sentences", "Sentences that the shadow labelled, too.", ["version"]
)
_FLIPS = Counter("stance_shadow_flips", "Labels that only one of the two gives.", ["label", "by"])
_DROPPED = Counter("stance_shadow_dropped", "Sentences that the shadow left out: too many waited.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What of an answer is needed to compare it: no evidence, which is a hundred times larger."""

    model: ModelName
    language: str
    sentences: list[tuple[str, tuple[str, ...]]]
    characters: int


class Shadow:
    """Compares the answers given with those of another classifier, which ``other`` returns."""

    def __init__(self, other: Callable[[], Classifier]) -> None:
        self._other = other
        self._waiting: SimpleQueue[_Answer | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._pending = 0
        self._is_ending = False
        self._comparison: ShadowComparison | None = None
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        """Begin to compare."""
        self._thread.start()

    def stop(self) -> None:
        """End; what still waits is not compared."""
        self._is_ending = True
        self._waiting.put(None)
        self._thread.join()

    def offer(self, prediction: Prediction) -> None:
        """Take an answer for comparison, or drop it if too much waits; returns at once."""
        sentences = [(sentence.text, sentence.labels) for sentence in prediction.sentences]
        size = sum(len(text) for text, _ in sentences)
        with self._lock:
            if self._pending and self._pending + size > MAX_PENDING_CHARACTERS:
                current = self._current(prediction.model, self._other().model)
                current.dropped += len(sentences)
                _DROPPED.inc(len(sentences))
                return
            self._pending += size
        self._waiting.put(_Answer(prediction.model, prediction.language, sentences, size))

    def report(self, model: ModelName) -> ShadowComparison:
        """Return what was seen of ``model``, the one in service, and the present shadow."""
        with self._lock:
            return self._current(model, self._other().model).model_copy(deep=True)

    def _run(self) -> None:
        while (answer := self._waiting.get()) is not None:
            other = self._other()
            for text, labels in answer.sentences:
                if self._is_ending:
                    return
                theirs = other.classify_sentence(text, language=answer.language).labels
                self._count(answer.model, other.model, set(labels), set(theirs))
            with self._lock:
                self._pending -= answer.characters

    def _count(self, model: ModelName, shadow: ModelName, own: set[str], theirs: set[str]) -> None:
        gained, lost = theirs - own, own - theirs
        _SENTENCES.labels(shadow.version).inc()
        with self._lock:
            comparison = self._current(model, shadow)
            comparison.sentences += 1
            comparison.differing += own != theirs
            for label in gained:
                _FLIPS.labels(label, "shadow").inc()
                comparison.flips.setdefault(label, LabelFlips()).gained += 1
            for label in lost:
                _FLIPS.labels(label, "model").inc()
                comparison.flips.setdefault(label, LabelFlips()).lost += 1

    def _current(self, model: ModelName, shadow: ModelName) -> ShadowComparison:
        """Return the comparison of these two; a new version of either begins anew."""
        found = self._comparison
        if found is None or (found.model, found.shadow) != (model, shadow):
            found = self._comparison = ShadowComparison(model=model, shadow=shadow)
        return found
