"""Headers that every answer carries, and what browsers of other sites may do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.keys import add_key
from service.settings import Settings

ORIGIN = "https://news.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["/classify", "/labels", "/health/live", "/nothing", "/", "/docs"])
def test_every_answer_tells_browsers_what_they_may_do(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if path == "/" else "no-store")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_tell_no_other_site_where_the_reader_came_from(client: TestClient, path: str) -> None:
    assert client.get(path).headers["referrer-policy"] == "no-referrer"


def test_only_pages_may_load_and_run_something(client: TestClient) -> None:
    policies = [client.get(p).headers["content-security-policy"] for p in ("/labels", "/docs")]
    assert policies[0].startswith("default-src 'none'")
    assert policies[1].startswith("default-src 'self'")


def test_other_sites_are_shut_out_by_default(client: TestClient) -> None:
    answer = client.get("/labels", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
    preflight = client.options("/classify", headers={"origin": ORIGIN, **PREFLIGHT})
    assert preflight.status_code == 405


@pytest.fixture
def shared(tiny_artifact: Path, tmp_path: Path) -> Iterator[TestClient]:
    """Provide a service with keys that pages of one other site may call."""
    add_key(tmp_path / "keys.json", "site", ["classify"], "10/minute")
    settings = Settings(model=tiny_artifact, keys=tmp_path / "keys.json", cors_origins=(ORIGIN,))
    with TestClient(create_app(settings)) as client:
        yield client


def test_a_named_site_may_ask_before_it_shows_its_key(shared: TestClient) -> None:
    answer = shared.options("/classify", headers={"origin": ORIGIN, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


def test_a_named_site_may_read_refusals_and_others_may_not(shared: TestClient) -> None:
    refused = shared.get("/labels", headers={"origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    other = shared.get("/labels", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
