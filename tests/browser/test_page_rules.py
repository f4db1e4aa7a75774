"""What the page computes itself: labels under moved cuts, intervals, pieces of long texts."""

from typing import Any

import numpy as np
import pytest

from labels.decisions import give_labels
from labels.taxonomy import Label, Taxonomy
from tests.browser.conftest import Site

IDS = ("first", "second", "third")


def module(site: Site, name: str, body: str, value: Any) -> Any:
    """Return what a function body makes of ``value`` with a module of the page at hand as ``m``."""
    script = f"async (value) => {{ const m = await import('/page/{name}.js'); {body} }}"
    return site.page.evaluate(script, value)


@pytest.mark.parametrize("is_multi_label", [True, False])
def test_moved_cuts_give_the_labels_that_the_service_would(
    site: Site, is_multi_label: bool
) -> None:
    draw = np.random.default_rng(1)
    scores, is_possible = draw.random((200, 3)), draw.random((200, 3)) < 0.7
    thresholds = np.array([0.2, 0.5, 0.8])
    labels = tuple(Label(id, id, id, "#000000", ()) for id in IDS)
    taxonomy = Taxonomy("t", labels, ("en",), ("news",), is_multi_label=is_multi_label)
    expected = give_labels(scores, thresholds, is_possible, taxonomy)
    sentences = [
        {
            "labels": [],
            "scores": dict(zip(IDS, row.tolist(), strict=True)),
            "possible": [id for id, can in zip(IDS, possible, strict=True) if can],
        }
        for row, possible in zip(scores, is_possible, strict=True)
    ]
    found = module(
        site,
        "labels",
        """
        const list = value.ids.map((id) => ({ id, color: "#000000" }));
        const own = Object.fromEntries(value.ids.map((id) => [id, 0.5]));
        const taxonomy = { labels: list, languages: [], is_multi_label: value.isMulti };
        const labels = new m.Labels(taxonomy, { thresholds: own });
        labels.thresholds = value.thresholds;
        return value.sentences.map((sentence) => labels.give(sentence));
        """,
        {
            "ids": IDS,
            "isMulti": is_multi_label,
            "thresholds": dict(zip(IDS, thresholds.tolist(), strict=True)),
            "sentences": sentences,
        },
    )
    assert found == [[id for id, has in zip(IDS, row, strict=True) if has] for row in expected]


def test_the_interval_is_wilsons(site: Site) -> None:
    # 15 of 148: the worked example of Newcombe (1998), Statistics in Medicine 17, table I.
    found = module(site, "stats", "return m.wilson(...value);", [15, 148])
    assert found["low"] == pytest.approx(0.0624, abs=5e-5)
    assert found["high"] == pytest.approx(0.1605, abs=5e-5)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("One. Two.\n\nThree. Four.\n\nFive." * 9, id="paragraphs"),
        pytest.param("🇵🇪🚢" * 60, id="nothing-but-pairs"),
        pytest.param("港口带来就业。" * 30, id="no-blanks"),
        pytest.param("x" * 130, id="one-word"),
    ],
)
def test_pieces_hold_the_whole_text_and_no_half_character(site: Site, text: str) -> None:
    pieces = module(
        site,
        "api",
        """
        const pieces = [];
        for (let at = 0; at < value.length; at += pieces.at(-1).length)
            pieces.push(value.slice(at, m.pieceEnd(value, at, 50)));
        return pieces;
        """,
        text,
    )
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= 50 for piece in pieces)
    assert not any("\ufffd" in piece for piece in pieces)
