"""The page is served whole, from here only, and the browser is told so."""

import pytest
from starlette.testclient import TestClient

from service.website import FOLDER
from tests.test_service_app import assert_problem

PATHS = ["/", *(f"/page/{path.name}" for path in FOLDER.iterdir() if path.is_file())]


@pytest.mark.parametrize("path", PATHS)
def test_a_file_of_the_page_may_load_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_modules_and_styles_have_the_types_that_browsers_ask_for(client: TestClient) -> None:
    assert client.get("/").headers["content-type"].startswith("text/html")
    assert "javascript" in client.get("/page/app.js").headers["content-type"]
    assert client.get("/page/style.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/../app.py", "/page/%2e%2e/app.py"])
def test_nothing_but_the_page_is_served(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 404)
