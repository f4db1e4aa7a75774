"""Take along, privacy and documents."""

import csv
import io
import json

from playwright.sync_api import expect

from tests.browser.conftest import Site

FORMULAS = "\n\n".join(
    (
        '=HYPERLINK("x") is what the Chinese port minister wrote.',
        "+1 for the Chinese port.",
        "-0.5",
        "@minister: Washington only lectures us.",
    )
)


def clipboard(site: Site) -> str:
    return str(site.page.evaluate("navigator.clipboard.readText()"))


def test_the_reading_is_copied_as_markdown(site: Site) -> None:
    site.example()
    site.page.click("#copy-markdown")
    expect(site.page.locator("#toast")).to_have_text("Copied as Markdown.")
    copied = clipboard(site)
    assert site.ask("/model")["version"] in copied
    assert "| Critical of the United States | 2 | 17\u202f% |" in copied
    assert copied.count("**[") == 6


def test_the_reading_is_copied_as_json(site: Site) -> None:
    site.example()
    site.page.click("#copy-json")
    expect(site.page.locator("#toast")).to_have_text("Copied as JSON.")
    copied = json.loads(clipboard(site))
    text = site.page.locator("#input").input_value()
    answer = site.ask("/classify", {"text": text})
    for key in ("model", "language", "labels", "summary", "notices"):
        assert copied[key] == answer[key]
    for mine, its in zip(copied["sentences"], answer["sentences"], strict=True):
        assert mine == {key: its[key] for key in mine}
    assert copied["thresholds"] == site.ask("/model")["thresholds"]


def test_no_cell_of_the_csv_is_a_formula(site: Site) -> None:
    site.read(FORMULAS)
    with site.page.expect_download() as download:
        site.page.click("#save-csv")
    content = download.value.path().read_text(encoding="utf-8-sig")
    texts = [row["text"] for row in csv.DictReader(io.StringIO(content))]
    assert [text[:2] for text in texts] == ["'=", "'+", "-0", "'@"]


def test_the_printed_page_is_a_report(site: Site) -> None:
    site.example()
    site.page.emulate_media(media="print")
    expect(site.page.locator("#cite")).to_contain_text(site.ask("/model")["version"])
    for selector in (".bar", ".toolbar", "#filters", "#cuts", "#compose"):
        expect(site.page.locator(selector)).to_be_hidden()
    expect(site.page.locator(".sentence").first).to_be_visible()


def test_nothing_of_the_text_is_kept_or_linked(site: Site) -> None:
    site.read("The Chinese port brings jobs, the minister said.")
    site.page.click(".bar nav >> text=Compare")
    site.page.click(".bar nav >> text=Read")
    assert site.page.url in (f"{site.url}/#read", f"{site.url}/")
    kept = "[localStorage.length, sessionStorage.length, document.cookie.length]"
    assert site.page.evaluate(kept) == [0, 0, 0]
    site.page.reload()
    expect(site.page.locator("#input")).to_have_value("")
    expect(site.page.locator("#compose")).to_contain_text("Sent to this service only, kept nowhere")


DOCUMENTS = {
    "#open-model": "Cite it with every figure",
    "#open-codebook": "Rule 1: Facts alone carry no stance",
    "#open-card": "labelled set, out of fold",
}


def test_model_codebook_and_card_are_one_click_away(site: Site, look: str) -> None:
    for button, content in DOCUMENTS.items():
        site.page.click(button)
        expect(site.page.locator("#document")).to_contain_text(content)
        site.check_access()
        site.page.keyboard.press("Escape")
        expect(site.page.locator("#document")).to_be_hidden()


def test_markdown_becomes_no_markup(site: Site) -> None:
    hostile = (
        "# <img src=x onerror=alert(1)>\n\n- [a](javascript:alert(1)) <script>alert(1)</script>"
    )
    found = site.page.evaluate(
        "async text => { const {renderMarkdown} = await import('/page/markdown.js');"
        " const box = document.createElement('div'); box.append(...renderMarkdown(text));"
        " return [box.querySelectorAll('img, script, a').length, box.textContent]; }",
        hostile,
    )
    assert found[0] == 0
    assert "<img src=x onerror=alert(1)>" in found[1]
