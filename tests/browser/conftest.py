"""A served page in a browser: the system's Chromium against `stance serve` on a free port."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from service.artifact import DEFAULT_ARTIFACT
from tests.servers import running

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}

expect.set_options(timeout=20_000)


@dataclass
class Site:
    """The served page, what it may talk to, and what went wrong on it."""

    url: str
    page: Page
    troubles: list[str] = field(default_factory=list)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return what the service itself answers."""
        ask = self.page.request
        answer = ask.get(self.url + path) if body is None else ask.post(self.url + path, data=body)
        return answer.json()

    def begin(self, text: str) -> None:
        """Give the page a text to read, however long; it is not waited for."""
        self.page.locator("#input").evaluate("(field, text) => { field.value = text; }", text)
        self.page.click("#form button[type=submit]")

    def read(self, text: str) -> None:
        """Have the page read a text."""
        self.begin(text)
        expect(self.page.locator("#reading")).to_be_visible()
        expect(self.page.locator("#progress")).to_be_hidden(timeout=30_000)

    def example(self, number: int = 0) -> None:
        """Have the page read one of its examples."""
        self.page.locator("#examples button").nth(number).click()
        expect(self.page.locator(".sentence").first).to_be_visible()

    def why(self, number: int) -> None:
        """Open the panel of a sentence."""
        self.page.locator(f'.sentence[data-n="{number}"]').click()
        expect(self.page.locator("#why .term-chart")).to_be_visible()

    def check_access(self) -> None:
        """Fail on any violation that axe finds, and on a page wider than its window."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]})
        assert not found.response["violations"], found.generate_report()
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(overflow) <= 0


@pytest.fixture(scope="package")
def corrections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the served page stores corrections."""
    return tmp_path_factory.mktemp("corrections") / "corrections.db"


@pytest.fixture(scope="package")
def server(corrections: Path) -> Iterator[str]:
    """Serve the trained model on a free port; takes corrections."""
    log, url = corrections.with_name("log"), f"sqlite:///{corrections}"
    with running(DEFAULT_ARTIFACT, log, corrections=url) as server:
        yield server.url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium once; its event loop must end with the tests of this folder."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this system: install the package chromium to test the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["light-wide", "dark-wide", "light-phone", "dark-phone"])
def look(request: pytest.FixtureRequest) -> str:
    """Name colours and size in which a walk through the page is repeated."""
    return str(request.param)


@pytest.fixture(scope="package")
def sites(browser: Browser, server: str) -> dict[str, Site]:
    """Hold one site a look: a window of its own for every test would cost a second each."""
    return {}


@pytest.fixture
def site(
    request: pytest.FixtureRequest, browser: Browser, server: str, sites: dict[str, Site]
) -> Iterator[Site]:
    """Load the page anew; fail if it logs an error or asks another host. Takes ``look`` if used."""
    look = request.getfixturevalue("look") if "look" in request.fixturenames else "light-wide"
    if look not in sites:
        sites[look] = _open(browser, server, look)
    site = sites[look]
    site.page.goto(server)
    expect(site.page.locator("html[data-ready]")).to_be_attached()
    yield site
    site.page.unroute_all(behavior="ignoreErrors")
    site.page.emulate_media(media="screen")
    troubles = site.troubles.copy()
    site.troubles.clear()
    assert not troubles


def _open(browser: Browser, server: str, look: str) -> Site:
    context = browser.new_context(
        viewport=PHONE if look.endswith("phone") else WIDE,
        color_scheme="dark" if look.startswith("dark") else "light",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
        locale="en-GB",
    )
    site = Site(server, context.new_page())
    _watch(site)
    return site


def _watch(site: Site) -> None:
    def on_request(request: Any) -> None:
        if not request.url.startswith((site.url, "blob:", "data:")):
            site.troubles.append(f"asked another host: {request.url}")

    def on_console(message: Any) -> None:
        # A refusal that a test provokes is told on the page; the browser logs it, too.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            site.troubles.append(f"console: {message.text}")

    site.page.on("request", on_request)
    site.page.on("console", on_console)
    site.page.on("pageerror", lambda error: site.troubles.append(f"error: {error}"))
