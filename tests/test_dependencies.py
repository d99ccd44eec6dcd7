"""What is installed is what was looked at: each requirement has a version and hashes, and the bill says so (SEC-25)."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETS = ["runtime", "server", "dev"]
PIN = re.compile(r"([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^\s;]+)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(name: str) -> list[str]:
    """Return the entries of a file, each with its hashes on one line."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()


def pins(name: str) -> dict[str, str]:
    found = [PIN.match(entry) for entry in requirements(name)]
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", SETS)
def test_every_requirement_has_a_version_and_hashes(name):
    entries = requirements(name)

    assert len(entries) > 20
    assert [entry for entry in entries if not (PIN.match(entry) and HASH.search(entry))] == []


@pytest.mark.parametrize("name", SETS)
def test_every_package_that_is_named_is_pinned(name):
    wanted = re.findall(
        r"^([A-Za-z][A-Za-z0-9-]*)", (ROOT / "requirements" / f"{name}.in").read_text(), flags=re.MULTILINE
    )

    assert [package for package in wanted if package.lower() not in pins(name)] == []


def test_the_sets_agree_on_their_versions():
    runtime, server, dev = (pins(name) for name in SETS)

    assert {name: version for name, version in server.items() if runtime.get(name, version) != version} == {}
    assert {name: version for name, version in dev.items() if server.get(name, version) != version} == {}


def test_make_installs_only_what_has_a_hash():
    recipes = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]

    assert len(recipes) == 2
    assert [line for line in recipes if "--require-hashes" not in line or "--no-deps" not in line] == []


def test_the_bill_names_every_package_of_a_server(tmp_path):
    """As `make sbom` writes it."""
    recipe = (ROOT / "Makefile").read_text().partition("\nsbom:")[2].partition("\n\n")[0]
    command = recipe[recipe.index("-m cyclonedx_py") : recipe.index(" &&")].replace("\\\n", " ").split()
    bill = tmp_path / "sbom.json"
    command[command.index("dist/sbom.json")] = str(bill)

    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)

    found = json.loads(bill.read_text())
    parts = {part["name"].lower(): part for part in found["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found["bomFormat"] == "CycloneDX"
    assert {key: found["metadata"]["component"][key] for key in ("name", "version")} == {
        key: project[key] for key in ("name", "version")
    }
    assert {name: part["version"] for name, part in parts.items()} == pins("server")
    assert [name for name, part in parts.items() if not part["purl"].startswith(f"pkg:pypi/{name}@")] == []
    assert [name for name, part in parts.items() if not hashes(part)] == []


def hashes(part: dict) -> list[str]:
    return [one["content"] for link in part.get("externalReferences", []) for one in link.get("hashes", [])]
