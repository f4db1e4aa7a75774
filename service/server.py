"""Start the HTTP server: check what can be checked first, so that a failure is one clear line."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from service.artifact import read_artifact
from service.corrections import open_store
from service.jobs import remove_jobs
from service.settings import Settings


class ServerError(RuntimeError):
    """The server cannot start."""


def serve(model: Path, host: str, port: int, workers: int) -> None:
    """Serve until stopped.

    Raises
    ------
    ArtifactError
        If the model cannot be trusted.
    ServerError
        If the address cannot be listened on.
    StoreError
        If corrections cannot be stored where the settings say.
    """
    artifact = read_artifact(model)
    _check_free(host, port)
    settings = Settings()
    open_store(settings)
    # The server's processes read their settings from the environment.
    os.environ["STANCE_MODEL"] = str(model)
    # 0.0.0.0 and :: mean every address; the one to try is this machine's.
    url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    print(f"model {artifact.version} on {url} (page: /, documentation: /docs). Try:")
    print(
        f"curl -s {url}/classify -H 'content-type: application/json' -d "
        """'{"text": "The port brings jobs, while Washington only sends warnings."}'""",
        flush=True,
    )
    with _job_folder(settings):
        uvicorn.run(
            "service.app:app_from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            # A line a request would cost time and tell nothing about a text that may be told.
            access_log=False,
            log_level="warning",
        )


@contextmanager
def _job_folder(settings: Settings) -> Iterator[None]:
    """Name one folder of jobs for all server processes, and empty it at the end."""
    try:
        folder = settings.job_folder or Path(tempfile.mkdtemp(prefix="stance-jobs-"))
    except OSError:
        yield  # Nothing can be written here; the routes that need it say so.
        return
    os.environ["STANCE_JOB_FOLDER"] = str(folder)
    try:
        yield
    finally:
        remove_jobs(folder)
        if settings.job_folder is None:
            shutil.rmtree(folder, ignore_errors=True)


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServerError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another --host or --port"
        ) from error
