"""What speed is expected, as ratios to something measured in the same run."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for the ratio of this name; ``is_least`` tells which side of it is right."""

    subject: str
    name: str
    says: str
    limit: float
    is_least: bool = True

    def is_met(self, value: float) -> bool:
        """Tell whether the ratio is on the right side."""
        return value >= self.limit if self.is_least else value <= self.limit

    @property
    def bound(self) -> str:
        """The limit in words."""
        return f"at {'least' if self.is_least else 'most'} {self.limit:g}"


GOALS = (
    Goal("scoring", "batches, scikit-learn", "times scikit-learn, same model, in batches", 45),
    Goal("scoring", "one by one, scikit-learn", "times scikit-learn, same model, one by one", 150),
    Goal("scoring", "batches, fastText", "times fastText from Python, in batches", 2),
    Goal("scoring", "one by one, fastText", "times fastText from Python, one by one", 2),
    Goal("scoring", "two threads", "two threads, times one", 1.7),
    Goal("ladder", "hash-only", "time to that of a pass that only hashes the terms", 4, False),
    Goal("http", "echo", "requests a second, one sentence, to those of an echo", 0.75),
    Goal("http", "scikit-learn", "requests a second, to those of scikit-learn in a handler", 15),
    Goal("http", "article, ms", "milliseconds inside the service for 40 sentences", 2, False),
    Goal("start", "ready", "time until ready, to that of a bare FastAPI app", 1.5, False),
    Goal("start", "first worker, MB", "megabytes of one worker", 120, False),
    Goal("start", "further worker, MB", "megabytes of each further worker", 40, False),
    Goal("growth", "terms", "time with the most terms, to that with the fewest", 2, False),
    Goal("training", "straightforward", "times the same training in plain scikit-learn", 4),
    Goal("files", "share of memory speed", "speed of `stance score`, to scoring in memory", 0.6),
    Goal("files", "two cores", "two cores, times one", 1.7),
    Goal("files", "memory", "peak memory with the most rows, to that with the fewest", 1.1, False),
)


def judge(ratios: Mapping[str, float], subject: str) -> list[tuple[Goal, float | None]]:
    """Return the goals of a subject, each with its ratio, None where it was not measured."""
    return [(goal, ratios.get(goal.name)) for goal in GOALS if goal.subject == subject]
