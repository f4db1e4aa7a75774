"""The page ``report.html`` and its pictures."""

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest

from labels.sentences import LabelledSentence
from labels.taxonomy import Label, Taxonomy
from training import plots
from training.marks import marked_spans
from training.metrics import Metric
from training.page import Example, PageContent, render_page
from training.report import build_report
from training.svg import readable

VOID = {"meta", "link", "br", "hr", "img", "input"}
OPTIONAL_SECTIONS = {"ablation", "curve", "peers", "errors", "strongest"}

TAXONOMY = Taxonomy(
    "colours",
    (
        Label("warm", "Warm 暖 & $x$", "Says it is warm.", "#ffee00", ()),
        Label("cold", "Cold", "Says it is cold.", "#1b7f5c", ()),
        Label("never", "Never", "Occurs nowhere.", "#000000", ()),
    ),
    ("en", "es"),
    ("news",),
)
EXAMPLE = Example(
    text="It <script>alert(1)</script> was warm, 暖和, said the cold man.",
    language="en",
    register="un_speech",
    true=("warm",),
    given=("cold",),
    scores={"warm": 0.1, "cold": 0.9, "never": 0.0},
    because=(("warm", 1.5), ("Cold", -0.9)),
    label="warm",
)


class Structure(HTMLParser):
    """Collect what a page is made of; fails on a tag that is closed in the wrong place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that must be closed, unless it holds nothing."""
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closed is the one opened last."""
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str | None]:
        """Return the values of all attributes of a name."""
        return [value for key, value in self.attributes if key == name]


def build_content() -> PageContent:
    rng = np.random.default_rng(0)
    truth = rng.random((60, 3)) < [0.3, 0.2, 0]
    scores = np.clip(0.4 * truth + 0.6 * rng.random((60, 3)), 0, 1)
    given = scores >= 0.5
    given[:, 2] = False
    sentences = [
        LabelledSentence(str(i), "en" if i % 2 else "es", "text", (), "news", f"document {i // 3}")
        for i in range(60)
    ]
    report = build_report("set", sentences, TAXONOMY, scores, given, truth, seed=1)
    thresholds = dict.fromkeys(TAXONOMY.ids, 0.5)
    return PageContent("set", "1-abc", TAXONOMY, report, scores, given, truth, thresholds, 0.03)


@pytest.fixture(scope="module")
def content() -> PageContent:
    return build_content()


@pytest.fixture(scope="module")
def full_content(content: PageContent) -> PageContent:
    return dataclasses.replace(
        content,
        ablation=(("all", {"macro F1": 0.5}), ("without names", {"macro F1": 0.25})),
        curve=((100, {"warm": 0.1, "macro F1": 0.2}), (200, {"warm": 0.3, "macro F1": 0.4})),
        peers=(("other", {"macro F1": "0.45"}),),
        strongest={"warm": (("sun & <b>", 2.0), ("snow", -1.0))},
        errors=(EXAMPLE,),
    )


@pytest.fixture(scope="module")
def page(full_content: PageContent) -> str:
    return render_page(full_content)


def parse(page: str) -> Structure:
    structure = Structure()
    structure.feed(page)
    assert structure.open == []
    return structure


def test_page_runs_no_script_and_fetches_nothing(page: str) -> None:
    structure = parse(page)

    assert not structure.tags.keys() & {"script", "img", "iframe", "object"}
    assert structure.values("src") == []
    assert all(link.startswith(("#", "data:")) for link in structure.values("href") if link)
    assert re.findall(r"(?:https?:)?//[a-z][\w.]+|@import|url\((?!#)", page) == []


def test_page_escapes_what_comes_from_data(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "sun &amp; &lt;b&gt;" in page


def test_ids_are_unique_and_all_references_lead_somewhere(page: str) -> None:
    structure = parse(page)
    ids = structure.values("id")
    referred = re.findall(r'(?:url\(|href=")#([^)"]+)', page)
    referred += [value for value in structure.values("aria-labelledby") if value]

    assert [name for name, n in Counter(ids).items() if n > 1] == []
    assert set(referred) <= set(ids)


def test_every_picture_says_what_it_shows(page: str) -> None:
    pictures = re.findall(r"<svg ([^>]*)>", page)

    # Headline and languages of three labels, three curves of two that occur, one learning curve.
    assert len(pictures) == 3 * 1 + 3 * 1 + 2 * 3 + 1
    assert all(re.search(r'role="img" aria-label="[^"]{20,}"', picture) for picture in pictures)


def test_same_content_gives_the_same_page(page: str, full_content: PageContent) -> None:
    assert render_page(full_content) == page


def test_sections_without_data_are_left_out(content: PageContent, page: str) -> None:
    without = set(re.findall(r'<section id="([\w-]+)"', render_page(content)))
    with_all = set(re.findall(r'<section id="([\w-]+)"', page))

    assert with_all - without == OPTIONAL_SECTIONS
    # All sentences are of one register: a comparison of registers would show nothing.
    assert "per-1" in without
    assert "per-2" not in without


def test_page_has_a_dash_for_a_label_that_never_occurs(page: str) -> None:
    row = re.search(r"Never</span></th>(.*?)</tr>", page)

    assert row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["0", "0", "–", "–", "–", "–"]
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()


def test_page_says_how_an_error_is_wrong(page: str) -> None:
    assert re.search(r"1\. Missed: <span[^>]*>.*Warm 暖 &amp; \$x\$", page)
    assert '<mark style="--s:100%" title="+1.50">warm</mark>' in page
    assert '<mark class="against" style="--s:60%" title="−0.90">cold</mark>' in page


@pytest.mark.parametrize(
    ("because", "marked"),
    [
        pytest.param((("the", 1.0),), [("the", 1.0)], id="whole-words-only"),
        pytest.param((("FURTHER", 1.0),), [("further", 1.0)], id="any-case"),
        pytest.param((("the port", 1.0), ("port", 0.9)), [("the port", 1.0)], id="no-overlap"),
        pytest.param((("u.s.", -1.0), ("port", 0.1)), [("U.S.", -1.0)], id="small-ones-left-out"),
        pytest.param((("合作", 2.0),), [("合作", 2.0)], id="inside-a-chinese-run"),
        pytest.param((("absent", 2.0), ("", 1.0)), [], id="not-in-the-text"),
    ],
)
def test_marked_spans_cut_a_text_without_loss(
    because: tuple[tuple[str, float], ...], marked: list[tuple[str, float]]
) -> None:
    text = "And further the port of U.S. firms, 经济合作好."

    pieces = marked_spans(text, because)

    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece in pieces if piece[1]] == marked


def test_pictures_take_their_colours_from_the_page() -> None:
    picture = plots.dot_plot([plots.Row("F1 < 暖", Metric(0.5, 0.25, 0.75))], 1, 'a "dot"')

    assert "var(--label-1)" in picture
    assert "var(--label-0)" not in picture
    assert "#000" not in picture
    assert "F1 &lt; 暖" in picture
    assert 'aria-label="a &quot;dot&quot;"' in picture


def test_drawing_leaves_the_settings_of_others_alone() -> None:
    before = dict(matplotlib.rcParams)

    plots.dot_plot([plots.Row("F1", Metric(0.5))], 0, "one dot")

    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("color", "background", "expected"),
    [
        pytest.param("#1b7f5c", "#ffffff", "#1b7f5c", id="readable-already"),
        pytest.param("#ffffff", "#000000", "#ffffff", id="white-on-black"),
        pytest.param("#ffffff", "#ffffff", "#737373", id="white-on-white-darkened"),
        pytest.param("#000000", "#000000", "#808080", id="black-on-black-lightened"),
    ],
)
def test_label_colours_are_mixed_until_they_can_be_read(
    color: str, background: str, expected: str
) -> None:
    assert readable(color, background) == expected
