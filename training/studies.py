"""Results of longer studies, kept as files so that a report can show them beside its own.

``models/studies/<name>.json``: what was measured, on which file, from which labelled set. A report
takes a study only if both are those that it is about.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

STUDIES_DIR = Path(__file__).parent.parent / "models" / "studies"


def write_study(
    name: str, rows: Sequence[Mapping[str, Any]], file: Path, labels_digest: str, folder: Path
) -> None:
    """Write the rows of a study measured on ``file`` from the labelled set with this digest."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "file": sha256(file.read_bytes()).hexdigest(),
        "labels": labels_digest,
        "rows": list(rows),
    }
    (folder / f"{name}.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def read_study(name: str, file: Path, labels_digest: str, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a study, none if there is none on this file from this labelled set."""
    try:
        content = orjson.loads((folder / f"{name}.json").read_bytes())
        digest = sha256(file.read_bytes()).hexdigest()
        is_ours = content["file"] == digest and content["labels"] == labels_digest
        return list(content["rows"]) if is_ours else []
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return []
