"""Why: the panel's figures are those of the service and sum to the logit."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site

TEXT = (
    "After the hurricane, Chinese engineers gave the island its light back within days, while "
    "Washington sent only excuses. The session was held on Tuesday."
)


def signed(text: str) -> float:
    return float(text.replace("−", "-"))


def test_the_panel_in_every_look(site: Site, look: str) -> None:
    site.example()
    site.why(3)
    site.check_access()
    site.page.locator(".rules summary").first.click()
    site.page.locator(".rules details summary").first.click()
    expect(site.page.locator(".rule").first).to_be_visible()
    site.check_access()


def test_the_scores_stand_against_their_cuts(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    sentence = site.ask("/classify", {"text": TEXT})["sentences"][0]
    thresholds = site.ask("/model")["thresholds"]
    for label, score in sentence["scores"].items():
        row = site.page.locator(".score", has=site.page.locator(f'input[value="{label}"]'))
        expect(row.locator(".number")).to_have_text(f"{100 * score:.1f}\u202f%")
        verdict = "given" if label in sentence["labels"] else "below the cut"
        expect(row).to_contain_text(f"cut {100 * thresholds[label]:.1f}\u202f%, {verdict}")


def test_the_bars_begin_at_the_intercept_and_sum_to_the_logit(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    answer = site.ask("/classify", {"text": TEXT, "evidence": True})
    for evidence in answer["sentences"][0]["evidence"]:
        site.page.locator(f'.score input[value="{evidence["label"]}"]').check()
        rows = site.page.locator(".term-chart tbody tr")
        parts = [
            float(rows.nth(i).get_attribute("data-contribution") or "nan")
            for i in range(rows.count())
        ]
        assert parts[0] == pytest.approx(evidence["intercept"], abs=1e-9)
        assert sum(parts[:-1]) == pytest.approx(evidence["logit"], abs=1e-9)
        assert signed(rows.last.locator(".number").inner_text()) == round(evidence["logit"], 2)
        largest = evidence["terms"][0]
        assert largest["contribution"] in [pytest.approx(part, abs=1e-9) for part in parts]


def test_the_words_are_tinted_by_what_they_add(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    answer = site.ask("/classify", {"text": TEXT, "evidence": True})
    spans = answer["sentences"][0]["evidence"][0]["spans"]
    tinted = site.page.locator(".quote span", has_text=spans[0]["text"]).first
    expect(tinted).to_have_attribute("title", f"+{spans[0]['contribution']:.2f}")
    expect(site.page.locator(".quote")).to_have_text(TEXT[: answer["sentences"][0]["end"]])


def test_the_nearest_sentences_come_with_labels_and_rules(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    nearest = site.ask("/classify", {"text": TEXT, "evidence": True})["sentences"][0]["nearest"]
    shown = site.page.locator(".nearest article")
    expect(shown).to_have_count(3)
    for number, one in enumerate(nearest):
        expect(shown.nth(number)).to_contain_text(one["text"])
        if one["rules"]:
            expect(shown.nth(number)).to_contain_text(f"Codebook rules {one['rules'][0]}")
    site.page.locator(".rules > summary").first.click()
    rule = site.page.locator(".rules details").first
    rule.locator("summary").click()
    expect(rule).to_contain_text("example")


def test_the_scores_follow_what_is_typed(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    edited = "The Chinese port brings jobs, the minister said."
    box = site.page.locator("#whatif")
    box.fill("")
    box.press_sequentially(edited, delay=2)
    scores = site.ask("/classify", {"text": edited})["sentences"][0]["scores"]
    for label, score in scores.items():
        shown = site.page.locator(f'[data-whatif="{label}"]')
        expect(shown).to_have_text(f"{100 * score:.1f}\u202f%")


def test_an_answer_that_comes_too_late_is_dropped(site: Site) -> None:
    site.read(TEXT)
    site.why(0)
    held = []
    site.page.route("**/classify", lambda route: held.append(route))
    site.page.fill("#whatif", "The first edit about China.")
    with site.page.expect_request("**/classify"):
        pass
    site.page.unroute("**/classify")
    last = "Washington only lectures us."
    site.page.fill("#whatif", last)
    scores = site.ask("/classify", {"text": last})["sentences"][0]["scores"]
    shown = site.page.locator('[data-whatif="us_critical"]')
    expect(shown).to_have_text(f"{100 * scores['us_critical']:.1f}\u202f%")


def test_the_panel_says_why_there_is_no_label(site: Site) -> None:
    site.example()
    site.page.locator(".sentence.outside").click()
    expect(site.page.locator("#why .notice")).to_contain_text("It is no prose")
