"""Start the HTTP server: check what can be checked first, so that a failure is one clear line."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from service import logs
from service.artifact import read_artifact
from service.classifier import choose_scorer
from service.connections import ImpatientProtocol
from service.corrections import open_store
from service.jobs import remove_jobs
from service.keys import read_keys
from service.settings import Settings

SCORERS = {
    "compiled": "The compiled kernel scores.",
    "python": "Python scores, slower: no kernel was built, here or where the model was trained.",
}


class ServerError(RuntimeError):
    """The server cannot start."""


def serve(settings: Settings) -> None:
    """Serve until stopped; the environment holds the same settings for the server's processes.

    Raises
    ------
    ArtifactError
        If the model cannot be trusted.
    KeysError
        If the file of keys cannot be used.
    ServerError
        If the address cannot be listened on.
    StoreError
        If corrections cannot be stored where the settings say.
    """
    host, port = settings.host, settings.port
    artifact = read_artifact(settings.model)
    if settings.keys is not None:
        read_keys(settings.keys)
    _check_free(host, port)
    open_store(settings)
    # 0.0.0.0 and :: mean every address; the one to try is this machine's.
    url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    print(f"model {artifact.version} on {url} (page: /, documentation: /docs).")
    print(SCORERS[choose_scorer(artifact)] + " Try:")
    print(
        f"curl -s {url}/classify -H 'content-type: application/json' -d "
        """'{"text": "The port brings jobs, while Washington only sends warnings."}'""",
        flush=True,
    )
    logs.configure(settings.log_level)
    with _job_folder(settings), _shared_figures(settings.workers):
        uvicorn.run(
            "service.app:app_from_environment",
            factory=True,
            host=host,
            port=port,
            workers=settings.workers,
            http=ImpatientProtocol,
            ws="none",
            timeout_graceful_shutdown=settings.shutdown_seconds,
            # service.logs writes a line for each request, and formats what the server logs.
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
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


@contextmanager
def _shared_figures(workers: int) -> Iterator[None]:
    """Give several workers a folder in which they add up their metrics."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="stance-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


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
