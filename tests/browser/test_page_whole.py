"""The whole text: shares, cuts, strip and filters."""

from playwright.sync_api import expect

from tests.browser.conftest import Site


def cut_to(site: Site, label: str, value: float) -> None:
    site.page.locator(f"#cut-{label}").fill(str(value))


def test_the_shares_are_those_of_the_service(site: Site) -> None:
    site.example()
    text = site.page.locator("#input").input_value()
    summary = site.ask("/classify", {"text": text})["summary"]
    for label, count in summary["counts"].items():
        share = site.page.locator(f'[data-share="{label}"]')
        expect(share).to_contain_text(f"{count} of {summary['sentences']}, 95 % interval")
        expect(share.locator("strong")).to_have_text(f"{100 * summary['shares'][label]:.0f}\u202f%")


def test_a_text_that_cannot_be_judged_has_no_shares(site: Site) -> None:
    site.read("Il porto porta lavoro e commercio alla regione, ha detto il ministro della Cina.")
    share = site.page.locator('[data-share="us_critical"]')
    expect(share).to_contain_text("No sentence could be judged.")
    expect(share.locator("strong")).to_have_text("–")
    expect(site.page.locator("#facts")).to_contain_text("1 could not be judged")


def test_a_cut_relabels_the_page_and_tells_precision_and_recall(site: Site) -> None:
    site.example()
    text = site.page.locator("#input").input_value()
    answer = site.ask("/classify", {"text": text})
    curve = site.ask("/model")["curves"]["us_critical"]
    shown = site.page.locator('[data-share="us_critical"]')
    for cut in (0.9, 0.01, 0.99):
        cut_to(site, "us_critical", cut)
        given = [
            s
            for s in answer["sentences"]
            if "us_critical" in s["possible"] and s["scores"]["us_critical"] >= cut
        ]
        expect(shown).to_contain_text(f"{len(given)} of {len(answer['sentences'])},")
        point = min(curve, key=lambda one: abs(one["threshold"] - cut))
        validation = f"precision {point['precision']:.2f}, recall {point['recall']:.2f}"
        expect(site.page.locator("#validation-us_critical")).to_have_text(validation)
    site.page.click("#reset-cuts")
    count = answer["summary"]["counts"]["us_critical"]
    expect(shown).to_contain_text(f"{count} of {len(answer['sentences'])},")
    expect(site.page.locator("#reset-cuts")).to_be_hidden()


def test_a_filter_lets_the_other_sentences_step_back(site: Site) -> None:
    site.example()
    page = site.page
    page.click('[data-filter="us_critical"]')
    marked = page.locator(".sentence:not(.dim)")
    expect(marked).to_have_count(2)
    expect(page.locator('[data-filter="us_critical"]')).to_have_attribute("aria-pressed", "true")
    site.check_access()
    page.click("#next")
    expect(marked.first).to_be_focused()
    page.click("#next")
    expect(marked.last).to_be_focused()
    page.click('[data-filter="us_critical"]')
    expect(page.locator(".sentence.dim")).to_have_count(0)


def test_the_strip_goes_to_the_sentence(site: Site) -> None:
    site.example()
    page = site.page
    strip = page.locator(".strip")
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] - 4, "y": box["height"] / 2})
    expect(page.locator('.sentence[data-n="11"]')).to_be_focused()
    strip.focus()
    page.keyboard.press("Home")
    expect(strip).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("ArrowRight")
    expect(strip).to_have_attribute("aria-valuenow", "2")


def test_the_colours_can_be_switched(site: Site) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = site.page.evaluate(background)
    site.page.click("#theme")
    assert site.page.evaluate(background) != light
    site.check_access()
    expect(site.page.locator("#theme")).to_have_accessible_name("Light colours")
