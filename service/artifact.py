"""Read the artifact and refuse one that cannot be trusted.

The format is defined in ``training/artifact.py``. Every check names the file and what differed;
``service.classifier`` makes the last one, scoring the manifest's probes again.
"""

import hashlib
import io
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from labels.arrays import Arrays, ArraysError, parse_arrays
from labels.lexicon import Lexicon, LexiconError, parse_lexicon
from labels.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy
from labels.terms import FAMILIES

FORMAT = 3
MANIFEST, WEIGHTS, LEXICON, NEAREST = "manifest.json", "weights.npz", "lexicon.json", "nearest.npz"
LANGUAGE, TABLES = "language.bin", "tables.bin"
REQUIRED = (WEIGHTS, LEXICON, NEAREST, LANGUAGE)
DEFAULT_ARTIFACT = Path(__file__).parent.parent / "models" / "default"

Content = memoryview
"""A file mapped into memory: it stays what it was when it was checked, whatever becomes of the
folder, and takes memory only where it is read."""


class ArtifactError(ValueError):
    """An artifact that is missing, damaged or of another format."""


@dataclass(frozen=True, slots=True)
class Block:
    """One family of terms in column order; its l2-normalised vector is multiplied by ``weight``."""

    terms: tuple[str, ...]
    idf: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The families of terms in column order, coefficients of shape (n_terms in all families,
    n_labels) and intercepts of shape (n_labels,).
    """

    blocks: dict[str, Block]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def of_terms(self) -> tuple[list[str], NDArray[np.float64]]:
        """Return all terms, and what one occurrence adds to each logit before normalisation.

        The weights are of shape (n_terms, n_labels).
        """
        blocks = self.blocks.values()
        scale = np.concatenate([block.weight * block.idf for block in blocks])
        return [term for b in blocks for term in b.terms], self.coefficients * scale[:, None]


@dataclass(frozen=True)
class Artifact:
    """A checked artifact; what only an explanation needs is parsed when it is asked for.

    ``uncertain`` is of shape (n_labels, 2): the score from which a label is possible, and that up
    to which its absence is. ``language`` are the arrays of the language identifier and
    ``language_codes`` its languages; ``tables`` those of the kernel, none if the model was trained
    without one.
    """

    path: Path
    manifest: dict[str, Any]
    taxonomy: Taxonomy
    names: tuple[str, ...]
    thresholds: NDArray[np.float64]
    uncertain: NDArray[np.float64]
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
    def weights(self) -> Weights:
        """The weights by term.

        Raises
        ------
        ArtifactError
            If the file does not hold what the manifest says.
        """
        weights = _parse_weights(self.path / WEIGHTS, self.contents[WEIGHTS], self.weight_of)
        if weights.coefficients.shape[1] != len(self.taxonomy.ids):
            raise ArtifactError(
                f"{self.path / WEIGHTS}: {weights.coefficients.shape[1]} labels, but the manifest "
                f"names {len(self.taxonomy.ids)}"
            )
        return weights

    @property
    def intercepts(self) -> NDArray[np.float64]:
        """The logits of a sentence without known terms, of shape (n_labels,)."""
        with np.load(io.BytesIO(self.contents[WEIGHTS]), allow_pickle=False) as arrays:
            intercepts: NDArray[np.float64] = arrays["intercepts"].astype(np.float64)
        return intercepts

    @cached_property
    def lexicon(self) -> Lexicon:
        """The names and concept classes.

        Raises
        ------
        ArtifactError
            If the file does not hold what it should.
        """
        where = self.path / LEXICON
        try:
            return parse_lexicon(orjson.loads(self.contents[LEXICON]), str(where))
        except (orjson.JSONDecodeError, LexiconError) as error:
            raise ArtifactError(f"{where}: cannot be read ({error})") from error


def read_artifact(path: Path) -> Artifact:
    """Read and check the artifact in folder ``path``.

    Raises
    ------
    ArtifactError
        Naming the file, what was found and what was expected.
    """
    manifest = _read_manifest(path)
    contents = _map_files(path, manifest)
    try:
        taxonomy = parse_taxonomy(manifest["taxonomy"], f"{path / MANIFEST}: taxonomy")
        thresholds = np.array(
            [manifest["thresholds"][label] for label in taxonomy.ids], dtype=float
        )
        ranges = manifest["uncertain"]["ranges"]
        uncertain = np.array([ranges[label] for label in taxonomy.ids], dtype=float)
        min_known = float(manifest["world"]["min_known_share"])
        weight_of = {
            block: float(manifest["features"][block]["weight"])
            for block in FAMILIES
            if block in manifest["features"]
        }
        names = tuple(str(name) for name in manifest["names"])
        codes = tuple(str(code) for code in manifest["languages"])
        str(manifest["name"]), str(manifest["version"])
        probes = [(str(p["text"]), [float(s) for s in p["scores"]]) for p in manifest["probes"]]
    except (KeyError, TypeError, ValueError, TaxonomyError) as error:
        raise ArtifactError(f"{path / MANIFEST}: incomplete or malformed ({error})") from error
    is_usable = np.isfinite(thresholds).all() and uncertain.shape == (len(thresholds), 2)
    if not is_usable or not probes or not weight_of:
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


def _map_files(path: Path, manifest: dict[str, Any]) -> dict[str, Content]:
    """Check the digest of every file of the artifact; return them, mapped into memory."""
    digests = manifest.get("files")
    if not isinstance(digests, dict) or not set(REQUIRED) <= set(digests):
        raise ArtifactError(f"{path / MANIFEST}: 'files' does not name {', '.join(REQUIRED)}")
    contents: dict[str, Content] = {}
    try:
        for name, expected in digests.items():
            contents[name] = _map_checked(path / name, str(expected))
    except ArtifactError:
        # A worker that waits for a good artifact reads the bad one every second.
        for content in contents.values():
            content.release()
        raise
    return contents


def _map_checked(where: Path, expected: str) -> Content:
    try:
        with where.open("rb") as file:
            # Read, not mapped: a digest over the mapping would pull all of it into memory.
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found == expected:
                return _map(file)
    except OSError as error:
        raise ArtifactError(f"{where}: cannot be read ({error.strerror})") from error
    raise ArtifactError(
        f"{where}: damaged, SHA-256 is {found[:12]}..., the manifest says {expected[:12]}...; "
        "restore the file or train again"
    )


def _map(file: BinaryIO) -> Content:
    if file.seek(0, io.SEEK_END) == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _parse_arrays(where: Path, content: Content) -> Arrays:
    try:
        return parse_arrays(content)
    except ArraysError as error:
        raise ArtifactError(f"{where}: {error}; train again") from error


def _parse_weights(where: Path, content: Content, weight_of: dict[str, float]) -> Weights:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            coefficients = arrays["coefficients"].astype(np.float64)
            intercepts = arrays["intercepts"].astype(np.float64)
            blocks = {
                block: Block(
                    tuple(arrays[f"{block}_terms"].tobytes().decode().split("\n")),
                    arrays[f"{block}_idf"].astype(np.float64),
                    weight_of[block],
                )
                for block in weight_of
            }
    except (KeyError, ValueError, OSError, BadZipFile) as error:
        raise ArtifactError(f"{where}: cannot be read as weights ({error})") from error
    n_terms = sum(len(block.terms) for block in blocks.values())
    if any(block.idf.shape != (len(block.terms),) for block in blocks.values()):
        raise ArtifactError(f"{where}: terms and idf differ in number")
    if coefficients.ndim != 2 or coefficients.shape[0] != n_terms:
        raise ArtifactError(
            f"{where}: coefficients of shape {coefficients.shape} for {n_terms} terms"
        )
    if intercepts.shape != (coefficients.shape[1],):
        raise ArtifactError(f"{where}: intercepts of shape {intercepts.shape}")
    if not (np.isfinite(coefficients).all() and np.isfinite(intercepts).all()):
        raise ArtifactError(f"{where}: holds numbers that are not finite")
    return Weights(blocks, coefficients, intercepts)
