"""Corrections: what readers said when a label was wrong, and how it comes into the labelled set.

A correction is one person's opinion. ``review`` turns corrections into rows for a second reader;
only what he settles is imported. Called by ``stance labels import --corrections``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from labels.language import identify
from labels.sentences import LabelledSentence, comparison_key
from labels.taxonomy import Taxonomy

ID_DIGITS = 12


class StoreError(RuntimeError):
    """A store that cannot be used, or not now. The message holds no password and no sentence."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A sentence, the labels it was given by a model, and those that a reader found right."""

    text: str
    language: str
    given: tuple[str, ...]
    right: tuple[str, ...]
    model_version: str
    stored_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Rows for a second reader, and what he should know about them.

    The rows have the form of the labelled set, without ``labels``: those are his to settle.
    ``first`` is what the reader found right; where readers disagree ``second`` is the other
    opinion, and ``conflicts`` says so. ``left_out`` names what cannot become a row.
    """

    rows: tuple[dict[str, Any], ...]
    conflicts: tuple[str, ...]
    left_out: tuple[str, ...]
    n_settled: int


def review(
    corrections: Sequence[Correction], taxonomy: Taxonomy, labelled: Sequence[LabelledSentence]
) -> Review:
    """Return one row a sentence, in order of its first correction.

    A sentence of the labelled set keeps its id and place there; one whose labels in the set are
    already those found right is settled and left away.
    """
    known = {comparison_key(sentence.text): sentence for sentence in labelled}
    groups: dict[str, list[Correction]] = {}
    for correction in sorted(corrections, key=lambda correction: correction.stored_at):
        groups.setdefault(comparison_key(correction.text), []).append(correction)
    rows, conflicts, left_out = [], [], []
    n_settled = 0
    for key, group in groups.items():
        sentence = known.get(key) or _new_sentence(key, group[0], taxonomy)
        votes = Counter(correction.right for correction in group)
        if problem := _problem(sentence, votes, taxonomy):
            left_out.append(f"{sentence.id}: {problem}")
        elif key in known and set(votes) == {sentence.labels}:
            n_settled += 1
        else:
            rows.append(_row(sentence, group, votes))
            if len(votes) > 1:
                told = ", ".join(f"{list(right)} ({n})" for right, n in votes.most_common())
                conflicts.append(f"{sentence.id}: found right were {told}")
    return Review(tuple(rows), tuple(conflicts), tuple(left_out), n_settled)


def _new_sentence(key: str, correction: Correction, taxonomy: Taxonomy) -> LabelledSentence:
    sentence_id = f"correction-{sha256(key.encode()).hexdigest()[:ID_DIGITS]}"
    language = correction.language
    if language not in taxonomy.languages:
        language = identify(correction.text, taxonomy.languages)
    return LabelledSentence(
        id=sentence_id,
        lang=language,
        text=correction.text,
        labels=(),
        register=taxonomy.registers[-1],
        passage=sentence_id,
    )


def _problem(
    sentence: LabelledSentence, votes: Counter[tuple[str, ...]], taxonomy: Taxonomy
) -> str | None:
    """Return why a sentence cannot be labelled under this taxonomy."""
    if sentence.lang not in taxonomy.languages:
        return f"language {sentence.lang!r} is none of {list(taxonomy.languages)}"
    if unknown := sorted({label for right in votes for label in right} - set(taxonomy.ids)):
        return f"unknown label {unknown[0]!r}; expected one of {list(taxonomy.ids)}"
    return None


def _row(
    sentence: LabelledSentence, group: Sequence[Correction], votes: Counter[tuple[str, ...]]
) -> dict[str, Any]:
    row = sentence.to_row()
    for field in ("labels", "first", "second"):
        row.pop(field, None)
    opinions = [list(right) for right, _ in votes.most_common(2)]
    row |= dict(zip(("first", "second"), opinions, strict=False))
    row["given"] = list(group[-1].given)
    if notes := [correction.note for correction in group if correction.note]:
        row["note"] = " / ".join(notes)
    return row
