"""Routes that take a file: the text of an article, and files that are scored row by row."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path, PurePath
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import FileResponse

from service import confined, errors, requests
from service.confined import READING_BYTES, Allowance, RefusalError
from service.errors import ProblemError
from service.extract import Kind, kind_of
from service.jobs import BusyError, Jobs, NoJobError, StateError, stored_name
from service.schemas import ExtractResponse, JobResponse, JobStart
from service.settings import Settings

RETRY_SECONDS = 10
"""When a caller who met only busy processes should come again."""

FileName = Annotated[
    str, Query(max_length=300, description="Its name; the ending tells what it is.")
]

_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_UPLOAD_PROBLEMS = errors.responses(
    {
        400: "The body ended early.",
        403: "Another web site sent it.",
        413: "The file is larger than the limit.",
        415: "The file is of a kind that cannot be read.",
        422: "The file is damaged or holds no text or rows, or a parameter is wrong.",
        503: "Too many files at a time; Retry-After says when to come again.",
    }
)
_NO_JOB = errors.responses({404: "There is no such job, or no longer."})
_WRONG_STATE = errors.responses({404: "There is no such job or file.", 409: "Not in this state."})


def extract_router(settings: Settings) -> APIRouter:
    """Return the route that takes the text out of a file."""
    router = APIRouter(tags=["files"])
    slots = asyncio.Semaphore(settings.max_jobs)
    allowance = Allowance(settings.extract_seconds, READING_BYTES)

    @router.post(
        "/extract",
        response_model=ExtractResponse,
        responses=_UPLOAD_PROBLEMS,
        openapi_extra=_FILE_BODY,
        dependencies=[Depends(requests.refuse_other_sites)],
    )
    async def extract_text(request: Request, name: FileName = "") -> Response:
        """Return the text of a .txt, .html, .docx or .pdf file. Nothing is stored."""
        media_type, charset = requests.media_type_of(request)
        kind = kind_of(PurePath(name).suffix, media_type)
        content = await requests.read_body(request)
        if kind is None:
            raise ProblemError(415, f"The file is none that can be read: {', '.join(Kind)}.")
        with _as_problems():
            async with _slot(slots):
                answer = await confined.call(
                    "service.extract.extract", content, allowance, kind=kind, charset=charset
                )
        return Response(orjson.dumps(answer), media_type="application/json")

    return router


def jobs_router(settings: Settings, jobs: Jobs) -> APIRouter:
    """Return the routes by which a file is scored: send, start, look, fetch, remove."""
    router = APIRouter(prefix="/jobs", tags=["files"])

    @router.post(
        "",
        status_code=201,
        response_model=JobResponse,
        responses=_UPLOAD_PROBLEMS,
        openapi_extra=_FILE_BODY,
        dependencies=[Depends(requests.refuse_other_sites)],
    )
    async def create(request: Request, name: FileName) -> Response:
        """Take a csv, tsv, jsonl, parquet or txt file and tell what is in it."""
        try:
            stored = stored_name(name)
        except ValueError as error:
            await requests.read_body(request)
            raise ProblemError(415, f"The file cannot be scored: {error}.") from None
        too_large = (
            f"The file has more than {settings.max_upload_bytes} bytes, the limit of this page. "
            "A file of any size is scored by the command: "
            f"stance score {stored} --text-column text -o scored.csv"
        )
        try:
            with _as_problems():
                return _answer(await jobs.create(stored, requests.stream_body(request)), 201)
        except ProblemError as error:
            if error.status_code != 413:
                raise
            raise ProblemError(413, too_large, headers=error.headers) from None

    @router.post(
        "/{job_id}/start",
        status_code=202,
        response_model=JobResponse,
        responses=errors.responses(
            {
                400: "The body is not valid JSON in UTF-8.",
                404: "There is no such job, or no longer.",
                409: "It has been started before.",
                413: "The body is larger than the limit.",
                415: "The content type is not application/json.",
                422: "A field is wrong, or names a column that the file does not have.",
                503: "Too many files at a time; Retry-After says when to come again.",
            }
        ),
        openapi_extra=requests.body_schema(JobStart),
    )
    async def start(request: Request, job_id: str) -> Response:
        """Begin to score the file."""
        asked = requests.validate(JobStart, await requests.read_json(request))
        with _as_problems():
            columns = jobs.read(job_id).columns
            for field in ("text_column", "group_column"):
                if getattr(asked, field) not in (*columns, None):
                    detail = f"{field} names no column of the file"
                    raise requests.field_problem(field, "unknown_column", detail)
            return _answer(await jobs.start(job_id, asked), 202)

    @router.get("/{job_id}", response_model=JobResponse, responses=_NO_JOB)
    async def read(job_id: str) -> Response:
        """Tell how far it has come."""
        with _as_problems():
            return _answer(jobs.read(job_id))

    @router.delete("/{job_id}", response_model=JobResponse, responses=_NO_JOB)
    async def remove(job_id: str) -> Response:
        """Stop it and remove the file and everything made of it."""
        with _as_problems():
            return _answer(await jobs.remove(job_id))

    @router.get("/{job_id}/result", response_class=FileResponse, responses=_WRONG_STATE)
    async def result(job_id: str) -> Response:
        """Return the file with its labels: same kind, same rows, same order."""
        with _as_problems():
            return _attachment(jobs.result(job_id))

    @router.get("/{job_id}/rejects", response_class=FileResponse, responses=_WRONG_STATE)
    async def rejects(job_id: str) -> Response:
        """Return the rows that could not be scored, with line and reason, as JSON Lines."""
        with _as_problems():
            return _attachment(jobs.result(job_id, rejects=True))

    return router


@asynccontextmanager
async def _slot(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    if slots.locked():
        raise BusyError
    async with slots:
        yield


@contextmanager
def _as_problems() -> Iterator[None]:
    """Turn what can go wrong with a file into problems."""
    retry = {"Retry-After": str(RETRY_SECONDS)}
    try:
        yield
    except RefusalError as error:
        raise ProblemError(422, f"The file cannot be used: {error}.") from None
    except NoJobError:
        detail = "There is no such job or file; it may have been removed after its time."
        raise ProblemError(404, detail) from None
    except StateError as error:
        raise ProblemError(409, f"{str(error).capitalize()}.") from None
    except BusyError:
        detail = "As many files as may be are being read, scored or kept; come again soon."
        raise ProblemError(503, detail, headers=retry) from None
    except OSError as error:
        detail = f"The service cannot keep the file now ({error.strerror})."
        raise ProblemError(503, detail, headers=retry) from None


def _answer(content: BaseModel, status: int = 200) -> Response:
    return Response(orjson.dumps(content.model_dump()), status, media_type="application/json")


def _attachment(path: Path) -> Response:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return FileResponse(path, filename=path.name, headers=headers)
