"""``POST /corrections``: a reader says that a label is wrong; off unless a store is named.

What is stored is what the request holds, and the time. ``labels.correction_store`` keeps it.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from labels.corrections import Correction, StoreError
from labels.sentences import text_problems
from labels.taxonomy import Taxonomy
from service import errors, requests
from service.errors import ProblemError
from service.schemas import CorrectionRequest, CorrectionResponse
from service.settings import Settings

if TYPE_CHECKING:
    from labels.correction_store import CorrectionStore

log = logging.getLogger("stance")

STORED_AT_A_TIME = 5
"""Corrections that are being stored; further ones wait.

In threads of their own: a database that hangs keeps them, and long texts are classified in others.
"""

_PROBLEMS = errors.responses(
    {
        400: "The body is not valid JSON in UTF-8.",
        404: "This service takes no corrections.",
        413: "The body is larger than the limit.",
        415: "The content type is not application/json.",
        422: "A field is missing, unknown, of the wrong type or beyond a limit.",
        503: "The correction cannot be stored now.",
    }
)


def open_store(settings: Settings) -> "CorrectionStore | None":
    """Return the store of the settings, None without one.

    Raises
    ------
    StoreError
        If the URL is none, or its driver is not installed.
    """
    if settings.corrections is None:
        return None
    # Only who takes corrections pays for the database toolkit.
    from labels.correction_store import CorrectionStore

    return CorrectionStore(settings.corrections)


def corrections_router(
    store: "CorrectionStore | None", taxonomy_of: Callable[[Request], Taxonomy]
) -> APIRouter:
    """Return the route that stores corrections in ``store``, or says that there is none."""
    router = APIRouter(tags=["corrections"])
    threads = ThreadPoolExecutor(STORED_AT_A_TIME, "corrections")

    @router.post(
        "/corrections",
        status_code=201,
        response_model=CorrectionResponse,
        responses=_PROBLEMS,
        openapi_extra=requests.body_schema(CorrectionRequest),
    )
    async def correct(request: Request) -> Response:
        """Store the right labels of one sentence for a second reader; nothing else is stored."""
        if store is None:
            raise ProblemError(404, "This service takes no corrections (STANCE_CORRECTIONS).")
        content = await requests.read_json(request)
        correction = _parse(content, taxonomy_of(request))
        try:
            loop = asyncio.get_running_loop()
            correction_id = await loop.run_in_executor(threads, store.add, correction)
        except StoreError as error:
            log.error("corrections: %s", error)
            detail = "The correction cannot be stored now. Try again later."
            raise ProblemError(503, detail) from None
        stored = CorrectionResponse(id=correction_id, stored_at=correction.stored_at)
        return Response(stored.model_dump_json(), 201, media_type="application/json")

    return router


def _parse(content: object, taxonomy: Taxonomy) -> Correction:
    """Return the checked correction, in the form in which the labelled set could hold it.

    Raises
    ------
    ProblemError
        Naming the field and what was expected.
    """
    asked = requests.validate(CorrectionRequest, content)
    text = " ".join(asked.text.split())
    problem = text_problems(text) if text else ["text is empty or blank"]
    if problem:
        raise requests.field_problem("text", "text", problem[0])
    for field in ("labels", "given"):
        _check_labels(field, getattr(asked, field), taxonomy)
    right, given = (
        tuple(label for label in taxonomy.ids if label in chosen)
        for chosen in (asked.labels, asked.given)
    )
    if right == given:
        raise requests.field_problem("labels", "same", "labels are those given: nothing is wrong")
    return Correction(
        text, asked.language, given, right, asked.model_version, datetime.now(UTC), asked.note
    )


def _check_labels(field: str, labels: list[str], taxonomy: Taxonomy) -> None:
    expected = f"expected labels of {', '.join(taxonomy.ids)}, each at most once"
    if len(set(labels)) < len(labels) or not set(labels) <= set(taxonomy.ids):
        raise requests.field_problem(field, "labels", f"{field} holds something else; {expected}")
    if not taxonomy.is_multi_label and len(labels) > 1:
        detail = f"{field} holds {len(labels)} labels; a sentence carries one at most"
        raise requests.field_problem(field, "labels", detail)
