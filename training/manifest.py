"""What an artifact says about itself: the manifest, and whether it is still current."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sklearn.pipeline import Pipeline

import labels.decisions
import labels.identifier
import labels.kernel
import labels.lexicon
import labels.matching
import labels.occurrences
import labels.terms
import labels.text
import labels.world
from labels.lexicon import ACTORS_FILE, CONCEPTS_FILE, Lexicon
from labels.sentences import LabelledSentence, digest_of
from labels.taxonomy import CODEBOOK_FILE, Taxonomy
from training.artifact import FORMAT, MANIFEST
from training.config import TrainingConfig
from training.metrics import Evaluation
from training.train import TrainedModel

PROBES_PER_LANGUAGE = 2
VERSION_DIGITS = 12
LIBRARIES = ("scikit-learn", "numpy", "scipy", "joblib")


def build_manifest(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    lexicon: Lexicon,
    labels_dir: Path,
    config: TrainingConfig,
    model: TrainedModel,
    weights: bytes,
    evaluation: Evaluation,
    language_codes: Sequence[str],
) -> dict[str, Any]:
    """Return the manifest without the digests of files; see ``training/artifact.py``.

    Holds no date and no path, so that the same labelled set gives the same bytes anywhere.
    """
    thresholds = dict(zip(taxonomy.ids, model.thresholds, strict=True))
    calibration = {
        label: {"slope": slope, "intercept": intercept}
        for label, (slope, intercept) in zip(taxonomy.ids, model.calibration, strict=True)
    }
    ranges = dict(zip(taxonomy.ids, map(list, model.uncertain), strict=True))
    decisive = weights + orjson.dumps(
        [FORMAT, thresholds, ranges, model.min_known, lexicon.to_dict()],
        option=orjson.OPT_SORT_KEYS,
    )
    return {
        "format": FORMAT,
        "name": taxonomy.name,
        "version": f"{FORMAT}-{sha256(decisive).hexdigest()[:VERSION_DIGITS]}",
        "taxonomy": taxonomy.to_dict(),
        "names": list(lexicon.names),
        "languages": list(language_codes),
        "thresholds": thresholds,
        "calibration": calibration | {"prevalence": taxonomy.prevalence},
        "curves": {
            label: [asdict(point) for point in curve]
            for label, curve in zip(taxonomy.ids, model.curves, strict=True)
        },
        "uncertain": {"error_rate": config.error_rate, "ranges": ranges},
        "world": {"min_known_share": model.min_known},
        "features": _features(model.pipeline),
        "training": {"config": asdict(config), "inputs": input_digests(labels_dir)},
        "libraries": {name: version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
        "metrics": headline_metrics(evaluation),
        "probes": _probes(sentences, model.pipeline),
    }


def input_digests(labels_dir: Path) -> dict[str, str]:
    """Return the SHA-256 (hex) of everything that a model is made from."""
    code = sha256()
    for path in sorted([*Path(__file__).parent.glob("*.py"), *_terms_code()]):
        code.update(path.name.encode() + b"\0" + path.read_bytes())
    return {
        "labelled_set": digest_of(labels_dir),
        "codebook": _file_digest(labels_dir / CODEBOOK_FILE),
        "actors": _file_digest(labels_dir / ACTORS_FILE),
        "concepts": _file_digest(labels_dir / CONCEPTS_FILE),
        "code": code.hexdigest(),
    }


def _terms_code() -> list[Path]:
    modules = (
        labels.decisions,
        labels.identifier,
        labels.lexicon,
        labels.matching,
        labels.occurrences,
        labels.terms,
        labels.text,
        labels.world,
    )
    kernel = Path(labels.kernel.__file__).parent
    python = [Path(module.__file__) for module in modules if module.__file__]
    return [*python, *kernel.glob("*.py"), *kernel.glob("*.[ch]")]


def _file_digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def is_current(out: Path, labels_dir: Path, config: TrainingConfig) -> bool:
    """Tell whether the artifact in ``out`` was made from these labels, this code and ``config``."""
    try:
        training = orjson.loads((out / MANIFEST).read_bytes())["training"]
        digests_match = training["inputs"] == input_digests(labels_dir)
        return bool(digests_match and training["config"] == asdict(config))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return False


def headline_metrics(evaluation: Evaluation) -> dict[str, Any]:
    """Return counts, precision, recall, F1 and average precision per label, and macro F1."""
    per_label = {
        m.label: {
            "n_true": m.n_true,
            "n_given": m.n_given,
            "precision": _rounded(m.precision.value),
            "recall": _rounded(m.recall.value),
            "f1": _rounded(m.f1.value),
            "average_precision": _rounded(m.average_precision.value),
        }
        for m in evaluation.labels
    }
    return {
        "measured_on": "labelled set, out of fold, folds by passage",
        "n_sentences": evaluation.n_sentences,
        "macro_f1": _rounded(evaluation.macro_f1.value),
        "labels": per_label,
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _features(pipeline: Pipeline) -> dict[str, Any]:
    union = pipeline["terms"]
    return {
        block: {
            "weight": union.transformer_weights[block],
            "n_terms": len(vectorizer.vocabulary_),
            "sublinear_tf": True,
            "norm": "l2",
            "min_df": vectorizer.min_df,
        }
        for block, vectorizer in union.transformer_list
    }


def _probes(sentences: Sequence[LabelledSentence], pipeline: Pipeline) -> list[dict[str, Any]]:
    texts = []
    for lang in sorted({s.lang for s in sentences}):
        texts += [s.text for s in sentences if s.lang == lang][:PROBES_PER_LANGUAGE]
    scores = pipeline.predict_proba(texts).tolist()
    return [
        {"text": text, "scores": [round(score, 9) for score in row]}
        for text, row in zip(texts, scores, strict=True)
    ]
