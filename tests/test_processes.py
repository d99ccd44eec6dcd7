"""`make test-all` measures what tests start as processes of their own, where a backup and a restore happen."""

import subprocess
import sys
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

from tests.processes import MEASURED, bare_environment, unmeasured

ROOT = Path(__file__).parent.parent


@pytest.fixture
def measuring(monkeypatch, tmp_path):
    """As under `make test-all`: the very settings of pyproject.toml, but the data in a place of this test's own."""
    monkeypatch.setenv("SITE_URL", "http://elsewhere.example")
    settings = Coverage(config_file=str(ROOT / "pyproject.toml"), data_file=str(tmp_path / "data")).config
    assert "subprocess" in settings.patch
    monkeypatch.setenv(MEASURED, settings.serialize())


def measured(folder: Path, environment: dict[str, str]) -> set[str]:
    """Return the files of ours that a process's coverage has written of, after it has read the settings."""
    own = {"DATA_DIR": str(folder / "var")}
    code = "import os, recruitcms.settings; assert 'SITE_URL' not in os.environ"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment | own, check=True)
    files = set()
    for path in folder.glob("data.*"):
        data = CoverageData(str(path))
        data.read()
        files |= {Path(name).relative_to(ROOT).as_posix() for name in data.measured_files()}
        data.close()
    return files


@pytest.mark.usefixtures("measuring")
def test_a_process_with_a_bare_environment_is_measured(tmp_path):
    assert "recruitcms/settings.py" in measured(tmp_path, bare_environment())


@pytest.mark.usefixtures("measuring")
def test_one_that_cannot_write_what_was_measured_is_not(tmp_path):
    assert measured(tmp_path, unmeasured(bare_environment())) == set()


def test_where_nothing_is_measured_no_process_begins_to(tmp_path, monkeypatch):
    """`make test`"""
    monkeypatch.delenv(MEASURED, raising=False)

    assert measured(tmp_path, bare_environment()) == set()
