"""What runs is what was pinned: all hashed, and nothing in the image that nobody chose."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import DATA, ROOT

REQUIREMENTS = ROOT / "requirements"
IMAGE = {"sys_platform": "linux", "python_version": "3.13", "python_full_version": "3.13.0"}

# All that the image holds besides Python and this project. A new line means code of somebody else
# in every newsroom's server: look at it before it is added there.
EXPECTED = DATA / "image_packages.txt"


def pinned(name: str) -> list[Requirement]:
    """Return the pins of a lock file that hold in the image."""
    lines = (REQUIREMENTS / name).read_text().splitlines()
    found = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-z0-9]", line)]
    return [pin for pin in found if pin.marker is None or pin.marker.evaluate(IMAGE)]


def test_the_image_holds_the_expected_packages() -> None:
    assert [pin.name for pin in pinned("service.txt")] == EXPECTED.read_text().split()


def test_what_serves_in_the_image_is_installed_from_this_list_alone() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"/opt/stance/bin/python -m pip install (.*?)&&", dockerfile)
    assert [install.split()[-2:] for install in installs] == [["-r", "requirements/service.txt"]]
    assert "--require-hashes" in installs[0]
    _, _, last_stage = dockerfile.rpartition("\nFROM ")
    assert "pip install" not in last_stage
    assert re.findall(r"COPY --from=build (\S+)", last_stage) == [
        "/opt/stance",
        "/build/labels/kernel/",
        "/build/models/default",
    ]


@pytest.mark.parametrize("name", ["service.txt", "training.txt", "dev.txt", "peers.txt"])
def test_every_pin_is_exact_and_has_hashes(name: str) -> None:
    content = (REQUIREMENTS / name).read_text().replace("\\\n", " ")
    pins = [line for line in content.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(pins) > 5
    for pin in pins:
        assert re.match(r"[a-z0-9.\-]+==[^ ]+ ", pin), pin
        assert "--hash=sha256:" in pin, pin


@pytest.mark.parametrize(
    ("smaller", "larger"), [("service.txt", "training.txt"), ("training.txt", "dev.txt")]
)
def test_what_is_tested_is_what_is_served(smaller: str, larger: str) -> None:
    assert {str(pin) for pin in pinned(smaller)} <= {str(pin) for pin in pinned(larger)}


KNOWN = {"name": "a", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
CLEAN = {"name": "b", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("report", "code", "said"),
    [
        pytest.param([KNOWN, CLEAN], 1, "a 1.0: CVE-1, fixed in 1.1", id="vulnerable"),
        pytest.param([CLEAN, UNKNOWN], 0, "no known vulnerability in 1 packages", id="clean"),
        pytest.param([CLEAN, UNKNOWN], 0, "not audited, .*: c\n", id="partly"),
        pytest.param([UNKNOWN], 0, "SKIPPED: .* nothing was audited", id="nothing-known"),
        pytest.param(None, 0, "SKIPPED: .* nothing was audited", id="unreachable"),
    ],
)
def test_the_audit_tells_a_skip_from_a_clean_result(
    report: list[dict[str, object]] | None, code: int, said: str
) -> None:
    content = "" if report is None else json.dumps({"dependencies": report, "fixes": []})
    program = [sys.executable, str(Path("requirements/audit.py"))]
    done = subprocess.run(program, input=content, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == code
    assert re.search(said, done.stdout)
