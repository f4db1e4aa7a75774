"""Write the figures that stand in README.md and MODEL_CARD.md: ``make figures``.

Everything between two markers of those files is the output of this or of ``stance evaluate``.
"""

import json
import re
from pathlib import Path

import stance
from labels.agreement import measure_agreement
from labels.grid import OFF_TOPIC, count_names, count_passages, read_grid
from labels.sentences import read_labelled_set
from labels.stats import count_labels
from labels.taxonomy import LABELS_DIR, read_taxonomy
from service.artifact import DEFAULT_ARTIFACT
from training.report import write_between_markers

ROOT = Path(__file__).parent.parent
README, CARD = ROOT / "README.md", ROOT / "MODEL_CARD.md"
DATASHEET = ROOT / "labels" / "DATASHEET.md"


def main() -> None:
    """Write all figures from the model in models/default and the labelled set."""
    write_between_markers(README, "answer", answer())
    write_between_markers(CARD, "training", training())
    write_between_markers(CARD, "counts", counts())
    for name, content in datasheet().items():
        write_between_markers(DATASHEET, name, content)


def answer() -> str:
    """Return the answer to the request that README.md shows, shortened scores, as Markdown."""
    found = re.search(r"""-d '\{"text": "([^"]+)"\}'""", README.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{README}: no request with a text")
    content = stance.load().classify(found[1]).to_dict()
    lines = [
        f'{{"id": null, "model": {_json(content["model"])}, "language": "{content["language"]}",'
    ]
    lines += [
        f' "labels": {_json(content["labels"])},',
        f' "summary": {_json(content["summary"])},',
    ]
    lines += [' "sentences": [']
    for sentence in content["sentences"]:
        scores = {label: round(score, 4) for label, score in sentence["scores"].items()}
        place = f'"start": {sentence["start"]}, "end": {sentence["end"]}'
        lines += [
            f'  {{{place}, "text": {_json(sentence["text"])},',
            f'   "labels": {_json(sentence["labels"])},',
            f'   "scores": {_json(scores)},',
            f'   "possible": {_json(sentence["possible"])},',
            f'   "known": {_json(round(sentence["known"], 4))}, "reason": '
            f'{_json(sentence["reason"])}, "uncertain": {_json(sentence["uncertain"])}, '
            '"evidence": [], "nearest": []},',
        ]
    lines[-1] = lines[-1].removesuffix(",") + "],"
    lines += [f' "notices": {_json(content["notices"])}}}']
    return "\n".join(["```json", *lines, "```", ""])


def training() -> str:
    """Return the tables of the model's own card."""
    card = (DEFAULT_ARTIFACT / "card.md").read_text(encoding="utf-8")
    return card.partition("\n\n")[2]


def counts() -> str:
    """Return how many sentences of each language carry each label, as a Markdown table."""
    taxonomy, sentences = read_taxonomy(), read_labelled_set()
    cells = {(row.lang, row.label): row.total for row in count_labels(sentences, taxonomy)}
    labels = list(dict.fromkeys(label for _, label in cells))
    rows = [["language", "sentences", *(f"`{label}`" for label in labels)]]
    for lang in dict.fromkeys(lang for lang, _ in cells):
        n = len(sentences) if lang == "all" else sum(s.lang == lang for s in sentences)
        rows.append([lang, f"{n:,}", *(f"{cells[lang, label]:,}" for label in labels)])
    return _table(rows)


def datasheet() -> dict[str, str]:
    """Return the parts of labels/DATASHEET.md by the name of their markers."""
    taxonomy, sentences, grid = read_taxonomy(), read_labelled_set(), read_grid(LABELS_DIR)
    if grid is None:
        raise ValueError(f"{LABELS_DIR}: no grid")
    words = [len(s.text.split()) for s in sentences if s.lang != "zh"]
    n_pairs = sum(bool(s.twin_of) for s in sentences)
    n_none = sum(not s.labels for s in sentences)
    off_topic = sum(s.region == OFF_TOPIC for s in sentences)
    n_passages = len({s.passage for s in sentences})
    n = len(sentences)
    facts = (
        f"\n{n:,} sentences in {n_passages:,} passages; {100 * n_none / n:.0f} % without a label, "
        f"{100 * off_topic / n:.0f} % off topic; {n_pairs:,} minimal pairs; mean length "
        f"{sum(words) / len(words):.1f} words (without Chinese), from {min(words)} to "
        f"{max(words)}.\n"
    )
    cells = count_passages(sentences, grid)
    grid_rows = [["region", *grid.themes]]
    for region in grid.regions:
        grid_rows.append([region, *(str(cells[region, theme]) for theme in grid.themes)])
    names = count_names(sentences, taxonomy, grid)
    name_rows = [["name", *next(iter(names.values()))]]
    name_rows += [[name, *map(str, found.values())] for name, found in names.items()]
    agreement_rows = [["language", "label", "read twice", "given", "differing", "kappa", "alpha"]]
    for row in measure_agreement(sentences, taxonomy):
        figures = [f"{row.n_sentences:,}", f"{row.n_given:,}", str(row.n_differing)]
        figures += [f"{row.kappa:.3f}", f"{row.alpha:.3f}"]
        agreement_rows.append([row.lang, f"`{row.label}`", *figures])
    return {
        "counts": counts() + facts,
        "grid": _table(grid_rows),
        "names": _table(name_rows),
        "agreement": _table(agreement_rows),
    }


def _table(rows: list[list[str]]) -> str:
    header, *body = rows
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)]) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
