"""Read an article: what the page shows is what the service answers."""

import csv
import io
import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import Site

MIXED = (
    "🇵🇪 The Chinese port brings jobs 👩‍🌾 and lower costs, the minister said.\n\n"
    'Washington only lectures us: "𝒏𝒐" to everything 🙄. Menu\n\n'
    "Analysts warn that Chinese warships could use the 港 as a base 🚢. The session was on Tuesday."
)

SCROLL_MILLISECONDS = """
    new Promise((done) => {
        const from = performance.now();
        scrollBy(0, 4000);
        requestAnimationFrame(() =>
            requestAnimationFrame(() => done(performance.now() - from)));
    })
"""


def scored_rows(site: Site) -> list[dict[str, str]]:
    with site.page.expect_download() as download:
        site.page.click("#save-csv")
    content = download.value.path().read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_reading_in_every_look(site: Site, look: str) -> None:
    site.check_access()
    site.example()
    expect(site.page.locator(".sentence .tag")).not_to_have_count(0)
    site.check_access()


def test_labels_scores_and_offsets_are_those_of_the_service(site: Site) -> None:
    site.read(MIXED)
    expected = site.ask("/classify", {"text": MIXED})["sentences"]
    shown = site.page.locator(".sentence")
    names = {label["id"]: label for label in site.ask("/labels")["labels"]}
    rows = scored_rows(site)
    assert len(rows) == len(expected) == shown.count()
    for number, (row, sentence) in enumerate(zip(rows, expected, strict=True)):
        assert MIXED[int(row["start"]) : int(row["end"])] == sentence["text"] == row["text"]
        assert [label for label in row["labels"].split("|") if label] == sentence["labels"]
        for label in names:
            assert float(row[f"score_{label}"]) == sentence["scores"][label]
        assert shown.nth(number).inner_text().startswith(sentence["text"])
        marks = shown.nth(number).locator(".mark")
        assert marks.count() == len(sentence["labels"])


def test_every_example_shows_every_label_and_a_line_outside(site: Site) -> None:
    labels = {label["id"] for label in site.ask("/labels")["labels"]}
    languages = site.ask("/labels")["languages"]
    examples = site.page.locator("#examples button")
    assert [one.get_attribute("lang") for one in examples.all()] == languages
    for number in range(len(languages)):
        site.example(number)
        rows = scored_rows(site)
        assert labels == {label for row in rows for label in row["labels"].split("|") if label}
        assert 8 <= len(rows) <= 12
        assert [row for row in rows if not row["labels"]]
        expect(site.page.locator(".sentence.outside")).to_have_count(1)
        site.page.click("#another")


def test_a_text_is_read_as_soon_as_it_is_pasted(site: Site) -> None:
    site.page.evaluate("navigator.clipboard.writeText('The Chinese port brings jobs.')")
    site.page.focus("#input")
    site.page.keyboard.press("Control+V")
    expect(site.page.locator(".sentence")).to_have_count(1)


def test_uncertain_and_outside_sentences_say_so_and_why(site: Site) -> None:
    site.example()
    expect(site.page.locator(".sentence", has_text="uncertain")).to_have_count(1)
    outside = site.page.locator(".sentence.outside")
    expect(outside).to_contain_text("not prose")
    outside.hover()
    expect(site.page.locator("#tip")).to_contain_text("It is no prose")


def test_scores_show_on_hover_and_on_focus(site: Site) -> None:
    site.example()
    tip = site.page.locator("#tip")
    labelled = site.page.locator(".sentence:has(.mark)").first
    labelled.hover()
    expect(tip).to_be_visible()
    expect(tip.locator(".given .number")).to_have_text(["63\u202f%"])
    tip.hover()
    expect(tip).to_be_visible()
    site.page.mouse.move(2, 2)
    expect(tip).to_be_hidden()
    site.page.locator(".sentence").first.focus()
    site.page.keyboard.press("ArrowDown")
    expect(tip).to_be_visible()
    site.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_the_keyboard_suffices(site: Site) -> None:
    page = site.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.focus("#examples li:first-child button")
    page.keyboard.press("Enter")
    page.locator('.sentence[data-n="0"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page.locator('.sentence[data-n="1"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#why")).to_contain_text("sentence 2")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#why")).to_contain_text("sentence 3")
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator('.sentence[data-n="2"]')).to_be_focused()


def test_a_file_is_read(site: Site) -> None:
    html = (
        "<html><body><article><h1>News</h1><p>The Chinese port brings jobs and lower costs to the "
        "town, the minister said.</p><p>The session was held on Tuesday.</p></article></body>"
    )
    file = {"name": "a.html", "mimeType": "text/html", "buffer": html.encode()}
    site.page.set_input_files("#file", [file])
    expect(site.page.locator(".sentence", has_text="The Chinese port brings jobs")).to_be_visible()


def test_a_dropped_file_is_read(site: Site) -> None:
    data = site.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            const text = "Washington only lectures us.";
            data.items.add(new File([text], "a.txt", {type: "text/plain"}));
            return data;
        }"""
    )
    site.page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    expect(site.page.locator(".sentence")).to_have_text(
        ["Washington only lectures us. US critical"]
    )


def test_a_file_that_cannot_be_read_is_told(site: Site) -> None:
    file = {"name": "a.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}
    site.page.set_input_files("#file", [file])
    expect(site.page.locator("#compose-problem [role=alert]")).to_be_visible()


def test_an_empty_text_is_told(site: Site) -> None:
    site.page.click("#form button[type=submit]")
    expect(site.page.locator("#compose-problem")).to_contain_text("There is no text yet")


def test_a_hundred_thousand_words_stay_smooth(site: Site) -> None:
    paragraph = (
        "The Chinese port brings jobs and lower costs 🚢, the minister said. Washington only "
        "lectures us about it. The session was held on Tuesday in the old hall near the river. "
    )
    text = "\n\n".join([(paragraph * 4).strip()] * 830)
    assert len(text.split()) > 100_000
    site.begin(text)
    last = site.page.locator('.sentence[data-n="9959"]')
    expect(last).to_be_attached(timeout=90_000)
    expect(site.page.locator("#progress")).to_be_hidden(timeout=90_000)
    expect(last).to_have_text("The session was held on Tuesday in the old hall near the river.")
    strip = site.page.locator(".strip")
    strip.click(position={"x": 300, "y": 10})
    number = int(site.page.evaluate("document.activeElement.dataset.n"))
    box = site.page.locator(f'.sentence[data-n="{number}"]').bounding_box()
    assert box is not None
    assert 0 < box["y"] < 900
    assert site.page.evaluate(SCROLL_MILLISECONDS) < 500


def test_reading_can_be_cancelled(site: Site) -> None:
    site.page.route("**/classify", lambda route: None)
    site.begin(MIXED)
    site.page.click("#cancel")
    expect(site.page.locator("#compose")).to_be_visible()
    expect(site.page.locator("#input")).to_have_value(MIXED)


def test_a_long_text_shows_its_beginning_while_the_rest_is_read(site: Site) -> None:
    asked: list[Route] = []

    def answer_only_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    site.page.route("**/classify", answer_only_the_first)
    text = "\n\n".join(["The Chinese port brings jobs, the minister said."] * 2500)
    site.begin(text)
    expect(site.page.locator('.sentence[data-n="1990"]')).to_be_attached()
    expect(site.page.locator("#progress-text")).to_have_text(re.compile(r"8\d % read"))
    site.page.click("#cancel")
    expect(site.page.locator("#input")).to_have_value(text)
