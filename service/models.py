"""The models in service: watched, checked, and replaced in one step.

A folder gets a new artifact while the service runs. It is read beside the model in service, must
pass every check of ``service.artifact`` and its own probes, and only then takes its place: one
reference changes. A request keeps the classifier it began with. An artifact that is refused is
told, and the old model stays.
"""

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from service.artifact import ArtifactError
from service.classifier import Classifier, load
from service.prediction import Prediction
from service.shadow import Shadow

POLL_SECONDS = 1.0
"""How often the folder is looked at. A change is read when two looks in a row found it the same,
so that a folder which is still being copied into is left alone."""

log = logging.getLogger("stance")

_Fingerprint = tuple[tuple[str, int, int, int], ...]


class ServedModel:
    """The model of one folder; ``classifier`` always answers, ``refusal`` says why it is not newer.

    Raises
    ------
    ArtifactError
        If the first artifact cannot be trusted: then there is nothing to serve.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refusal: str | None = None
        self._reloading = threading.Lock()
        self._read = self._last_look = _fingerprint(path)
        self.classifier = load(path)

    def reload(self) -> None:
        """Read the folder and put its model in service; takes a second or so.

        Raises
        ------
        ArtifactError
            If the artifact cannot be trusted; the model in service stays.
        """
        with self._reloading:
            self._read = _fingerprint(self.path)
            try:
                classifier = load(self.path)
            except ArtifactError as error:
                if self.refusal != str(error):
                    log.error("model refused, %s stays: %s", self.classifier.model.version, error)
                self.refusal = str(error)
                raise
            before, after = self.classifier.model.version, classifier.model.version
            if after == before:
                log.info("model %s read again, it is the same", after)
            else:
                log.info("model %s replaces %s", after, before)
            self.refusal = None
            self.classifier = classifier

    def is_current(self) -> bool:
        """Tell whether the folder is still as it was read."""
        return _fingerprint(self.path) == self._read

    def look(self) -> None:
        """Reload if the folder has changed and keeps still."""
        found = _fingerprint(self.path)
        is_still = found == self._last_look
        self._last_look = found
        if is_still and found != self._read:
            with suppress(ArtifactError):  # logged, and kept in refusal
                self.reload()


_prepared: dict[Path, ServedModel] = {}


def prepare(path: Path) -> Classifier:
    """Load a model before the processes begin that will serve it, so that they need not.

    Raises
    ------
    ArtifactError
        If the artifact cannot be trusted.
    """
    _prepared[path] = ServedModel(path)
    return _prepared[path].classifier


def check_shadow(classifier: Classifier, shadow: Classifier) -> None:
    """Refuse a shadow that cannot be compared.

    Raises
    ------
    ArtifactError
        If it has other labels.
    """
    ours, theirs = classifier.taxonomy.ids, shadow.taxonomy.ids
    if theirs != ours:
        raise ArtifactError(
            f"{shadow.artifact.path}: its labels are {', '.join(theirs)}; a shadow needs those of "
            f"the model in service: {', '.join(ours)}"
        )


def _open(path: Path) -> ServedModel:
    # Taken out, so that nothing holds the model once another replaces it.
    prepared = _prepared.pop(path, None)
    return prepared if prepared is not None and prepared.is_current() else ServedModel(path)


class Models:
    """The model that answers and, if there is one, the shadow; both folders are watched.

    A context manager: the watch lasts as long as its block.
    """

    def __init__(self, path: Path, shadow: Path | None = None) -> None:
        self.served = _open(path)
        self._all = [self.served]
        self.shadow: Shadow | None = None
        if shadow is not None:
            compared = _open(shadow)
            check_shadow(self.served.classifier, compared.classifier)
            self._all.append(compared)
            self.shadow = Shadow(lambda: compared.classifier)
        self._wake = threading.Event()
        self._must_reload = False
        self._is_ending = False
        self._thread = threading.Thread(target=self._watch, name="models", daemon=True)

    @property
    def classifier(self) -> Classifier:
        """The classifier in service now; take it once for each request."""
        return self.served.classifier

    def observe(self, prediction: Prediction) -> None:
        """Let the shadow compare an answer that was given; returns at once."""
        if self.shadow is not None:
            self.shadow.offer(prediction)

    @property
    def refusals(self) -> list[str]:
        """Why the artifacts now in the folders are not in service; empty if they are."""
        return [model.refusal for model in self._all if model.refusal is not None]

    def reload(self) -> None:
        """Read all folders now, changed or not.

        Raises
        ------
        ArtifactError
            For the first artifact that cannot be trusted; the model in service stays.
        """
        for model in self._all:
            model.reload()

    def reload_soon(self) -> None:
        """Have the watch read all folders now, changed or not; returns at once."""
        self._must_reload = True
        self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        if self.shadow is not None:
            self.shadow.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_ending = True
        self._wake.set()
        self._thread.join()
        if self.shadow is not None:
            self.shadow.stop()

    def _watch(self) -> None:
        # The first requests must not wait for this.
        self._wake.wait(POLL_SECONDS)
        if not self._is_ending:
            with suppress(ImportError, OSError):  # it is tried again when it is needed
                self.classifier.warm_up()
        while not self._is_ending:
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            if self._is_ending:
                return
            if self._must_reload:
                self._must_reload = False
                with suppress(ArtifactError):  # logged, and kept in refusal
                    self.reload()
            for model in self._all:
                model.look()


def _fingerprint(path: Path) -> _Fingerprint:
    """Return name, inode, size and time of change of each file; nothing if there is no folder.

    Between the two renames by which training replaces an artifact there is none.
    """
    try:
        with os.scandir(path) as entries:
            found = [(entry.name, entry.stat()) for entry in entries]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in found))
