"""Read the artifact and refuse one that cannot be trusted.

The format is defined in ``training/artifact.py``. Every check names the file and what differed;
``service.classifier`` makes the last one, scoring the manifest's probes again.
"""

import hashlib
import io
import math
import mmap
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from labels.arrays import Arrays, ArraysError, parse_arrays
from labels.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy

if TYPE_CHECKING:
    from labels.lexicon import Lexicon
    from service.weights import Weights

FORMAT = 6
MANIFEST, WEIGHTS, LEXICON, NEAREST = "manifest.json", "weights.npz", "lexicon.json", "nearest.npz"
LANGUAGE, TABLES = "language.bin", "tables.bin"
REQUIRED = (WEIGHTS, LEXICON, NEAREST, LANGUAGE)
DEFAULT_ARTIFACT = Path(__file__).parent.parent / "models" / "default"

MOST_TRIES = 5
"""How often an artifact is read that is replaced each time while it is read."""

AWAY_SECONDS = 0.2
"""How long a folder may be away: training renames the old one, then the new one."""

Content = memoryview
"""A file in memory; processes that are forked later share it, as nobody writes to it. It stays what
it was when it was checked, whatever becomes of the file. A mapped file would end the process if
somebody copied another over it."""

_NEVER_READ = ("pipeline.joblib", "report.html")
"""Files of the artifact for people; they are checked, too, but take no memory."""


class ArtifactError(ValueError):
    """An artifact that is missing, damaged or of another format."""


@dataclass(frozen=True)
class Artifact:
    """A checked artifact; what only an explanation needs is parsed when it is asked for.

    Of each label there are a threshold and, in ``uncertain``, the score from which it is possible
    and that up to which its absence is. ``language`` are the arrays of the language identifier and
    ``language_codes`` its languages; ``tables`` those of the kernel, none if the model was trained
    without one.
    """

    path: Path
    manifest: dict[str, Any]
    taxonomy: Taxonomy
    names: tuple[str, ...]
    thresholds: tuple[float, ...]
    uncertain: tuple[tuple[float, float], ...]
    min_known: float
    weight_of: dict[str, float]
    language_codes: tuple[str, ...]
    language: Arrays
    tables: Arrays
    contents: Mapping[str, Content]

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        """The model's version: it changes whenever an answer could."""
        return str(self.manifest["version"])

    @cached_property
    def weights(self) -> "Weights":
        """The weights by term.

        Raises
        ------
        ArtifactError
            If the file does not hold what the manifest says.
        """
        # The kernel needs neither these nor the lexicon; most services import them never.
        from labels.terms import FAMILIES
        from service.weights import WeightsError, parse_weights

        in_order = {name: self.weight_of[name] for name in FAMILIES if name in self.weight_of}
        try:
            weights = parse_weights(self.contents[WEIGHTS], in_order)
        except WeightsError as error:
            raise ArtifactError(f"{self.path / WEIGHTS}: {error}") from error
        if weights.coefficients.shape[1] != len(self.taxonomy.ids):
            raise ArtifactError(
                f"{self.path / WEIGHTS}: {weights.coefficients.shape[1]} labels, but the manifest "
                f"names {len(self.taxonomy.ids)}"
            )
        return weights

    @property
    def intercepts(self) -> list[float]:
        """The logit of each label for a sentence without known terms."""
        if self.tables:
            return list(map(float, self.tables["intercepts"]))
        found: list[float] = self.weights.intercepts.tolist()
        return found

    @cached_property
    def lexicon(self) -> "Lexicon":
        """The names and concept classes.

        Raises
        ------
        ArtifactError
            If the file does not hold what it should.
        """
        from labels.lexicon import LexiconError, parse_lexicon

        where = self.path / LEXICON
        try:
            return parse_lexicon(orjson.loads(self.contents[LEXICON]), str(where))
        except (orjson.JSONDecodeError, LexiconError) as error:
            raise ArtifactError(f"{where}: cannot be read ({error})") from error


def read_artifact(path: Path) -> Artifact:
    """Read and check the artifact in folder ``path``; again if it is replaced meanwhile.

    Raises
    ------
    ArtifactError
        Naming the file, what was found and what was expected.
    """
    n_tries = 0
    while True:
        folder = _folder_at(path)
        try:
            return _read(path)
        except ArtifactError:
            n_tries += 1
            if n_tries == MOST_TRIES or _folder_at(path) == folder:
                raise


def _folder_at(path: Path) -> int | None:
    """Return the number that the file system gives the folder, None without one."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return path.stat().st_ino
        except OSError:
            if time.monotonic() > deadline:
                return None
        time.sleep(0.01)


def _read(path: Path) -> Artifact:
    manifest = _read_manifest(path)
    contents = _read_files(path, manifest)
    try:
        taxonomy = parse_taxonomy(manifest["taxonomy"], f"{path / MANIFEST}: taxonomy")
        thresholds = tuple(float(manifest["thresholds"][label]) for label in taxonomy.ids)
        ranges = manifest["uncertain"]["ranges"]
        uncertain = tuple(
            (float(low), float(high)) for low, high in (ranges[label] for label in taxonomy.ids)
        )
        min_known = float(manifest["world"]["min_known_share"])
        weight_of = {name: float(entry["weight"]) for name, entry in manifest["features"].items()}
        names = tuple(str(name) for name in manifest["names"])
        codes = tuple(str(code) for code in manifest["languages"])
        str(manifest["name"]), str(manifest["version"])
        probes = [(str(p["text"]), [float(s) for s in p["scores"]]) for p in manifest["probes"]]
    except (AttributeError, KeyError, TypeError, ValueError, TaxonomyError) as error:
        raise ArtifactError(f"{path / MANIFEST}: incomplete or malformed ({error})") from error
    if not all(map(math.isfinite, thresholds)) or not probes or not weight_of:
        raise ArtifactError(
            f"{path / MANIFEST}: thresholds must be numbers, families of terms and probes present"
        )
    return Artifact(
        path,
        manifest,
        taxonomy,
        names,
        thresholds,
        uncertain,
        min_known,
        weight_of,
        codes,
        _parse_arrays(path / LANGUAGE, contents[LANGUAGE]),
        _parse_arrays(path / TABLES, contents[TABLES]) if TABLES in contents else {},
        contents,
    )


def _read_manifest(path: Path) -> dict[str, Any]:
    where = path / MANIFEST
    try:
        content = where.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{where}: cannot be read ({error.strerror}); train a model first (make train), "
            "or name its folder"
        ) from error
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ArtifactError(f"{where}:{error.lineno}: damaged, not JSON ({error.msg})") from error
    if not isinstance(manifest, dict):
        raise ArtifactError(f"{where}: found {type(manifest).__name__}, expected an object")
    if manifest.get("format") != FORMAT:
        raise ArtifactError(
            f"{where}: artifact format {manifest.get('format')!r}, this version of stance reads "
            f"format {FORMAT}; train again with this version"
        )
    _check_seal(where, content, manifest)
    return manifest


def _check_seal(where: Path, content: bytes, manifest: dict[str, Any]) -> None:
    """Refuse a manifest with a changed byte: its form is canonical and its seal is a digest.

    Finds damage, not malice: whoever can edit the file can also seal it again.
    """
    canonical = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    seal = manifest.pop("seal", None)
    found = sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if content != canonical or seal != found:
        raise ArtifactError(
            f"{where}: damaged or edited, its seal does not match its content; train again"
        )


def _read_files(path: Path, manifest: dict[str, Any]) -> dict[str, Content]:
    """Check the digest of every file of the artifact; return what is read of them."""
    digests = manifest.get("files")
    if not isinstance(digests, dict) or not set(REQUIRED) <= set(digests):
        raise ArtifactError(f"{path / MANIFEST}: 'files' does not name {', '.join(REQUIRED)}")
    contents = {name: _read_checked(path / name, str(digests[name])) for name in sorted(digests)}
    return {name: content for name, content in contents.items() if content is not None}


def _read_checked(where: Path, expected: str) -> Content | None:
    try:
        with where.open("rb") as file:
            if where.name in _NEVER_READ:
                content, found = None, hashlib.file_digest(file, "sha256").hexdigest()
            else:
                content = _read_into_memory(file)
                found = sha256(content).hexdigest()
    except OSError as error:
        raise ArtifactError(f"{where}: cannot be read ({error.strerror})") from error
    if found == expected:
        return content
    raise ArtifactError(
        f"{where}: damaged, SHA-256 is {found[:12]}..., the manifest says {expected[:12]}...; "
        "restore the file or train again"
    )


def _read_into_memory(file: io.BufferedReader) -> Content:
    size = file.seek(0, io.SEEK_END)
    if size == 0:
        return memoryview(b"")
    file.seek(0)
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):  # not Linux, or a Linux without them
        memory.madvise(mmap.MADV_HUGEPAGE)  # filled in less than half the time
    file.readinto(memory)
    return memoryview(memory).toreadonly()


def _parse_arrays(where: Path, content: Content) -> Arrays:
    try:
        return parse_arrays(content)
    except ArraysError as error:
        raise ArtifactError(f"{where}: {error}; train again") from error
