"""The documents are true: their commands run, their figures are the model's, nothing is missing."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import stance
from benchmarks import figures
from labels.sentences import read_labelled_set
from service.app import create_app
from service.artifact import DEFAULT_ARTIFACT
from service.classifier import Classifier
from service.settings import Settings, shown
from tests.conftest import ROOT
from tests.servers import Server, running

README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
SHELL = [
    line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()
]
COMMANDS = [line for line in SHELL if line.startswith(".venv/bin/stance")]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


def between_markers(text: str, name: str) -> str:
    return text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Provide the files that the README's commands name."""
    (tmp_path / "article.txt").write_text(
        "The port brings jobs.\nWashington only sends warnings.\n"
    )
    (tmp_path / "articles.csv").write_text('id,body\n1,"The port brings jobs."\n')
    rows = [
        {"text": s.text, "labels": list(s.labels), "passage": s.passage}
        for s in read_labelled_set()[:40]
    ]
    (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the trained model as its users do."""
    with running(DEFAULT_ARTIFACT, tmp_path_factory.mktemp("docs") / "log") as server:
        yield server


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(workplace: Path, command: str, trained: Classifier) -> None:
    line = command.replace(".venv/bin/stance", f"{sys.executable} -m stance")
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=workplace,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or (workplace / "scored.csv").exists()


def test_the_request_of_the_readme_gets_the_answer_it_shows(server: Server) -> None:
    curl = next(line for line in SHELL if line.startswith("curl"))
    line = curl.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True)
    answer = json.loads(done.stdout)
    shown = json.loads(between_markers(README, "answer").strip().strip("`").removeprefix("json"))
    for sentence, expected in zip(answer["sentences"], shown["sentences"], strict=True):
        assert sentence.pop("scores") == pytest.approx(expected.pop("scores"), abs=0.02)
        assert sentence.pop("known") == pytest.approx(expected.pop("known"), abs=1e-4)
    # The version is a digest of the weights, of which another processor may round one differently.
    assert answer.pop("model")["name"] == shown.pop("model")["name"]
    assert answer == shown


def test_a_taken_port_is_told(server: Server) -> None:
    command = [sys.executable, "-m", "stance", "serve", "--port", str(server.port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{server.port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("program", PYTHON)
def test_the_python_of_the_readme_runs(program: str, trained: Classifier) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert trained.model.version in done.stdout


MAKE_TARGETS = re.findall(r"`make (\w+)`", README) + re.findall(r"^make (\w+)$", README, re.M)


@pytest.mark.parametrize("target", sorted(set(MAKE_TARGETS) | {"serve", "test"}))
def test_a_make_target_of_the_readme_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_default(name: str) -> None:
    default = shown(Settings.model_fields[name].default)
    written = "`models/default`" if name == "model" else f"`{default}`" if default else "none"
    assert f"| `STANCE_{name.upper()}` | {written} |" in README


def test_every_route_and_status_stands_in_the_readme() -> None:
    for path, methods in create_app(Settings()).openapi()["paths"].items():
        for method, operation in methods.items():
            assert f"`{method.upper()} {path}`" in README
            for status in operation["responses"]:
                assert status.startswith("2") or f"| {status} |" in README


def test_every_command_and_option_has_a_help_text() -> None:
    def check(command, name: str) -> None:
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"
        for sub_name, sub in getattr(command, "commands", {}).items():
            check(sub, f"{name} {sub_name}")

    check(get_command(stance.app), "stance")


@pytest.mark.parametrize(
    ("document", "name", "current"),
    [(CARD, "counts", figures.counts), (CARD, "training", figures.training)],
)
def test_figures_are_those_of_the_model(
    document: str, name: str, current, trained: Classifier
) -> None:
    numbers = re.compile(r"\d[\d,]*(?:\.\d+)?")
    shown, expected = between_markers(document, name), current()
    assert numbers.sub("#", shown.strip()) == numbers.sub("#", expected.strip())
    found = [float(n.replace(",", "")) for n in numbers.findall(shown)]
    # Two decimals, and a label more or less on another processor.
    assert found == pytest.approx(
        [float(n.replace(",", "")) for n in numbers.findall(expected)], rel=0.02, abs=0.021
    )


def test_the_evaluation_in_the_card_names_a_model_and_intervals() -> None:
    evaluation = between_markers(CARD, "evaluation")
    assert re.search(r"model \d-[0-9a-f]{12}: [\d,]+ sentences of \d+ documents", evaluation)
    assert re.search(r"\| \*\*macro F1\*\* \|.*\*\*0\.\d\d \[0\.\d\d, 0\.\d\d\]\*\*", evaluation)


@pytest.mark.parametrize(
    "name", ["README.md", "MODEL_CARD.md", "SECURITY.md", "docs/operations.md"]
)
def test_documents_name_no_file_that_is_not_there(name: str) -> None:
    document = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target
