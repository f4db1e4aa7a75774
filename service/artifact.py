"""Read the artifact and refuse one that cannot be trusted.

The format is defined in ``training/artifact.py``. Every check names the file and what differed;
``service.classifier`` makes the last one, scoring the manifest's probes again.
"""

import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from labels.lexicon import Lexicon, LexiconError, parse_lexicon
from labels.taxonomy import Taxonomy, TaxonomyError, parse_taxonomy
from labels.terms import FAMILIES

FORMAT = 2
MANIFEST, WEIGHTS, LEXICON = "manifest.json", "weights.npz", "lexicon.json"
NEAREST = "nearest.npz"
DEFAULT_ARTIFACT = Path(__file__).parent.parent / "models" / "default"


class ArtifactError(ValueError):
    """An artifact that is missing, damaged or of another format."""


@dataclass(frozen=True, slots=True)
class Block:
    """One family of terms in column order; its l2-normalised vector is multiplied by ``weight``."""

    terms: tuple[str, ...]
    idf: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked artifact.

    ``blocks`` holds the families of terms in column order, ``coefficients`` is of shape (n_terms
    in all blocks, n_labels), ``uncertain`` of shape (n_labels, 2): the score from which a label is
    possible, and that up to which its absence is. ``nearest`` is the content of its file, held
    because the folder may get another artifact while this one still answers.
    """

    path: Path
    manifest: dict[str, Any]
    taxonomy: Taxonomy
    lexicon: Lexicon
    thresholds: NDArray[np.float64]
    uncertain: NDArray[np.float64]
    min_known: float
    blocks: dict[str, Block]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    nearest: bytes

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.manifest["name"])

    def term_weights(self) -> tuple[list[str], NDArray[np.float64]]:
        """Return all terms, and what one occurrence adds to each logit before normalisation.

        The weights are of shape (n_terms, n_labels).
        """
        blocks = self.blocks.values()
        scale = np.concatenate([block.weight * block.idf for block in blocks])
        return [term for b in blocks for term in b.terms], self.coefficients * scale[:, None]

    @property
    def version(self) -> str:
        """The model's version: it changes whenever an answer could."""
        return str(self.manifest["version"])


def read_artifact(path: Path) -> Artifact:
    """Read and check the artifact in folder ``path``.

    Raises
    ------
    ArtifactError
        Naming the file, what was found and what was expected.
    """
    manifest = _read_manifest(path)
    files = _read_files(path, manifest)
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
        str(manifest["name"]), str(manifest["version"])
        probes = [(str(p["text"]), [float(s) for s in p["scores"]]) for p in manifest["probes"]]
    except (KeyError, TypeError, ValueError, TaxonomyError) as error:
        raise ArtifactError(f"{path / MANIFEST}: incomplete or malformed ({error})") from error
    is_usable = np.isfinite(thresholds).all() and uncertain.shape == (len(thresholds), 2)
    if not is_usable or not probes or not weight_of:
        raise ArtifactError(
            f"{path / MANIFEST}: thresholds must be numbers, families of terms and probes present"
        )
    try:
        lexicon = parse_lexicon(orjson.loads(files[LEXICON]), str(path / LEXICON))
    except (orjson.JSONDecodeError, LexiconError) as error:
        raise ArtifactError(f"{path / LEXICON}: cannot be read ({error})") from error
    blocks, coefficients, intercepts = _parse_weights(path / WEIGHTS, files[WEIGHTS], weight_of)
    if coefficients.shape[1] != len(taxonomy.ids):
        raise ArtifactError(
            f"{path / WEIGHTS}: {coefficients.shape[1]} labels, but the manifest names "
            f"{len(taxonomy.ids)}"
        )
    return Artifact(
        path,
        manifest,
        taxonomy,
        lexicon,
        thresholds,
        uncertain,
        min_known,
        blocks,
        coefficients,
        intercepts,
        files[NEAREST],
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


def _read_files(path: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Check the digest of every file of the artifact; return what the service reads."""
    digests = manifest.get("files")
    read = {WEIGHTS, LEXICON, NEAREST}
    if not isinstance(digests, dict) or not read <= set(digests):
        raise ArtifactError(f"{path / MANIFEST}: 'files' does not name all of {sorted(read)}")
    contents: dict[str, bytes] = {}
    for name, expected in digests.items():
        where = path / name
        try:
            content = where.read_bytes()
        except OSError as error:
            raise ArtifactError(f"{where}: cannot be read ({error.strerror})") from error
        found = sha256(content).hexdigest()
        if found != expected:
            raise ArtifactError(
                f"{where}: damaged, SHA-256 is {found[:12]}..., the manifest says "
                f"{str(expected)[:12]}...; restore the file or train again"
            )
        if name in read:
            contents[name] = content
    return contents


def _parse_weights(
    where: Path, content: bytes, weight_of: dict[str, float]
) -> tuple[dict[str, Block], NDArray[np.float64], NDArray[np.float64]]:
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
    return blocks, coefficients, intercepts
