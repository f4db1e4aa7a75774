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


TYPES = {".html": "text/html", ".js": "javascript", ".css": "text/css", ".svg": "image/svg"}


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_file_has_the_type_that_browsers_ask_for(client: TestClient, path: str) -> None:
    expected = TYPES[path[path.rindex(".") :]]
    assert expected in client.get(path).headers["content-type"]


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/../app.py", "/page/%2e%2e/app.py"])
def test_nothing_but_the_page_is_served(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 404)
