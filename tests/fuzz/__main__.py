"""Fuzz the compiled kernel under AddressSanitizer and UBSan: ``make fuzz N=10000000``.

``python -m tests.fuzz N [SEED]`` writes arrays and texts, compiles the kernel with the C files
here, and throws N texts and N / 20 damaged sets of arrays at it. The first fault ends it, with a
report.
"""

import os
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.identifier import build_identifier
from labels.kernel.tables import FamilyWeights, build_tables
from labels.lexicon import Lexicon, read_lexicon
from labels.sentences import read_labelled_set
from labels.taxonomy import LABELS_DIR
from labels.terms import FAMILIES, Analyzer
from tests.conftest import DATA, ROOT
from tests.texts import TRAPS, WORDS

KERNEL = ROOT / "labels" / "kernel"
OF_PYTHON = ('#include "kernel.h"', '#include "arguments.h"')
SOURCES = [
    path
    for path in sorted(KERNEL.glob("*.c"))
    if not any(line in path.read_text() for line in OF_PYTHON)
]
"""The kernel without what makes a Python module of it."""

SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILER = [*shlex.split(os.environ.get("CC", "gcc")), "-std=gnu11", "-g", "-O1", *SANITIZE]
N_LABELS = 3
N_TERM_TEXTS = 400
"""Texts whose terms get weights: enough to be met all the time, few enough to open quickly."""


def can_build(folder: Path) -> bool:
    """Tell whether there is a compiler that has the sanitizers."""
    source = folder / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    try:
        command = [*COMPILER, source, "-o", folder / "nothing"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fuzz(folder: Path, n: int, seed: int = 1) -> int:
    """Throw ``n`` texts and ``n / 20`` damaged sets of arrays at the kernel, built in ``folder``.

    Returns how many inputs did no harm: all, or there is an exception.

    Raises
    ------
    subprocess.CalledProcessError
        At the first fault; the report stands on standard error.
    """
    program, texts = folder / "fuzz", folder / "texts.bin"
    sources = [*sorted(Path(__file__).parent.glob("*.c")), *SOURCES]
    subprocess.run([*COMPILER, f"-I{KERNEL}", *sources, "-lm", "-o", program], check=True)
    project, tiny = read_lexicon(LABELS_DIR), read_lexicon(DATA / "labels")
    sentences = [sentence.text for sentence in read_labelled_set()]
    texts.write_bytes(_pack([text.encode() for text in [*sentences, *TRAPS, *_words(project)]]))
    term_texts = [*TRAPS, *WORDS, *sentences[:: len(sentences) // N_TERM_TEXTS]]
    n_done = 0
    for mode, lexicon, inputs in (("texts", project, n), ("arrays", tiny, n // 20)):
        arrays = folder / f"{mode}.arrays"
        arrays.write_bytes(_pack_arrays(make_arrays(lexicon, term_texts)))
        command = [program, mode, arrays, texts, str(seed), "0", str(inputs)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        sys.stdout.write(done.stdout)
        n_done += int(done.stdout.split()[0])
    return n_done


def make_arrays(lexicon: Lexicon, texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return the kernel's arrays for all families of terms, with random weights."""
    rng = np.random.default_rng(1)
    families = {}
    for family in FAMILIES:
        analyzer = Analyzer(family, lexicon)
        terms = sorted({term for text in texts for term in analyzer(text)})
        families[family] = FamilyWeights(terms, rng.uniform(1, 5, len(terms)), 1.0)
    n_terms = sum(len(family.terms) for family in families.values())
    tables = build_tables(
        lexicon, families, rng.normal(size=(n_terms, N_LABELS)), np.ones(N_LABELS), 0.4
    )
    return tables | build_identifier(("en", "es", "pt", "de", "fr", "zh"))[0]


def _words(lexicon: Lexicon) -> list[str]:
    """Return what the entries of a lexicon look like, and the words of the tests."""
    matchers = (lexicon.name_matcher, *lexicon.concept_matchers.values())
    entries = (words for matcher in matchers for words, _ in matcher.entries)
    written = {" ".join(word.written or word.form for word in words) for words in entries}
    return [*WORDS, *sorted(written)[::10]]


def _pack(parts: list[bytes]) -> bytes:
    packed = (struct.pack("<Q", len(part)) + part for part in parts)
    return struct.pack("<Q", len(parts)) + b"".join(packed)


def _pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    content = struct.pack("<Q", len(arrays))
    for name, array in sorted(arrays.items()):
        text, data = name.encode() + b"\0", array.tobytes()
        content += struct.pack("<Q", len(text)) + text
        content += struct.pack("<QQ", array.itemsize, len(data)) + data
    return content


def main() -> None:
    """Fuzz as the command line says."""
    n, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        fuzz(Path(folder), n, seed)


if __name__ == "__main__":
    main()
