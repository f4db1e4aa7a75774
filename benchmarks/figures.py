"""Write the figures that stand in README.md and MODEL_CARD.md: ``make figures``.

Everything between two markers of those files is the output of this or of ``stance evaluate``.
"""

import json
import re
from pathlib import Path

import stance
from labels.sentences import read_labelled_set
from labels.stats import count_labels
from labels.taxonomy import read_taxonomy
from service.artifact import DEFAULT_ARTIFACT
from training.report import write_between_markers

ROOT = Path(__file__).parent.parent
README, CARD = ROOT / "README.md", ROOT / "MODEL_CARD.md"


def main() -> None:
    """Write all figures from the model in models/default and the labelled set."""
    write_between_markers(README, "answer", answer())
    write_between_markers(CARD, "training", training())
    write_between_markers(CARD, "counts", counts())


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
            f'   "scores": {_json(scores)}, "evidence": []}},',
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
    header = ["language", "sentences", *(f"`{label}`" for label in labels)]
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    for lang in dict.fromkeys(lang for lang, _ in cells):
        n = len(sentences) if lang == "all" else sum(s.lang == lang for s in sentences)
        row = [lang, f"{n:,}", *(f"{cells[lang, label]:,}" for label in labels)]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
