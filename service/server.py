"""Start the HTTP server: check what can be checked first, so that a failure is one clear line."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from service import logs
from service.classifier import Classifier
from service.connections import ImpatientProtocol
from service.corrections import open_store
from service.job_folder import remove_abandoned, take_folder
from service.jobs import remove_jobs
from service.settings import Settings, is_loopback
from service.workers import fork_workers

SCORERS = {
    "compiled": "The compiled kernel scores.",
    "python": "Python scores, slower: no kernel was built, here or where the model was trained.",
}


CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into every container."""


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
    with _terminable(), _job_folder(settings), _shared_figures(settings.workers):
        classifier = _prepare(settings)
        if settings.keys is not None:
            from service.keys import read_keys

            read_keys(settings.keys)
        _check_free(settings.host, settings.port)
        open_store(settings)
        _greet(settings, classifier)
        logs.configure(settings.log_level)
        if settings.workers > 1:
            fork_workers()
        uvicorn.run(
            "service.app:app_from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http=ImpatientProtocol,
            ws="none",
            timeout_graceful_shutdown=settings.shutdown_seconds,
            # service.logs writes a line for each request, and formats what the server logs.
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # Nothing here asks where a request came from, and whoever sends it could say anything.
            proxy_headers=False,
        )


def _prepare(settings: Settings) -> Classifier:
    """Import the application and load the model; the server's processes go on with both."""
    # Not before _shared_figures: service.metrics looks for the folder when it is imported.
    from service import app  # noqa: F401
    from service.models import check_shadow, prepare

    classifier = prepare(settings.model)
    if settings.shadow is not None:
        check_shadow(classifier, prepare(settings.shadow))
    return classifier


def _greet(settings: Settings, classifier: Classifier) -> None:
    # 0.0.0.0 and :: mean every address; the one to try is this machine's.
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    url = f"http://{host}:{settings.port}"
    print(f"model {classifier.model.version} on {url} (page: /, documentation: /docs).")
    print(SCORERS[classifier.scorer] + " Try:")
    print(
        f"curl -s {url}/classify -H 'content-type: application/json' -d "
        """'{"text": "The port brings jobs, while Washington only sends warnings."}'""",
        flush=True,
    )
    if is_loopback(settings.host) and any(path.exists() for path in CONTAINER_MARKS):
        print(
            "Nothing outside of this container reaches it. Set STANCE_HOST=0.0.0.0, and "
            "STANCE_KEYS or, to serve everybody, STANCE_INSECURE=true.",
            flush=True,
        )


class _Terminated(BaseException):
    """SIGTERM came."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the blocks inside as an error would, and then the process as it always does.

    The server finishes and sends itself the signal again, which ends a process on the spot: what
    was sent to it would stay behind.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the cleaning
        raise _Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except _Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)


@contextmanager
def _job_folder(settings: Settings) -> Iterator[None]:
    """Name one folder of jobs for all server processes, and empty it at the end."""
    remove_abandoned()
    try:
        if settings.job_folder is None:
            folder, is_own = take_folder(), True
        else:
            folder, is_own = settings.job_folder, False
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if settings.job_folder is not None:
            raise ServerError(
                f"files cannot be kept in {settings.job_folder} ({error.strerror}); choose another "
                "--job-folder"
            ) from error
        yield  # Nothing can be written here; the routes that need it say so.
        return
    os.environ["STANCE_JOB_FOLDER"] = str(folder)
    try:
        yield
    finally:
        remove_jobs(folder)
        if is_own:
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
