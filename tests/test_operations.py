"""What docs/operations.md tells somebody to write is read as it is meant, and the units let the site write there."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MANUAL = (ROOT / "docs" / "operations.md").read_text()
UNITS = ROOT / "deploy" / "systemd"
SETTINGS = next(block for block in re.findall(r"```\n(.*?)```", MANUAL, re.DOTALL) if block.startswith("PRODUCTION=1"))


@pytest.fixture
def read(tmp_path) -> dict[str, str]:
    """The file of settings, as the shell reads it before `manage.py`."""
    (tmp_path / "env").write_text(SETTINGS)
    words = ["env", "-i", "sh", "-ec", f"set -a; . {tmp_path}/env; set +a; /usr/bin/env -0"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in said.split("\0") if line)


def test_the_shell_reads_each_setting_as_systemd_does(read):
    """systemd takes what stands after the = and single quotes around it off; nothing else is special to both."""
    written = dict(line.split("=", 1) for line in SETTINGS.splitlines())

    assert {name: read[name] for name in written} == {name: value.strip("'") for name, value in written.items()}


def test_each_of_them_is_a_setting_of_ours(read):
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert [line.partition("=")[0] for line in SETTINGS.splitlines() if line.partition("=")[0] not in known] == []


@pytest.mark.parametrize("name", ["recruitcms-web@.service", "recruitcms-worker@.service"])
def test_units_write_where_the_settings_say_and_others_read_none_of_it(read, name):
    """SEC-25, CON-21"""
    unit = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE))
    folders = {f"/var/lib/{folder}" for folder in unit["StateDirectory"].split()}

    assert {read["DATA_DIR"], str(Path(read["ERASURE_JOURNAL_FILE"]).parent)} == folders
    assert (unit["ProtectSystem"], unit["StateDirectoryMode"], unit["UMask"]) == ("strict", "0750", "0027")
    assert f"install -d -m 750 -o recruitcms -g recruitcms {' '.join(sorted(folders))}\n" in MANUAL


def test_every_command_is_run_as_the_sites_user():
    """REL-9: what root makes in the site's place, the site cannot use. In a container it is that user anyway."""
    acts = "backup -|changepassword|check|collectstatic|createsuperuser|factor_secrets|make_bucket|migrate|prepare"
    acts += "|reset|restore"
    before = re.findall(rf"(.*?)manage\.py (?:{acts})", MANUAL)

    as_told = (
        "sudo -EH -u recruitcms .venv/bin/python ",
        "docker compose exec web1 python ",
        "docker compose run --rm backup python ",
    )
    assert [words for words in before if not words.endswith(as_told)] == []
    assert len(before) > 10


def test_old_backups_go_whether_a_new_one_can_be_made_or_not(tmp_path):
    """CON-21: what comes before the backup is done first; the minus lets the backup follow even where that fails."""
    unit = (UNITS / "recruitcms-backup.service").read_text()
    for days in (0, 28, 30, 40):
        path = tmp_path / f"{days}.tar.gz"
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
    (tmp_path / "notes").touch()

    [command] = re.findall(r"^ExecStartPre=-(.*)$", unit, re.MULTILINE)
    subprocess.run(command.replace("/var/backups/recruitcms", str(tmp_path)).split(), check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar.gz", "28.tar.gz", "notes"]
