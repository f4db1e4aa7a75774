"""Settings: who goes before whom, what is refused by name, what is printed."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import server
from service.classifier import Classifier
from service.settings import Settings, SettingsError, read_origins, read_settings, shown
from stance import app

RUN = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "stance.toml"
    path.write_text(
        'port = 1003\nworkers = 3\nmax_batch_items = 3\ncors_origins = ["https://a.b"]\n'
    )
    return path


def test_flags_go_before_environment_before_file_before_default(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANCE_CONFIG", str(config))
    monkeypatch.setenv("STANCE_PORT", "1002")
    monkeypatch.setenv("STANCE_WORKERS", "2")
    flags = {"port": "1001"}
    settings, origins = read_settings(flags), read_origins(flags)
    assert [settings.port, settings.workers, settings.max_batch_items] == [1001, 2, 3]
    assert settings.max_body_bytes == Settings.model_fields["max_body_bytes"].default
    names = ("port", "workers", "max_batch_items", "max_body_bytes")
    assert [origins[name] for name in names] == [
        "flag --port",
        "environment STANCE_WORKERS",
        f"file {config}",
        "default",
    ]


def test_a_list_is_written_with_commas_or_as_an_array(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings({"config": config}).cors_origins == ("https://a.b",)
    monkeypatch.setenv("STANCE_CORS_ORIGINS", "https://c.d, http://localhost:3000")
    assert read_settings({}).cors_origins == ("https://c.d", "http://localhost:3000")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCE_KEYS", "")
    assert read_settings({}).keys is None
    assert read_origins({})["keys"] == "default"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"STANCE_MAX_BODY_BITES": "1"}, "STANCE_MAX_BODY_BITES; did you mean STANCE_MAX_BODY_BY"),
        ({"STANCE_QUUX": "1"}, "environment: unknown setting STANCE_QUUX$"),
        ({"STANCE_PORT": "http"}, r"port \(environment STANCE_PORT\): found http\. .*integer"),
        ({"STANCE_PORT": "0", "STANCE_WORKERS": "no"}, r"(?s)found 0.*workers.*found no"),
        ({"STANCE_CORS_ORIGINS": "https://a.b/path"}, "cors_origins .* without a path"),
        ({"STANCE_KEYS": "k.json", "STANCE_INSECURE": "yes"}, "keys and insecure contradict"),
        ({"STANCE_MAX_BODY_BYTES": "2000"}, "max_text_characters 100000 and max_body_bytes 2000"),
        ({"STANCE_HOST": "0.0.0.0"}, "there are no API keys; make one with 'stance keys add"),
        ({"STANCE_HOST": "::"}, "there are no API keys"),
        ({"STANCE_CONFIG": "/nowhere.toml"}, "/nowhere.toml: cannot be read"),
    ],
)
def test_wrong_variables_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=message):
        read_settings({})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("max_batch_item = 1", r"stance.toml: unknown setting max_batch_item; did you mean max_b"),
        ("port = 'http'", r"port \(file .*stance.toml\): found http"),
        ("port 80", "expected TOML in UTF-8"),
        ("config = 'other.toml'", "config names this file"),
        ("[port]\nnumber = 80", r"port \(file"),
    ],
)
def test_a_wrong_file_is_refused_by_name(config: Path, content: str, message: str) -> None:
    config.write_text(content)
    with pytest.raises(SettingsError, match=message):
        read_settings({"config": config})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_keys(host: str) -> None:
    assert read_settings({"host": host}).host == host


@pytest.mark.parametrize("reason", [{"insecure": True}, {"keys": "keys.json"}])
def test_keys_or_a_clear_word_open_other_addresses(reason: dict[str, object]) -> None:
    assert read_settings({"host": "0.0.0.0", **reason}).host == "0.0.0.0"


def test_print_settings_shows_value_and_origin_and_does_not_serve(config: Path) -> None:
    arguments = ["serve", "--print-settings", "--config", str(config), "--port", "81"]
    result = RUN.invoke(app, arguments, env={"STANCE_INSECURE": "true"})
    assert result.exit_code == 0, result.stderr
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert list(rows) == list(Settings.model_fields)
    assert rows["port"] == ["81", "flag", "--port"]
    assert rows["insecure"] == ["true", "environment", "STANCE_INSECURE"]
    assert rows["workers"] == ["3", "file", str(config)]
    assert rows["host"] == ["127.0.0.1", "default"]


def test_passwords_are_hidden_wherever_a_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown("postgresql+psycopg://ann:s3cr:et@db/x") == "postgresql+psycopg://ann:***@db/x"
    monkeypatch.setenv("STANCE_PORT", "tcp://ann:s3cret@db")
    with pytest.raises(SettingsError, match=r"ann:\*\*\*@db") as caught:
        read_settings({})
    assert "s3cret" not in str(caught.value)


def test_a_password_given_as_a_flag_reaches_the_processes_that_serve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql+psycopg://ann:s3cret@db/x"
    monkeypatch.setattr(os, "environ", os.environ.copy())
    found = []
    monkeypatch.setattr("service.server.serve", lambda _: found.append(dict(os.environ)))
    result = RUN.invoke(app, ["serve", "--corrections", url, "--insecure"])
    assert result.exit_code == 0, result.stderr
    assert found[0]["STANCE_CORRECTIONS"] == url
    assert found[0]["STANCE_INSECURE"] == "true"


def test_a_server_that_anybody_could_call_does_not_start(tiny_artifact: Path) -> None:
    result = RUN.invoke(app, ["serve", "--model", str(tiny_artifact), "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "insecure" in result.stderr


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_service_that_only_its_container_reaches_says_so(
    is_inside: bool,
    classifier: Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mark = tmp_path / ".dockerenv"
    if is_inside:
        mark.touch()
    monkeypatch.setattr(server, "CONTAINER_MARKS", (mark,))
    server._greet(Settings(), classifier)
    assert ("STANCE_HOST=0.0.0.0" in capsys.readouterr().out) == is_inside
