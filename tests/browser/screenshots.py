"""Write docs/images/ anew: `make screenshots`. Shows the page's own invented examples."""

import random
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PHONE, WIDE
from tests.conftest import ROOT

IMAGES = ROOT / "docs" / "images"
SENTENCES = [
    "The Chinese terminal has brought steady work and cheaper freight, the minister said.",
    "Washington only lectures us and punishes its neighbours with tariffs.",
    "A retired admiral warned that Chinese warships could one day use the same quay.",
    "The session was held on Tuesday.",
    "The embassy of the United States declined to comment.",
    "Two cranes were delivered in March.",
    "The next session is planned for June.",
]
OUTLETS = ["La Costa", "El Faro", "Northern Observer", "Diario Azul"]


def invented_table() -> bytes:
    """Return a csv of invented posts over ten months, the same each time."""
    draw = random.Random(7)  # noqa: S311 (an example, no secret)
    lines = ["date,outlet,body"]
    for number in range(400):
        body = " ".join(draw.sample(SENTENCES, 2))
        day = f"2026-{number % 10 + 1:02d}-{number % 27 + 1:02d}"
        lines.append(f'{day},{draw.choice(OUTLETS)},"{body}"')
    return "\n".join(lines).encode()


def leave(page: Page) -> None:
    """Take the pointer away from the text, and with it the scores that it shows."""
    page.mouse.move(2, 400)
    page.locator("#tip").wait_for(state="hidden")


def read(page: Page) -> None:
    page.locator("#examples button").first.click()
    page.locator(".sentence").first.wait_for()
    leave(page)


def why(page: Page) -> None:
    read(page)
    page.locator('.sentence[data-n="8"]').click()
    page.locator(".term-chart").wait_for()
    leave(page)


def compare(page: Page) -> None:
    page.click(".bar nav >> text=Compare")
    page.click("#example-pair")
    page.locator(".multiple").first.wait_for()
    page.evaluate("document.activeElement.blur()")


def files(page: Page) -> None:
    page.click(".bar nav >> text=Files")
    table = {"name": "posts.csv", "mimeType": "text/csv", "buffer": invented_table()}
    page.set_input_files("#table-file", [table])  # type: ignore[list-item]
    page.select_option("#group-column", "date")
    page.click("text=Score the file")
    page.locator("#download").wait_for()


VIEWS: list[tuple[str, Callable[[Page], None], str, bool, bool]] = [
    ("read.png", read, "light", False, False),
    ("why.png", why, "dark", False, False),
    ("phone.png", why, "light", True, False),
    ("compare.png", compare, "light", False, True),
    ("files.png", files, "dark", False, False),
]


@pytest.mark.parametrize(("name", "show", "colours", "is_phone", "is_whole"), VIEWS)
def test_screenshot(
    browser: Browser,
    server: str,
    name: str,
    show: Callable[[Page], None],
    colours: str,
    is_phone: bool,
    is_whole: bool,
) -> None:
    context = browser.new_context(
        viewport=PHONE if is_phone else WIDE,
        device_scale_factor=2 if is_phone else 1,
        color_scheme="dark" if colours == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(server)
    page.locator("html[data-ready]").wait_for(state="attached")
    show(page)
    IMAGES.mkdir(parents=True, exist_ok=True)
    content = page.screenshot(path=IMAGES / name, full_page=is_whole)
    assert (IMAGES / name).read_bytes() == content
    context.close()
