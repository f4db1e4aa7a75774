"""Compare: the profiles of two or more texts in one chart with intervals."""

from playwright.sync_api import expect

from tests.browser.conftest import Site


def test_comparing_in_every_look(site: Site, look: str) -> None:
    site.page.click(".bar nav >> text=Compare")
    site.check_access()
    site.page.click("#example-pair")
    expect(site.page.locator(".multiple")).to_have_count(3)
    expect(site.page.locator(".columns .sentence")).not_to_have_count(0)
    site.check_access()


def test_the_profiles_are_those_of_the_service(site: Site) -> None:
    page = site.page
    page.click(".bar nav >> text=Compare")
    page.click("text=Add a text")
    texts = [
        "The Chinese port brings jobs, the minister said. The hall is old.",
        "Washington only lectures us. The hall is old. It was a Tuesday.",
        "Analysts warn that Chinese warships could use the port as a base.",
    ]
    for number, text in enumerate(texts, 1):
        page.fill(f"#text-{number}", text)
    page.click("#compare button[type=submit]")
    expect(page.locator(".multiple")).to_have_count(3)
    summaries = [site.ask("/classify", {"text": text})["summary"] for text in texts]
    for column, label in enumerate(summaries[0]["counts"]):
        rows = page.locator(".multiple").nth(column).locator(".interval-row:not(.axis)")
        expect(rows).to_have_count(3)
        for number, summary in enumerate(summaries):
            expected = f"{summary['counts'][label]} of {summary['sentences']}"
            expect(rows.nth(number)).to_contain_text(expected)


def test_a_sentence_opens_under_read(site: Site) -> None:
    page = site.page
    page.click(".bar nav >> text=Compare")
    page.click("#example-pair")
    page.locator(".columns article").last.locator(".sentence").nth(1).click()
    expect(page.locator("#why .term-chart")).to_be_visible()
    expect(page.locator("#why .quote")).to_contain_text("Security officials warn")


def test_one_text_is_not_enough(site: Site) -> None:
    site.page.click(".bar nav >> text=Compare")
    site.page.fill("#text-1", "The Chinese port brings jobs.")
    site.page.click("#compare button[type=submit]")
    expect(site.page.locator("#comparison [role=alert]")).to_contain_text("Two texts")
