"""The page of a service that asks for API keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from service.artifact import DEFAULT_ARTIFACT
from service.keys import add_key
from tests.servers import Server, running


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def key(key_file: Path) -> str:
    return add_key(key_file, "reader", ["classify"], "600/minute")


@pytest.fixture(scope="module")
def guarded(key: str, key_file: Path) -> Iterator[Server]:
    with running(DEFAULT_ARTIFACT, key_file.with_name("log"), keys=key_file) as server:
        yield server


def test_a_wrong_key_is_told_on_the_page(browser: Browser, guarded: Server) -> None:
    with browser.new_context(http_credentials={"username": "any", "password": "no"}) as context:
        page = context.new_page()
        page.goto(guarded.url)
        expect(page.locator("#trouble")).to_contain_text("The API key is not known")


def test_a_key_given_as_password_opens_the_page(
    browser: Browser, guarded: Server, key: str
) -> None:
    with browser.new_context(http_credentials={"username": "any", "password": key}) as context:
        page = context.new_page()
        page.goto(guarded.url)
        expect(page.locator("html[data-ready]")).to_be_attached()
        page.locator("#examples button").first.click()
        expect(page.locator(".sentence").first).to_be_visible()
