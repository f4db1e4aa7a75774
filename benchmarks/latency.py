"""One sentence at a time: ``POST /classify`` beside scikit-learn's own ``predict_proba``.

``make bench``. All in one process on one BLAS thread, taking turns, CPU time. ``/classify`` is
the whole application as a server calls it (routing, checks, JSON, splitting, language, scores),
without the network. Two tables: the same sentence again and again, as ``timeit`` does, and a new
sentence each time, when processor caches help less. Prints the largest difference between the
scores, and fails if ``/classify`` in the first table costs more than a tenth of scikit-learn.
"""

import asyncio
import statistics
import time
from collections.abc import Callable

import joblib
import numpy as np
import orjson
from starlette.types import ASGIApp, Message, Scope

import stance
from labels.sentences import read_labelled_set
from service.app import create_app
from service.artifact import DEFAULT_ARTIFACT
from service.models import Models
from service.settings import Settings

N_ROUNDS = 7
N_SENTENCES = 200
N_REPEATED = 20
REPETITIONS = 20
GOAL = 10.0
REFERENCE, ROUTE = "scikit-learn predict_proba", "POST /classify"

Candidates = dict[str, Callable[[list[str]], object]]


def main() -> None:
    """Measure, print the tables, fail if the goal is missed."""
    sentences = [s.text for s in read_labelled_set()]
    step = len(sentences) // (N_SENTENCES * (N_ROUNDS + 1))
    spread = sentences[:: max(1, step)]
    fresh = [spread[i :: N_ROUNDS + 1][:N_SENTENCES] for i in range(N_ROUNDS + 1)]
    repeated = [[s for s in sample[:N_REPEATED] for _ in range(REPETITIONS)] for sample in fresh]
    candidates, difference = _candidates(fresh[0])
    hot = _measure(candidates, repeated)
    _print_table("the same sentence again and again", hot)
    _print_table("a new sentence each time", _measure(candidates, fresh))
    print(f"largest difference between the scores: {difference:.1e}")
    ratio = hot[REFERENCE] / hot[ROUTE]
    if ratio < GOAL or difference > 1e-6:
        raise SystemExit(f"goal missed: {ratio:.1f} x, expected {GOAL} x; difference at most 1e-6")


def _candidates(sample: list[str]) -> tuple[Candidates, float]:
    pipeline = joblib.load(DEFAULT_ARTIFACT / "pipeline.joblib")
    model = stance.load()
    app = create_app(Settings())
    app.state.models = Models(DEFAULT_ARTIFACT)

    async def post_all(texts: list[str]) -> None:
        for body in [orjson.dumps({"text": text}) for text in texts]:
            await _post(app, body)

    difference = float(np.abs(pipeline.predict_proba(sample) - model.score(sample)).max())
    return {
        REFERENCE: lambda texts: [pipeline.predict_proba([t]) for t in texts],
        # As in a server, the requests of a round share one event loop.
        ROUTE: lambda texts: asyncio.run(post_all(texts)),
        "Classifier.classify": lambda texts: [model.classify(t) for t in texts],
        "Classifier.score": lambda texts: [model.score([t]) for t in texts],
    }, difference


def _measure(candidates: Candidates, samples: list[list[str]]) -> dict[str, float]:
    """Return the median CPU seconds per sentence of each candidate; rounds take turns."""
    rounds: dict[str, list[float]] = {name: [] for name in candidates}
    for number, sample in enumerate(samples):
        for name, call in candidates.items():
            start = time.process_time()
            call(sample)
            if number > 0:  # the first round fills caches
                rounds[name].append((time.process_time() - start) / len(sample))
    return {name: statistics.median(values) for name, values in rounds.items()}


def _print_table(title: str, medians: dict[str, float]) -> None:
    print(f"{title}, median of {N_ROUNDS} rounds, CPU time")
    for name, seconds in medians.items():
        print(f"  {name:28} {seconds * 1e6:8.0f} µs   {medians[REFERENCE] / seconds:6.1f} x")


async def _post(app: ASGIApp, body: bytes) -> None:
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/classify",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    if status != 200:
        raise RuntimeError(f"/classify answered {status}")


if __name__ == "__main__":
    main()
