"""Is a labelled set sound as a whole? What the reader of single rows cannot see.

Called by ``stance labels check``, which CI runs.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import orjson
from rensa import RMinHash, RMinHashLSH

from labels.grid import grid_problems, read_grid
from labels.language import UNDETERMINED, identify
from labels.sentences import LabelError, LabelledSentence, comparison_key
from labels.taxonomy import Taxonomy
from labels.text import chunk_tokens, chunks_of

NEAR = 0.8
"""Jaccard similarity of three-token shingles from which two sentences count as near-duplicates."""

SHARED_WORDS = 6
"""Tokens in a row that a sentence may not share with a held-out file (for Chinese: characters,
twice as many, since a word has about two)."""

MAX_MISREAD = 0.005
"""Share of sentences whose language may be misread: headlines of names have hardly any."""

FORMULAS = Path(__file__).parent / "formulas.txt"

_N_PERMUTATIONS, _N_BANDS, _SEED = 128, 32, 7


def check_labelled_set(
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    labels_dir: Path,
    against: Path | None = None,
) -> list[str]:
    """Return one message per problem of a set whose rows are all well-formed.

    Near-duplicates that are no twins (with different labels: a conflict), sentences in another
    language than they say, holes in the grid, and, if ``against`` names a held-out file or
    folder, sentences that share words with it.
    """
    problems = near_duplicate_problems(sentences) + language_problems(sentences, taxonomy)
    grid = read_grid(labels_dir)
    if grid is not None:
        problems += grid_problems(sentences, taxonomy, grid)
    if against is not None:
        problems += overlap_problems(sentences, read_held_out(against))
    return problems


def near_duplicate_problems(sentences: Sequence[LabelledSentence]) -> list[str]:
    """Return the pairs that say nearly the same and are not marked as twins."""
    problems = []
    for one, other in near_duplicates(sentences):
        if other.twin_of == one.id or one.twin_of == other.id:
            continue
        if one.twin_of and one.twin_of == other.twin_of:
            continue
        if set(one.labels) != set(other.labels):
            problems.append(f"{one.id} and {other.id}: conflict, nearly the same and other labels")
        else:
            problems.append(f"{one.id} and {other.id}: nearly the same")
    return problems


def near_duplicates(
    sentences: Sequence[LabelledSentence],
) -> list[tuple[LabelledSentence, LabelledSentence]]:
    """Return the pairs with a similarity of at least ``NEAR``, in the order of the set.

    MinHash finds candidates; their shingles are then compared exactly.
    """
    index = RMinHashLSH(threshold=NEAR, num_perm=_N_PERMUTATIONS, num_bands=_N_BANDS)
    shingles = [_shingles(sentence.text) for sentence in sentences]
    pairs = []
    for number, own in enumerate(shingles):
        sketch = RMinHash(num_perm=_N_PERMUTATIONS, seed=_SEED)
        sketch.update(sorted(own))
        for candidate in sorted(index.query(sketch)):
            other = shingles[candidate]
            if len(own & other) >= NEAR * len(own | other):
                pairs.append((sentences[candidate], sentences[number]))
        index.insert(number, sketch)
    return pairs


def language_problems(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> list[str]:
    """Return the sentences that seem to be in another language, if they are more than a few."""
    wrong = []
    for sentence in sentences:
        found = identify(sentence.text, taxonomy.languages)
        if found not in (sentence.lang, UNDETERMINED):
            wrong.append(f"{sentence.id}: seems to be in {found!r}, not in {sentence.lang!r}")
    return wrong if len(wrong) > MAX_MISREAD * len(sentences) else []


def overlap_problems(sentences: Sequence[LabelledSentence], held_out: Iterable[str]) -> list[str]:
    """Return the sentences that share ``SHARED_WORDS`` tokens in a row with a held-out text.

    The names and salutations of ``formulas.txt``, which everybody writes alike, end a run.
    """
    theirs: set[tuple[str, ...]] = set()
    for text in held_out:
        theirs |= _runs(text)
    problems = []
    for sentence in sentences:
        if shared := _runs(sentence.text) & theirs:
            example = " ".join(sorted(shared)[0])
            problems.append(f"{sentence.id}: shares {example!r} with a held-out text")
    return problems


def read_held_out(path: Path) -> list[str]:
    """Return the texts of a held-out JSON Lines file, or of all such files in a folder.

    Raises
    ------
    LabelError
        If there is no such file or a line has no text.
    """
    files = sorted(path.glob("**/*.jsonl")) if path.is_dir() else [path]
    texts = []
    for file in files:
        try:
            for line in file.read_bytes().splitlines():
                if line.strip():
                    texts.append(str(orjson.loads(line)["text"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise LabelError([f"{file}: no JSON Lines with a 'text' ({error})"]) from error
    if not texts:
        raise LabelError([f"{path}: no held-out text found"])
    return texts


def _tokens(text: str) -> list[str]:
    return [token for chunk in chunks_of(comparison_key(text)) for token in chunk_tokens(chunk)]


def _shingles(text: str) -> set[str]:
    tokens = _tokens(text)
    width = min(3, max(1, len(tokens)))
    return {" ".join(tokens[i : i + width]) for i in range(max(1, len(tokens) - width + 1))}


def _runs(text: str) -> set[tuple[str, ...]]:
    has_han = re.search("[\u4e00-\u9fff]", text) is not None
    width = 2 * SHARED_WORDS if has_han else SHARED_WORDS
    runs = set()
    for part in _formulas().split(comparison_key(text).replace("\u2019", "'")):
        tokens = _tokens(part)
        runs |= {tuple(tokens[i : i + width]) for i in range(len(tokens) - width + 1)}
    return runs


@cache
def _formulas() -> re.Pattern[str]:
    lines = FORMULAS.read_text(encoding="utf-8").splitlines()
    return re.compile("|".join(re.escape(line) for line in sorted(lines, key=len, reverse=True)))
