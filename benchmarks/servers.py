"""What the service is compared with: ``python -m benchmarks.servers NAME --port PORT``.

``bare`` answers its health check, ``echo`` what it is sent, ``scikit-learn`` the scores of the same
model. They run as the service does: uvicorn, one process, no access log.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

MODEL = "STANCE_MODEL"


class Item(BaseModel):
    """A request as the service takes it."""

    text: str
    id: str | None = None
    language: str | None = None
    evidence: bool = False


def bare() -> FastAPI:
    """Return an application that does nothing but tell that it is there."""
    app = FastAPI()

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


def echo() -> FastAPI:
    """Return an application that parses, checks and answers the request."""
    app = bare()

    @app.post("/classify")
    async def classify(item: Item) -> Item:
        return item

    return app


def scikit_learn() -> FastAPI:
    """Return an application that scores each sentence with the fitted pipeline."""
    import joblib

    from service.sentences import split_sentences

    app = bare()
    pipeline = joblib.load(Path(os.environ[MODEL]) / "pipeline.joblib")

    # On the event loop: handing such work to threads, which wait for each other, is slower.
    @app.post("/classify")
    async def classify(item: Item) -> dict[str, Any]:
        spans = split_sentences(item.text, item.language or "en")
        scores = pipeline.predict_proba([item.text[start:end] for start, end in spans])
        return {"scores": scores.tolist()}

    return app


APPS: dict[str, Callable[[], FastAPI]] = {
    "bare": bare,
    "echo": echo,
    "scikit-learn": scikit_learn,
}


def main() -> None:
    """Serve one of the applications until stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers")
    parser.add_argument("name", choices=APPS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ[MODEL] = str(arguments.model)
    uvicorn.run(
        f"benchmarks.servers:{APPS[arguments.name].__name__}",
        factory=True,
        host="127.0.0.1",
        port=arguments.port,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
