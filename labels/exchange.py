"""Carry labelled sentences to the labelling tools that people like, and back, without loss.

``label-studio``: a JSON list of tasks (https://labelstud.io/guide/task_format), choices named
``stance`` on the text ``text``. ``doccano``: JSON Lines with ``text``, ``label`` and the rest as
metadata. ``jsonl``: the rows of the set itself. ``csv``: the same, lists joined by ``|``.
"""

import csv
import io
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from labels.encodings import DEFAULT, check_encoding, encoding_hint, is_utf8
from labels.language import identify
from labels.sentences import REQUIRED_FIELDS, LabelError, LabelledSentence
from labels.taxonomy import Taxonomy

CONTROL_NAME, OBJECT_NAME = "stance", "text"

_CSV_FIELDS = (*REQUIRED_FIELDS, "region", "theme", "side", "twin_of", "first", "second")
_LISTS = ("labels", "first", "second")
_FOR_THE_READER = ("given", "note")
"""Fields of a review file that are no part of the labelled set."""

_NOTHING = "-"
"""In csv, an empty list; an empty cell is a list that is not there."""

Row = dict[str, Any]


class Tool(StrEnum):
    """A format to export to; import recognises the format by itself."""

    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    JSONL = "jsonl"
    CSV = "csv"


def export_sentences(sentences: Sequence[LabelledSentence], tool: Tool) -> bytes:
    """Return the content of one file for ``tool``, UTF-8."""
    rows = [sentence.to_row() for sentence in sentences]
    write: dict[Tool, Callable[[list[Row]], bytes]] = {
        Tool.LABEL_STUDIO: _to_label_studio,
        Tool.DOCCANO: lambda rows: to_json_lines([_to_doccano(row) for row in rows]),
        Tool.JSONL: to_json_lines,
        Tool.CSV: _to_csv,
    }
    return write[tool](rows)


def label_studio_config(taxonomy: Taxonomy) -> str:
    """Return the labelling interface that belongs to the exported tasks."""
    choice = "multiple" if taxonomy.is_multi_label else "single"
    choices = "".join(f'\n    <Choice value="{label_id}"/>' for label_id in taxonomy.ids)
    return (
        f'<View>\n  <Text name="{OBJECT_NAME}" value="$text"/>\n'
        f'  <Choices name="{CONTROL_NAME}" toName="{OBJECT_NAME}" choice="{choice}">{choices}\n'
        "  </Choices>\n</View>\n"
    )


def import_rows(path: Path, taxonomy: Taxonomy, encoding: str = DEFAULT) -> dict[str, Row]:
    """Return the rows of a file that one of the tools exported, as rows of a labelled set.

    They are in file order, by the place where each stands (``file:line``). ``encoding`` is that
    of csv; the others are in UTF-8.

    A row that was not exported from a labelled set gets an id from its number, the language that
    is identified, the last register of the taxonomy and a passage of its own. Whether labels and
    fields are right is left to the reader of the set.

    Raises
    ------
    LabelError
        If the file cannot be read or a row has no text or no annotation; names each.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabelError([f"{path}: cannot be read ({error.strerror})"]) from error
    if not content.strip():
        raise LabelError([f"{path}: empty; expected an export of a labelling tool"])
    codec = check_encoding(encoding)
    try:
        found = _parse(path, content, codec)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        hint = encoding_hint(path) if is_utf8(encoding) else ""
        raise LabelError([f"{path}:{line}: not {encoding.upper()}{hint}"]) from error
    except (orjson.JSONDecodeError, csv.Error) as error:
        raise LabelError([f"{path}: neither JSON, JSON Lines nor csv ({error})"]) from error
    rows, problems = {}, []
    for number, (where, raw) in enumerate(found.items(), 1):
        try:
            rows[where] = _complete(_from_tool(raw), f"{path.stem}-{number}", taxonomy)
        except LabelError as error:
            problems += [f"{where}: {problem}" for problem in error.problems]
    if problems:
        raise LabelError(problems)
    return rows


def _parse(path: Path, content: bytes, codec: str) -> dict[str, object]:
    if path.suffix.lower() == ".csv":
        return _parse_csv(path, content.decode(codec))
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip().startswith(b"["):
        tasks = enumerate(orjson.loads(content), 1)
        return {f"{path}: task {number}": task for number, task in tasks}
    lines = enumerate(content.splitlines(), 1)
    return {f"{path}:{number}": orjson.loads(line) for number, line in lines if line.strip()}


def _parse_csv(path: Path, text: str) -> dict[str, object]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    rows: dict[str, object] = {}
    while True:
        where = f"{path}:{reader.line_num + 1}"
        if (cells := next(reader, None)) is None:
            return rows
        if len(cells) > len(header):
            rows[where] = LabelError([f"{len(cells)} fields, {len(header)} in the header"])
        elif cells:
            rows[where] = dict(zip(header, cells, strict=False))


def _from_tool(raw: object) -> Row:
    if isinstance(raw, LabelError):
        raise raw
    if not isinstance(raw, dict):
        raise LabelError([f"found {type(raw).__name__}, expected an object"])
    if "data" in raw:
        return _from_label_studio(raw)
    if "label" in raw:
        return _from_doccano(raw)
    if any(isinstance(raw.get(name), str) for name in _LISTS):
        return _from_csv(raw)
    return {key: value for key, value in raw.items() if key not in _FOR_THE_READER}


def _complete(row: Row, fallback_id: str, taxonomy: Taxonomy) -> Row:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise LabelError(["no 'text'"])
    if "labels" not in row:
        raise LabelError(["no labels; expected a list, empty for no label"])
    row["id"] = str(row.get("id") or fallback_id)
    row["lang"] = row.get("lang") or identify(text, taxonomy.languages)
    row["register"] = row.get("register") or taxonomy.registers[-1]
    row["passage"] = row.get("passage") or row["id"]
    return {name: row[name] for name in REQUIRED_FIELDS} | row


def _to_label_studio(rows: list[Row]) -> bytes:
    tasks = []
    for number, row in enumerate(rows, 1):
        data = {key: value for key, value in row.items() if key != "labels"}
        result = {
            "from_name": CONTROL_NAME,
            "to_name": OBJECT_NAME,
            "type": "choices",
            "value": {"choices": row["labels"]},
        }
        tasks.append({"id": number, "data": data, "annotations": [{"result": [result]}]})
    return orjson.dumps(tasks, option=orjson.OPT_INDENT_2) + b"\n"


def _from_label_studio(task: Row) -> Row:
    """Take the newest annotation that was not cancelled; its choices are the labels."""
    annotations = [
        annotation
        for annotation in task.get("annotations") or []
        if not annotation.get("was_cancelled")
    ]
    if not annotations:
        raise LabelError(["no annotation; label the task, or leave it out of the export"])
    choices = [
        result["value"]["choices"]
        for result in annotations[-1].get("result", [])
        if result.get("type") == "choices"
    ]
    return dict(task["data"]) | {"labels": [label for chosen in choices for label in chosen]}


def _to_doccano(row: Row) -> Row:
    renamed = {key: value for key, value in row.items() if key not in ("labels", "id")}
    # doccano numbers its examples itself and would overwrite "id".
    return renamed | {"label": row["labels"], "sentence_id": row["id"]}


def _from_doccano(raw: Row) -> Row:
    row = {key: value for key, value in raw.items() if key not in ("label", "id", "Comments")}
    row["labels"] = raw["label"]
    row["id"] = row.pop("sentence_id", None)
    return row


def _to_csv(rows: list[Row]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, _CSV_FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        lists = {
            name: "|".join(row[name]) or _NOTHING for name in _LISTS if row.get(name) is not None
        }
        writer.writerow(row | lists)
    return file.getvalue().encode()


def _from_csv(raw: Row) -> Row:
    row: Row = {key: value for key, value in raw.items() if value not in ("", None)}
    for name in _LISTS:
        if name in row:
            row[name] = [] if row[name] == _NOTHING else row[name].split("|")
    # A cell that a person left empty means: no label.
    row.setdefault("labels", [])
    return row


def to_json_lines(rows: Sequence[Row]) -> bytes:
    """Return one JSON object a line."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)
