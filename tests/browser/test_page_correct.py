"""Correct it: the click says what is stored, and stores no more."""

import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Site

SENTENCE = "Washington only lectures us."


def stored(corrections: Path) -> list[str]:
    """Return every stored row as text."""
    if not corrections.exists():
        return []
    with closing(sqlite3.connect(corrections)) as database:
        return [line for line in database.iterdump() if line.startswith("INSERT")]


def test_a_correction_is_stored_with_the_click_and_not_before(
    site: Site, look: str, corrections: Path
) -> None:
    page = site.page
    before = len(stored(corrections))
    site.read(f"{SENTENCE} The rest of the text stays here.")
    site.why(0)
    page.click("text=This label is wrong")
    dialog = page.locator("#correction")
    for told in (SENTENCE, "model version", "the time", "Nothing else"):
        expect(dialog).to_contain_text(told)
    site.check_access()
    assert len(stored(corrections)) == before
    dialog.locator('input[value="us_critical"]').uncheck()
    dialog.locator('input[value="security_alarm"]').check()
    dialog.locator("#note").fill("a test")
    page.click("text=Store this correction")
    expect(dialog).to_be_hidden()
    rows = stored(corrections)
    assert len(rows) == before + 1
    for part in (
        SENTENCE,
        "us_critical",
        "security_alarm",
        "a test",
        site.ask("/model")["version"],
    ):
        assert part in rows[-1]
    assert "The rest" not in rows[-1]
