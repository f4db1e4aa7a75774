"""Settings of the service, from environment variables that begin with ``STANCE_``."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.artifact import DEFAULT_ARTIFACT


class Settings(BaseSettings):
    """Every setting with its default; README.md lists them and a test compares."""

    model_config = SettingsConfigDict(env_prefix="STANCE_", extra="ignore", frozen=True)

    model: Annotated[Path, Field(description="Folder of the trained model.")] = DEFAULT_ARTIFACT
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8000
    workers: Annotated[int, Field(ge=1, le=64, description="Processes that answer.")] = 1
    max_text_characters: Annotated[
        int, Field(ge=1, description="Longest text of a request, in code points.")
    ] = 100_000
    max_batch_items: Annotated[
        int, Field(ge=1, description="Most texts in one POST /classify/batch.")
    ] = 100
    max_body_bytes: Annotated[
        int, Field(ge=1024, description="Largest request body, in bytes.")
    ] = 2_000_000
    max_upload_bytes: Annotated[
        int,
        Field(ge=1024, description="Largest file to extract a text from or to score, in bytes."),
    ] = 20_000_000
    extract_seconds: Annotated[
        int, Field(ge=1, description="Longest time to read a file that was sent, in seconds.")
    ] = 10
    max_jobs: Annotated[
        int, Field(ge=1, description="Files that are scored at a time, by one process.")
    ] = 4
    job_minutes: Annotated[
        int, Field(ge=1, description="How long a scored file is kept, in minutes.")
    ] = 60
    job_folder: Annotated[
        Path | None,
        Field(description="Folder for files being scored; without it a temporary one."),
    ] = None
    corrections: Annotated[
        str | None,
        Field(description="Database URL that takes corrections; without it none are taken."),
    ] = None
