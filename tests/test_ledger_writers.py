"""Fifty writers at once, two of them killed: no gap, no fork, nothing acknowledged is lost (I1, I2, I10).

On a real SQLite file, and on PostgreSQL where one can be had (tests/postgres.py).
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROCESSES, THREADS, ENTRIES = 5, 10, 6

SET_UP = """
from leads.models import ConsentText, Purpose
purpose = Purpose.objects.create(key="report", title="Report", data_types="e-mail")
ConsentText(purpose=purpose, language="en", body="Send it").publish()
"""


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request, tmp_path) -> dict[str, str]:
    """The environment of a site with an empty ledger, on each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    variables = dict(os.environ) | {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "EMBEDDED_WORKER": "0"}
    variables.pop("DJANGO_SETTINGS_MODULE", None)
    manage(variables, "migrate", "--verbosity", "0")
    manage(variables, "shell", "--verbosity", "0", "--command", SET_UP)
    return variables


def manage(variables: dict[str, str], *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout


def start(variables: dict[str, str], *words: object) -> subprocess.Popen:
    """Start a writer, up to where it waits for the signal to begin."""
    command = [sys.executable, "tests/ledger_appender.py", *map(str, words)]
    writer = subprocess.Popen(
        command, cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout.readline() == "ready\n"
    return writer


def begin(writer: subprocess.Popen) -> None:
    writer.stdin.write("\n")
    writer.stdin.flush()


def test_fifty_writers_and_two_killed_leave_no_gap_and_no_fork(environment):
    holder = start(environment, 1, 1, "hold")
    writers = [start(environment, THREADS, ENTRIES) for _number in range(PROCESSES)]

    begin(holder)
    assert holder.stdout.readline() == "holding\n"  # it has the turn, and an entry that is not committed
    for writer in writers:
        begin(writer)
    holder.send_signal(signal.SIGKILL)
    first = writers[0].stdout.readline()
    writers[0].send_signal(signal.SIGKILL)
    said = [first, *(line for writer in writers for line in writer.communicate(timeout=120)[0].splitlines())]
    holder.communicate()

    acknowledged = sorted(int(line) for line in said)
    whole = manage(environment, "ledger", "verify")
    count = int(whole.split(":")[1].split()[0])
    assert [writer.returncode for writer in writers] == [-signal.SIGKILL, *[0] * (PROCESSES - 1)]
    assert len(set(acknowledged)) == len(acknowledged) >= (PROCESSES - 1) * THREADS * ENTRIES
    assert acknowledged[-1] <= count <= PROCESSES * THREADS * ENTRIES
    assert count - len(acknowledged) <= THREADS  # committed, and killed before they could say so


def test_the_facts_of_consent_and_erasure_hold_on_postgresql(postgres):
    """I8 with TRUNCATE, and everything else in these files."""
    variables = dict(os.environ) | {"DATABASE_URL": postgres}
    for name in ("TEST_DATA_DIR", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        variables.pop(name, None)
    files = [f"tests/test_{name}.py" for name in ("ledger", "erasure", "contactable", "retention", "lead_tokens")]
    command = [sys.executable, "-m", "pytest", *files, "-q"]

    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout[-3000:]
    assert "skipped" not in run.stdout
