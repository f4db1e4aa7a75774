"""What is wrong with a labelled set: near-duplicates, languages, holes in the grid."""

from pathlib import Path
from typing import Any

import pytest

from labels.check import check_labelled_set, near_duplicates, overlap_problems
from labels.grid import Grid, GridError, grid_problems, read_grid
from labels.sentences import LabelledSentence, read_labelled_set
from labels.taxonomy import LABELS_DIR, Taxonomy, read_taxonomy


def sentence(id: str, text: str, **fields: Any) -> LabelledSentence:
    defaults = {"lang": "en", "labels": (), "register": "news", "passage": "p"}
    return LabelledSentence(id=id, text=text, **(defaults | fields))


BASE = "The minister said that the new terminal on the coast would open in the spring of next year."


@pytest.mark.parametrize(
    ("other", "n_pairs"),
    [
        (BASE.replace("The minister", "A minister"), 1),
        (BASE.upper(), 1),
        ("The minister said nothing about the new terminal.", 0),
        ("Rain fell.", 0),
    ],
)
def test_near_duplicates_are_found(other: str, n_pairs: int) -> None:
    assert len(near_duplicates([sentence("a", BASE), sentence("b", other)])) == n_pairs


def test_near_duplicates_are_problems_unless_they_are_twins(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    near = BASE.replace("The minister", "A minister")

    def problems(**fields: Any) -> list[str]:
        pair = [sentence("a", BASE), sentence("b", near, **fields)]
        return check_labelled_set(pair, taxonomy, tmp_path)

    assert problems() == ["a and b: nearly the same"]
    assert "conflict" in problems(labels=("us_critical",))[0]
    assert problems(labels=("us_critical",), twin_of="a") == []


def test_the_labelled_set_has_near_duplicates_only_as_twins() -> None:
    pairs = near_duplicates(read_labelled_set())
    assert len(pairs) > 50
    assert all(one.passage == other.passage for one, other in pairs)


def test_shared_words_are_found_but_not_names_that_everybody_writes_alike() -> None:
    held_out = ["We stressed that the harbour must never be closed again to any ship."]
    assert overlap_problems(
        [sentence("a", "He said the harbour must never be closed again.")], held_out
    )
    assert not overlap_problems([sentence("a", "The harbour must never be shut.")], held_out)
    named = [sentence("a", "In Latin America and the Caribbean prices rose.")]
    assert not overlap_problems(named, ["The role of Latin America and the Caribbean grew."])


def test_chinese_sentences_share_twice_as_many_characters() -> None:
    own = [sentence("a", "我们愿意继续深化各领域务实合作，造福两国人民。", lang="zh")]
    assert overlap_problems(own, ["双方将继续深化各领域务实合作，造福两国人民福祉。"])
    assert not overlap_problems(own, ["双方深化合作。"])


def test_a_sentence_in_another_language_is_told(taxonomy: Taxonomy, tmp_path: Path) -> None:
    wrong = [sentence("a", "El puerto trae empleo a la región, dijo el ministro ayer.")]
    assert check_labelled_set(wrong, taxonomy, tmp_path) == ["a: seems to be in 'es', not in 'en'"]


GRID = Grid(("africa",), ("energy",), ("neutral",), 1, {"China": ("China", "中国")})


def test_holes_and_one_sided_names_are_told(taxonomy: Taxonomy) -> None:
    inside = {"region": "africa", "theme": "energy", "side": "neutral"}
    labels = [(label,) for label in taxonomy.ids] + [(), ()]
    full = [sentence(str(i), "中国", labels=own, **inside) for i, own in enumerate(labels)]
    assert grid_problems(full, taxonomy, GRID) == []
    assert grid_problems(full[:-2], taxonomy, GRID) == [
        "grid: 'China' occurs most often with a label, expected with none"
    ]
    assert "africa x energy has 0 passages" in grid_problems([], taxonomy, GRID)[0]
    elsewhere = [sentence("a", "A.", region="moon", theme="energy", side="neutral")]
    assert "region 'moon'" in grid_problems(elsewhere, taxonomy, GRID)[0]


def test_a_damaged_grid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grid.json").write_text('{"regions": []}')
    with pytest.raises(GridError, match=r"grid\.json: not a grid"):
        read_grid(tmp_path)


def test_the_labelled_set_is_sound_as_a_whole() -> None:
    assert check_labelled_set(read_labelled_set(), read_taxonomy(), LABELS_DIR) == []
