"""Write sentences into a labelled set: new ones are added, known ids are replaced.

Called by ``stance labels import``. The whole set is read again before anything is put in place,
so that a bad row changes nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from labels.sentences import SENTENCES_FOLDER, read_labelled_set, sentence_files
from labels.taxonomy import TAXONOMY_FILE


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows were new, changed, and the same as before."""

    n_added: int
    n_changed: int
    n_same: int


def store_rows(labels_dir: Path, rows: Sequence[dict[str, Any]]) -> Stored:
    """Put ``rows`` into the files of their languages, each file replaced in one step.

    Raises
    ------
    LabelError
        If the set with these rows in it would be unsound; then nothing is written.
    """
    # As they will stand in the file: a tuple there is a list.
    rows = [orjson.loads(orjson.dumps(row)) for row in rows]
    before = {
        path.stem: [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        for path in sentence_files(labels_dir)
    }
    place = {row["id"]: (lang, i) for lang, own in before.items() for i, row in enumerate(own)}
    after = {lang: list(own) for lang, own in before.items()}
    n_added = n_changed = 0
    for row in rows:
        lang, index = place.get(row["id"], (row["lang"], None))
        if index is None:
            after.setdefault(lang, []).append(row)
            n_added += 1
        elif after[lang][index] != row:
            after[lang][index] = row
            n_changed += 1
    touched = [lang for lang in after if after[lang] != before.get(lang)]
    with tempfile.TemporaryDirectory(prefix=".import.", dir=labels_dir) as folder:
        trial = Path(folder)
        shutil.copytree(labels_dir / SENTENCES_FOLDER, trial / SENTENCES_FOLDER, dirs_exist_ok=True)
        shutil.copy(labels_dir / TAXONOMY_FILE, trial)
        for lang in touched:
            content = b"".join(orjson.dumps(row) + b"\n" for row in after[lang])
            (trial / SENTENCES_FOLDER / f"{lang}.jsonl").write_bytes(content)
        read_labelled_set(trial)
        for lang in touched:
            name = f"{lang}.jsonl"
            os.replace(trial / SENTENCES_FOLDER / name, labels_dir / SENTENCES_FOLDER / name)
    return Stored(n_added, n_changed, len(rows) - n_added - n_changed)
