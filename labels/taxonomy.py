"""The taxonomy: which labels there are, in which order, and what each means.

``taxonomy.json`` beside this file is the only place where a label id is written down. A label
set of one's own is another folder with its own ``taxonomy.json`` and ``sentences/``. The order
of its labels is the column order of every score matrix.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

LABELS_DIR = Path(__file__).parent
TAXONOMY_FILE, CODEBOOK_FILE = "taxonomy.json", "CODEBOOK.md"

MOST_SHORT_CHARACTERS = 64

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class TaxonomyError(ValueError):
    """A taxonomy that cannot be used; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Label:
    """One stance: its id in data and answers, and what people are shown.

    ``short`` is a name of a word or two, for a mark in a text. ``about`` holds sides and third
    parties of ``actors.json``: a sentence that names none of them cannot carry the label. Empty if
    any sentence can.
    """

    id: str
    title: str
    definition: str
    color: str
    rules: tuple[int, ...]
    about: tuple[str, ...] = ()
    short: str = ""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The labels in column order, and the languages and registers a labelled set may name.

    ``prevalence`` is the share of sentences of real text that carry one given label, if the
    labelled set holds more of them than real text does; ``is_multi_label`` tells whether a
    sentence may carry more than one.
    """

    name: str
    labels: tuple[Label, ...]
    languages: tuple[str, ...]
    registers: tuple[str, ...]
    prevalence: float | None = None
    is_multi_label: bool = True

    @property
    def ids(self) -> tuple[str, ...]:
        """Label ids in column order."""
        return tuple(label.id for label in self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``taxonomy.json``."""
        return asdict(self)


def read_taxonomy(labels_dir: Path = LABELS_DIR) -> Taxonomy:
    """Read ``taxonomy.json`` of a label set.

    Raises
    ------
    TaxonomyError
        If the file is missing, is not JSON or describes no usable labels.
    """
    path = labels_dir / TAXONOMY_FILE
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise TaxonomyError(
            f"{path}: cannot be read ({error.strerror}); a label set is a folder with "
            f"{TAXONOMY_FILE} and sentences/*.jsonl"
        ) from error
    except orjson.JSONDecodeError as error:
        raise TaxonomyError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
    return parse_taxonomy(content, str(path))


def parse_taxonomy(content: object, where: str) -> Taxonomy:
    """Build a taxonomy from parsed JSON; ``where`` opens every error message.

    Raises
    ------
    TaxonomyError
        Naming the field, what was found and what was expected.
    """
    if not isinstance(content, dict):
        raise TaxonomyError(f"{where}: found {type(content).__name__}, expected an object")
    entries = content.get("labels")
    if not isinstance(entries, list) or not entries:
        raise TaxonomyError(f"{where}: 'labels' must be a list of at least one label")
    labels = tuple(_label(entry, f"{where}: labels[{i}]") for i, entry in enumerate(entries))
    ids = [label.id for label in labels]
    for label_id in ids:
        if ids.count(label_id) > 1:
            raise TaxonomyError(
                f"{where}: label id {label_id!r} stands {ids.count(label_id)} times"
            )
    languages = _strings(content.get("languages"), f"{where}: 'languages'")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise TaxonomyError(
                f"{where}: language {language!r} is not an ISO 639 code such as 'es'"
            )
    prevalence, is_multi_label = content.get("prevalence"), content.get("is_multi_label", True)
    if prevalence is not None and not (isinstance(prevalence, float) and 0 < prevalence < 1):
        raise TaxonomyError(f"{where}: 'prevalence' {prevalence!r} must be a share such as 0.03")
    if not isinstance(is_multi_label, bool):
        raise TaxonomyError(f"{where}: 'is_multi_label' {is_multi_label!r} must be true or false")
    return Taxonomy(
        name=str(content.get("name", "stance")),
        labels=labels,
        languages=languages,
        registers=_strings(content.get("registers"), f"{where}: 'registers'"),
        prevalence=prevalence,
        is_multi_label=is_multi_label,
    )


def _label(entry: object, where: str) -> Label:
    if not isinstance(entry, dict):
        raise TaxonomyError(f"{where}: found {type(entry).__name__}, expected an object")
    label_id, color = entry.get("id"), entry.get("color", "#555555")
    if not isinstance(label_id, str) or not _ID.fullmatch(label_id):
        raise TaxonomyError(
            f"{where}: id {label_id!r} must be lower-case letters, digits and '_', at most 64"
        )
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise TaxonomyError(f"{where}: color {color!r} must look like '#1b7f5c'")
    rules = entry.get("rules", [])
    if not isinstance(rules, list) or not all(type(rule) is int for rule in rules):
        raise TaxonomyError(f"{where}: 'rules' must be a list of codebook rule numbers")
    about = entry.get("about", [])
    if not isinstance(about, list) or not all(isinstance(name, str) for name in about):
        raise TaxonomyError(f"{where}: 'about' must be a list of names of actors.json")
    short = entry.get("short") or label_id.replace("_", " ")
    if not isinstance(short, str) or len(short) > MOST_SHORT_CHARACTERS:
        raise TaxonomyError(
            f"{where}: 'short' must be a name of at most {MOST_SHORT_CHARACTERS} characters"
        )
    return Label(
        id=label_id,
        title=str(entry.get("title", label_id)),
        definition=str(entry.get("definition", "")),
        color=color,
        rules=tuple(rules),
        about=tuple(about),
        short=short,
    )


def _strings(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise TaxonomyError(f"{where} must be a list of at least one string")
    return tuple(value)
