"""Write the artifact: the only thing that training hands to the service.

An artifact is a folder of

``manifest.json``
    Format number, model name and version, taxonomy, thresholds, calibration, precision and recall
    at other thresholds (``curves``, only shown), ranges of uncertain scores, least share of known
    words, families of terms and their weights, training configuration, digests (labelled set,
    codebook, names and concepts, code, every file), library versions, headline metrics, probes
    (sentences with the scores they must get), and ``seal``, the SHA-256 of the rest as compact
    JSON with sorted keys. Written with sorted keys and two blanks of indentation; any other form
    is refused.
``weights.npz``
    Plain arrays, loaded without running code. For each family of terms (``labels.terms``)
    ``<family>_terms`` (UTF-8, separated by line feeds, in column order) and ``<family>_idf`` of
    shape (n_terms,), the family's weight multiplied in later; ``coefficients`` of shape (n_terms
    in all, n_labels) and ``intercepts`` of shape (n_labels,), both float32, calibration included:
    the sigmoid of ``x @ coefficients + intercepts`` is the score.
``lexicon.json``
    The names and concept classes that the terms are made with, as ``Lexicon.to_dict``.
``language.bin``
    The arrays of the language identifier (``labels.identifier``), in the form of ``labels.arrays``.
``tables.bin``
    The same model as arrays for the compiled kernel (``labels.kernel.tables``). Missing where it
    was trained without a C compiler; Python scores then.
``nearest.npz``
    The labelled sentences, to show those nearest to a new one; see ``training/nearest.py``.
``pipeline.joblib``
    The same model as a fitted scikit-learn pipeline, for people who trust their own file.
``card.md``, ``report.html``
    What was measured, to read.
``codebook.md``
    The rules of the label set, as they stood; missing if it has none.

Changing any of this, or what the same weights make of a sentence, means a new ``FORMAT``, told in
this docstring, and a test that the service refuses the old one: the version of a model begins with
it and must change whenever an answer could. Format 1 knew words and characters only; format 2 has
families of terms, names and concept classes, uncertain ranges and the nearest labelled sentences;
format 3 has the arrays of language identifier and kernel; format 4 stores the identifier's
automaton without what its rows have in common; format 5 has the codebook, and takes Chinese
sentences with figures for prose; format 6 keeps the identifier's costs in a byte each.
"""

import io
import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import orjson
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

FORMAT = 6
MANIFEST, WEIGHTS, PIPELINE = "manifest.json", "weights.npz", "pipeline.joblib"
LEXICON, NEAREST = "lexicon.json", "nearest.npz"
LANGUAGE, TABLES = "language.bin", "tables.bin"
CARD, REPORT, CODEBOOK = "card.md", "report.html", "codebook.md"


class ArtifactWriteError(RuntimeError):
    """The artifact could not be put in place; nothing half-written is left."""


def weights_bytes(pipeline: Pipeline) -> bytes:
    """Return the content of ``weights.npz`` for a fitted, calibrated pipeline."""
    arrays: dict[str, NDArray[Any]] = {}
    for block, vectorizer in pipeline["terms"].transformer_list:
        terms = "\n".join(vectorizer.get_feature_names_out())
        arrays[f"{block}_terms"] = np.frombuffer(terms.encode(), dtype=np.uint8)
        arrays[f"{block}_idf"] = vectorizer.idf_.astype(np.float64)
    decisions = pipeline["labels"].estimators_
    arrays["coefficients"] = np.vstack([d.coef_[0] for d in decisions]).T.astype(np.float32)
    arrays["intercepts"] = np.array([d.intercept_[0] for d in decisions], dtype=np.float32)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def pipeline_bytes(pipeline: Pipeline) -> bytes:
    """Return the content of ``pipeline.joblib``."""
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
    return buffer.getvalue()


def write_artifact(out: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write ``files`` and the manifest to a temporary folder and rename it to ``out``.

    ``manifest`` receives ``files``, the SHA-256 (hex) of each file by name. A reader sees the old
    artifact or the new one, never a mixture.

    Raises
    ------
    ArtifactWriteError
        If ``out`` is something else than an artifact, or the disk refuses.
    """
    if out.exists() and not (
        out.is_dir() and ((out / MANIFEST).exists() or not any(out.iterdir()))
    ):
        raise ArtifactWriteError(
            f"{out}: exists and is no artifact (no {MANIFEST} in it); "
            "choose another --out or remove it"
        )
    digests = {name: sha256(content).hexdigest() for name, content in files.items()}
    manifest = manifest | {"files": digests}
    seal = sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    content = orjson.dumps(manifest | {"seal": seal}, option=options) + b"\n"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise ArtifactWriteError(f"{out.parent}: cannot be written ({error.strerror})") from error
    try:
        for name, data in [*files.items(), (MANIFEST, content)]:
            (temporary / name).write_bytes(data)
        temporary.chmod(0o755)
        _swap(temporary, out)
    except OSError as error:
        raise ArtifactWriteError(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(new: Path, out: Path) -> None:
    """Put ``new`` at ``out``; a folder cannot be renamed over one that is not empty.

    Between the two renamings there is none for an instant: ``service.artifact`` looks again.
    """
    if not out.exists():
        os.replace(new, out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
    os.replace(out, old / out.name)
    try:
        os.replace(new, out)
    except OSError:
        os.replace(old / out.name, out)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
