"""The arrows of the architecture: service -> labels <- training."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FORBIDDEN = {
    "labels": {"service", "training", "stance", "sklearn", "fastapi"},
    "training": {"service", "stance", "fastapi", "starlette"},
    "service": {"training", "stance", "sklearn", "scipy", "joblib", "pickle"},
}


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_run_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not imported_names(path) & FORBIDDEN[package], path


def test_serving_loads_no_trainer(tiny_artifact: Path) -> None:
    program = (
        "import sys, stance\n"
        f"stance.load({str(tiny_artifact)!r}).classify('The port brings jobs.')\n"
        "import service.app\n"
        "heavy = ('sklearn', 'scipy', 'joblib', 'training', 'pyarrow', 'py3langid', 'numpy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
