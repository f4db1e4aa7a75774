"""The labelled set: one JSON object a line, read strictly.

``sentences/<language>.jsonl`` of a label set. Training refuses the whole set when one row is
wrong, so every message names file and line. Does not judge whether a label is right: that is
the codebook's part.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from labels.taxonomy import LABELS_DIR, TAXONOMY_FILE, Taxonomy, read_taxonomy

SENTENCES_FOLDER = "sentences"
MAX_SENTENCE_CHARACTERS = 2000
"""Code points. The longest real sentence seen has 433; ten times that is a paragraph by mistake."""

# C0 and C1 controls, line and paragraph separators: traces of broken extraction, never of text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_NO_WORDS = re.compile(r"[\W_]+")

REQUIRED_FIELDS = ("id", "lang", "text", "labels", "register", "passage")
_OPTIONAL = ("region", "theme", "side", "twin_of")
_READINGS = ("first", "second")


class LabelError(ValueError):
    """A labelled set that cannot be used. ``problems`` holds one message per bad row."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        shown = problems[:20]
        if len(problems) > len(shown):
            shown.append(f"... and {len(problems) - len(shown)} more")
        super().__init__("\n".join(shown))


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence with the labels on which its readers settled.

    ``passage`` names the run of sentences it stood in; folds never cut a passage apart.
    ``first`` and ``second`` are what two readers gave before differences were settled, None if
    nobody read it so. ``region``, ``theme`` and ``side`` are its place in the grid, empty if it
    has none. ``twin_of`` is the id of the sentence from which it differs in a few words and in
    its labels.
    """

    id: str
    lang: str
    text: str
    labels: tuple[str, ...]
    register: str
    passage: str
    first: tuple[str, ...] | None = None
    second: tuple[str, ...] | None = None
    region: str = ""
    theme: str = ""
    side: str = ""
    twin_of: str = ""

    def to_row(self) -> dict[str, object]:
        """Return the JSON object of this sentence, optional fields only where they are filled."""
        row = {name: getattr(self, name) for name in REQUIRED_FIELDS}
        row |= {name: getattr(self, name) for name in _OPTIONAL if getattr(self, name)}
        row |= {name: getattr(self, name) for name in _READINGS if getattr(self, name) is not None}
        return row


class FoundRow(NamedTuple):
    """A row, where it stands (``file:line``), and the language of the file it is in or goes to.

    ``row`` is what was parsed, of any type, or the error.
    """

    where: str
    language: str
    row: object


def read_labelled_set(labels_dir: Path = LABELS_DIR) -> list[LabelledSentence]:
    """Read all of ``sentences/*.jsonl``, files in name order, rows in file order.

    Raises
    ------
    LabelError
        If there is no file or any row is bad; lists all bad rows, not only the first.
    TaxonomyError
        If the taxonomy of ``labels_dir`` cannot be read.
    """
    taxonomy = read_taxonomy(labels_dir)
    paths = sentence_files(labels_dir)
    if not paths:
        raise LabelError(
            [f"{labels_dir / SENTENCES_FOLDER}: no .jsonl file; expected one a language"]
        )
    return check_rows(_rows(paths), taxonomy)


def read_sentences(path: Path, taxonomy: Taxonomy) -> list[LabelledSentence]:
    """Read one labelled file from anywhere, for evaluation.

    Only ``text`` and ``labels`` are required. ``id`` falls back to the line number, ``register``
    to ``unknown`` and is free, ``passage`` to ``document`` and then to the id; ``lang`` may be
    any code, ``und`` if absent. Other fields are ignored, texts may repeat.

    Raises
    ------
    LabelError
        If the file cannot be read, is empty or has a bad row.
    """
    sentences = check_rows(_rows([path]), taxonomy, strict=False)
    if not sentences:
        raise LabelError(
            [f"{path}: empty; expected one JSON object a line with 'text' and 'labels'"]
        )
    return sentences


def sentence_files(labels_dir: Path) -> list[Path]:
    """Return the files of a labelled set in name order."""
    return sorted((labels_dir / SENTENCES_FOLDER).glob("*.jsonl"))


def digest_of(labels_dir: Path) -> str:
    """Return the SHA-256 (hex) of a label set: taxonomy and sentence files, names and bytes."""
    digest = sha256()
    for path in [labels_dir / TAXONOMY_FILE, *sentence_files(labels_dir)]:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def comparison_key(text: str) -> str:
    """Return ``text`` without differences of case, width, accents' coding and white space.

    Two sentences with the same key count as the same sentence.
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def wording_key(text: str) -> str:
    """Return the words of ``text`` alone: sentences with the same key differ in marks at most."""
    return _NO_WORDS.sub(" ", comparison_key(text)).strip()


def _rows(paths: Iterable[Path]) -> Iterator[FoundRow]:
    """Yield every line that is not blank."""
    for path in paths:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise LabelError([f"{path}: cannot be read ({error.strerror})"]) from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield FoundRow(f"{path}:{number}", path.stem, parse_line(line))


def parse_line(line: bytes) -> object:
    """Return what a line holds, or the error."""
    try:
        return orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return LabelError([f"not a JSON object ({error.msg})"])


def check_rows(
    rows: Iterable[FoundRow], taxonomy: Taxonomy, *, strict: bool = True
) -> list[LabelledSentence]:
    """Return the sentences of rows: ``strict``, those of a whole labelled set.

    Raises
    ------
    LabelError
        If any row is bad; lists all bad rows.
    """
    sentences: list[LabelledSentence] = []
    problems: list[str] = []
    where_id: dict[str, str] = {}
    where_text: dict[str, str] = {}
    for found in rows:
        where = found.where
        try:
            sentence = _sentence(found, taxonomy, strict=strict)
        except LabelError as error:
            problems += [f"{where}: {problem}" for problem in error.problems]
            continue
        if sentence.id in where_id:
            problems.append(
                f"{where}: id {sentence.id!r} stands already at {where_id[sentence.id]}"
            )
        where_id.setdefault(sentence.id, where)
        if strict:
            key = comparison_key(sentence.text)
            if key in where_text:
                problems.append(f"{where}: duplicate of the sentence at {where_text[key]}")
            where_text.setdefault(key, where)
        sentences.append(sentence)
    if strict:
        problems += _twin_problems(sentences, where_id)
    if problems:
        raise LabelError(problems)
    return sentences


def _twin_problems(sentences: list[LabelledSentence], where_id: dict[str, str]) -> list[str]:
    """Refuse a twin without its original or in another passage, where a fold may part them."""
    by_id = {sentence.id: sentence for sentence in sentences}
    problems = []
    for twin in sentences:
        if not twin.twin_of:
            continue
        original = by_id.get(twin.twin_of)
        if original is None:
            problems.append(f"{where_id[twin.id]}: twin of {twin.twin_of!r}, which is not there")
        elif original.passage != twin.passage:
            problems.append(f"{where_id[twin.id]}: in another passage than its original")
    return problems


def _sentence(found: FoundRow, taxonomy: Taxonomy, *, strict: bool) -> LabelledSentence:
    row = found.row
    if isinstance(row, LabelError):
        raise row
    if not isinstance(row, dict):
        raise LabelError([f"found {type(row).__name__}, expected a JSON object"])
    if not strict:
        number = found.where.rpartition(":")[2]
        row_id = row.get("id") or number
        row = {"lang": "und", "register": "unknown", **row, "id": row_id}
        row["passage"] = row.get("passage") or row.get("document") or row_id
    problems = []
    for field in ("id", "lang", "text", "register", "passage"):
        if not isinstance(row.get(field), str):
            problems.append(f"{field!r} is {_found(row, field)}, expected a string")
        elif not row[field].strip():
            problems.append(f"{field!r} is empty")
    if problems:
        raise LabelError(problems)
    problems += text_problems(row["text"]) + _label_problems(row, taxonomy)
    if strict:
        problems += _vocabulary_problems(row, taxonomy, found.language)
    if problems:
        raise LabelError(problems)
    return LabelledSentence(
        id=row["id"],
        lang=row["lang"],
        text=row["text"],
        labels=tuple(label for label in taxonomy.ids if label in row["labels"]),
        register=row["register"],
        passage=row["passage"],
        **_extras(row, taxonomy) if strict else {},
    )


def _extras(row: dict[str, object], taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the optional fields of a row; ``_sentence`` has checked the others."""
    problems = []
    extras: dict[str, Any] = {}
    for field in _OPTIONAL:
        value = row.get(field, "")
        if not isinstance(value, str):
            problems.append(f"{field!r} is {type(value).__name__}, expected a string")
        extras[field] = value
    for field in _READINGS:
        given = row.get(field)
        if given is None:
            continue
        if not isinstance(given, list) or not set(given) <= set(taxonomy.ids):
            problems.append(f"{field!r} must be a list of labels of {list(taxonomy.ids)}")
        else:
            extras[field] = tuple(label for label in taxonomy.ids if label in given)
    if problems:
        raise LabelError(problems)
    return extras


def _found(row: dict[str, object], field: str) -> str:
    return type(row[field]).__name__ if field in row else "missing"


def text_problems(text: str) -> list[str]:
    """Return why ``text`` cannot stand in a labelled set: too long, or with control characters."""
    problems = []
    if len(text) > MAX_SENTENCE_CHARACTERS:
        problems.append(
            f"text has {len(text)} characters, at most {MAX_SENTENCE_CHARACTERS} expected"
        )
    if control := _CONTROL.search(text):
        problems.append(
            f"text has the control character U+{ord(control[0]):04X} at {control.start()}"
        )
    return problems


def _label_problems(row: dict[str, object], taxonomy: Taxonomy) -> list[str]:
    labels = row.get("labels")
    if not isinstance(labels, list):
        return [f"'labels' is {_found(row, 'labels')}, expected a list (empty for no label)"]
    problems = [
        f"unknown label {label!r}; expected one of {list(taxonomy.ids)}"
        for label in labels
        if label not in taxonomy.ids
    ]
    if not problems and len(set(labels)) < len(labels):
        problems.append(f"a label stands twice in {labels}")
    elif not problems and len(labels) > 1 and not taxonomy.is_multi_label:
        problems.append(
            f"{len(labels)} labels {labels}; a sentence of this label set has one at most"
        )
    return problems


def _vocabulary_problems(
    row: dict[str, object], taxonomy: Taxonomy, file_language: str
) -> list[str]:
    problems = []
    if row["lang"] not in taxonomy.languages:
        problems.append(
            f"unknown language {row['lang']!r}; expected one of {list(taxonomy.languages)}"
        )
    elif row["lang"] != file_language:
        problems.append(f"language {row['lang']!r} in the file of {file_language!r}")
    if row["register"] not in taxonomy.registers:
        problems.append(
            f"unknown register {row['register']!r}; expected one of {list(taxonomy.registers)}"
        )
    return problems
