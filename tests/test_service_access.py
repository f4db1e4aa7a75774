"""Access: keys, scopes and rates, on every path but the health checks."""

import base64
import hmac
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from service import keys
from service.app import create_app
from service.keys import KeyRing, KeysError, add_key, read_keys, revoke_key
from service.settings import Settings
from stance import app
from tests.test_service_app import assert_problem

RUN = CliRunner()
TEXT = {"text": "Trade grew."}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    add_key(path, "somebody", ["correct"], "9/day")
    return path


@pytest.fixture
def guarded(
    tiny_artifact: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., TestClient]]:
    """Start services that ask for keys, and look at the file of keys at every request."""
    monkeypatch.setattr(keys, "REREAD_SECONDS", 0)
    clients: list[TestClient] = []

    def start(**settings: Any) -> TestClient:
        client = TestClient(create_app(Settings(model=tiny_artifact, keys=path, **settings)))
        clients.append(client.__enter__())
        return client

    yield start
    for client in clients:
        client.__exit__()


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_key_opens_by_any_of_three_headers(
    guarded: Callable[..., TestClient], path: Path
) -> None:
    key = add_key(path, "newsroom", ["classify"], "100/minute")
    basic = base64.b64encode(f"anybody:{key}".encode()).decode()
    client = guarded()
    for headers in (bearer(key), {"x-api-key": key}, {"authorization": f"Basic {basic}"}):
        assert client.post("/classify", json=TEXT, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("sent_by", "status"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "http://proxied"}, 200),
        ({"sec-fetch-site": "cross-site"}, 401),
        ({"sec-fetch-site": "same-site"}, 401),
        ({"origin": "http://testserver"}, 200),
        ({"origin": "http://evil.example"}, 401),
    ],
)
def test_another_site_cannot_use_the_password_that_a_browser_keeps(
    guarded: Callable[..., TestClient], path: Path, sent_by: dict[str, str], status: int
) -> None:
    key = add_key(path, "person", ["admin"], "100/minute")
    basic = base64.b64encode(f":{key}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", **sent_by}
    assert guarded().post("/admin/reload", headers=headers).status_code == status


WRONG = [
    {},
    {"authorization": "Bearer"},
    {"authorization": "Bearer stance_00000000_secret"},
    {"authorization": "Bearer stance_\u00e9".encode("latin-1")},
    {"authorization": "Basic ?"},
    {"authorization": "Digest x"},
    {"x-api-key": "stance"},
    {"x-api-key": "_" * 5000},
]


ROUTES = [
    "/classify",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/jobs/a",
    "/codebook",
    "/model/card",
    "/pages",
    "/no",
]


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize("route", ROUTES)
def test_without_a_known_key_everything_is_closed(
    guarded: Callable[..., TestClient], headers: dict[str, Any], route: str
) -> None:
    response = guarded().get(route, headers=headers)
    assert_problem(response, 401)
    assert response.headers["www-authenticate"] == 'Bearer realm="stance"'


def test_a_key_with_one_changed_letter_or_of_another_id_is_not_known(
    guarded: Callable[..., TestClient], path: Path
) -> None:
    first = add_key(path, "a", ["classify"], "100/minute")
    second = add_key(path, "b", ["classify"], "100/minute")
    client = guarded()
    mixed = first[:15] + second[15:]
    for key in (first[:-1] + ("A" if first[-1] != "A" else "B"), mixed, first + "=", first[:-1]):
        assert client.get("/labels", headers=bearer(key)).status_code == 401


def test_health_is_open_and_metrics_by_setting(guarded: Callable[..., TestClient]) -> None:
    client = guarded()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200
    assert client.get("/metrics").status_code == 401
    assert guarded(metrics="open").get("/metrics").status_code == 200


@pytest.mark.parametrize("url", ["/", "/page/app.js", "/page/icon.svg"])
def test_the_page_is_open(guarded: Callable[..., TestClient], url: str) -> None:
    assert guarded().get(url).status_code == 200


@pytest.mark.parametrize(
    ("url", "headers"),
    [("/docs", {"accept": "text/html,*/*"}), ("/model", {"sec-fetch-site": "same-origin"})],
)
def test_a_browser_is_asked_to_ask_for_the_key(
    guarded: Callable[..., TestClient], url: str, headers: dict[str, str]
) -> None:
    response = guarded().get(url, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Basic realm="stance')


@pytest.mark.parametrize(
    ("scope", "opened", "closed"),
    [
        ("classify", "/labels", "/metrics"),
        ("metrics", "/metrics", "/labels"),
        ("admin", "/admin/shadow", "/labels"),
        ("correct", "/corrections", "/admin/shadow"),
    ],
)
def test_a_scope_opens_its_paths_only(
    guarded: Callable[..., TestClient], path: Path, scope: Any, opened: str, closed: str
) -> None:
    headers = bearer(add_key(path, "one", [scope], "100/minute"))
    client = guarded()
    assert client.get(opened, headers=headers).status_code in (200, 404, 405)
    response = client.get(closed, headers=headers)
    assert "scope" in assert_problem(response, 403)["detail"]
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_a_used_up_rate_is_told_with_the_time_to_wait(
    guarded: Callable[..., TestClient], path: Path
) -> None:
    headers = bearer(add_key(path, "slow", ["classify"], "2/day"))
    other = bearer(add_key(path, "other", ["classify"], "2/day"))
    client = guarded()
    left = [client.get("/labels", headers=headers).headers["ratelimit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    response = client.get("/labels", headers=headers)
    assert_problem(response, 429)
    assert 0 < int(response.headers["retry-after"]) <= 24 * 3600
    assert response.headers["ratelimit-limit"] == "2"
    assert client.get("/labels", headers=other).status_code == 200


def test_keys_are_made_and_revoked_while_the_service_runs(
    guarded: Callable[..., TestClient], path: Path
) -> None:
    client = guarded()
    headers = bearer(add_key(path, "late", ["classify"], "100/minute"))
    assert client.get("/labels", headers=headers).status_code == 200
    revoke_key(path, "late")
    assert client.get("/labels", headers=headers).status_code == 401


@pytest.mark.parametrize("content", [None, b"", b'{"format": 2}', b'{"keys": [{"name": "x"}]}'])
def test_a_broken_file_leaves_the_keys_as_they_were(
    guarded: Callable[..., TestClient],
    path: Path,
    content: bytes | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = bearer(add_key(path, "steady", ["classify"], "100/minute"))
    client = guarded()
    path.unlink() if content is None else path.write_bytes(content)
    assert client.get("/labels", headers=headers).status_code == 200
    assert "keys refused, the 2 read before stay" in caplog.text


def test_a_service_without_a_usable_file_does_not_start(path: Path) -> None:
    path.write_text('{"format": 1, "keys": [{"id": "zz"}]}')
    with pytest.raises(KeysError, match=r"keys\.0\.id"):
        KeyRing(path)
    with pytest.raises(KeysError, match="cannot be read"):
        KeyRing(path / "nothing")


def test_the_file_holds_no_key_and_is_its_owners(path: Path) -> None:
    key = add_key(path, "secret", ["classify"], "100/minute")
    content = path.read_text()
    assert key not in content
    assert key.rpartition("_")[2] not in content
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_equal_secrets_have_different_hashes_and_are_compared_in_constant_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "the-same")
    keys_of_all = [add_key(path, name, ["classify"], "1/day") for name in ("a", "b")]
    _, first, second = read_keys(path)
    assert first.hash != second.hash
    compared: list[Any] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    ring = KeyRing(path)
    assert ring.find(keys_of_all[0]) == first
    assert ring.find("stance_ffffffff_the-same") is None
    assert len(compared) == 2


def test_the_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    option = ["--keys", str(tmp_path / "k.json")]
    made = RUN.invoke(app, ["keys", "add", "desk", "--scope", "admin", "--rate", "5/hour", *option])
    assert made.exit_code == 0, made.stderr
    assert KeyRing(tmp_path / "k.json").find(made.stdout.strip()).name == "desk"
    listed = RUN.invoke(app, ["keys", "list", *option]).stdout
    assert all(word in listed for word in ("desk", "admin", "5/hour"))
    assert made.stdout.strip().rpartition("_")[2] not in listed
    assert RUN.invoke(app, ["keys", "revoke", "desk", *option]).exit_code == 0
    assert "desk" not in RUN.invoke(app, ["keys", "list", *option]).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "somebody"], "there is a key named somebody"),
        (["add", "two words"], "name 'two words'"),
        (["add", "x", "--rate", "often"], "rate 'often': expected a rate such as"),
        (["add", "x", "--rate", "0/day"], "expected at least one request"),
        (["add", "x", "--rate", "1/day;2/day"], "expected a rate such as"),
        (["add", "x", "--scope", "root"], "'classify', 'correct', 'metrics' or 'admin'"),
        (["revoke", "nobody"], "no key is named nobody; there are: somebody"),
    ],
)
def test_the_command_refuses_by_name(path: Path, arguments: list[str], message: str) -> None:
    before = path.read_bytes()
    result = RUN.invoke(app, ["keys", *arguments, "--keys", str(path)])
    assert result.exit_code == 2
    assert message in result.stderr
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_told() -> None:
    result = RUN.invoke(app, ["keys", "add", "x", "--keys", "/nowhere/keys.json"])
    assert result.exit_code == 2
    assert "/nowhere" in result.stderr


def test_the_server_does_not_start_without_its_file_of_keys(tiny_artifact: Path) -> None:
    arguments = ["serve", "--model", str(tiny_artifact), "--keys", "/nowhere/keys.json"]
    with mock.patch.dict(os.environ):  # the command hands the settings on to its processes
        result = RUN.invoke(app, arguments)
    assert result.exit_code == 2
    assert (
        result.stderr == "stance: /nowhere/keys.json: cannot be read (No such file or directory)\n"
    )
